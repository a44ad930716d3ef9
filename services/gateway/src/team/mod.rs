//! The members of an account, and who is invited.

pub(crate) mod accept;
pub(crate) mod invitations;
pub(crate) mod members;

use actix_web::web::{self as actix, ServiceConfig};
use domain::plan::Dimension;
use web::SessionCaller;

use crate::app::App;

/// Adds the routes.
pub(crate) fn routes(service: &mut ServiceConfig) {
    service
        .service(actix::resource("/api/my/team").get(members::team))
        .service(
            actix::resource("/api/my/team/members/{user_id}")
                .patch(members::change_role)
                .delete(members::remove),
        )
        .service(actix::resource("/api/my/team/invitations").post(invitations::invite))
        .service(actix::resource("/api/my/team/invitations/{id}").delete(invitations::revoke))
        .service(actix::resource("/api/my/team/invitations/{id}/resend").post(invitations::resend))
        .service(actix::resource("/api/team/accept").post(accept::accept));
}

/// Seats of the caller's account; none is no limit.
fn seats(app: &App, caller: &SessionCaller) -> Option<u32> {
    app.plans.limits(caller.account.tier, &caller.account.overrides).count(Dimension::Seats)
}
