use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use domain::Tier;
use limiter::Verdict;

use super::gate::{BlockEntered, Gate, Standing};
use super::identity::Identity;
use super::{Family, checks, refusal};
use crate::observe::route_of;
use crate::{ApiError, Authenticator, ClientAddress};

/// The middleware inside `observe`: decides every request by all of its limits in one call, and answers what is
/// refused. Needs `Data<Gate>` and `Data<Authenticator>`.
///
/// # Errors
/// Those of the services inside.
pub async fn limit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let family = Family::of(request.method(), &route_of(&request).unwrap_or_default());
    let gate = request.app_data::<Data<Gate>>().cloned();
    let authenticator = request.app_data::<Data<Authenticator>>().cloned();
    let (Some(gate), Some(authenticator)) = (gate, authenticator) else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    if family == Family::Probe {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let address = ClientAddress::of(request.request(), gate.trusted_hops);
    let identity = Identity::of(&request, family, &authenticator).await;
    let asked = checks::request(family, &identity, address, &gate.edge, gate.limiter.escalation());
    let mut verdict = gate.limiter.decide(&asked).await;
    request.extensions_mut().insert(Standing::new(
        verdict.outcomes.clone(),
        verdict.source,
        gate.clock.now(),
    ));
    // Held until the answer is there.
    let lease = verdict.lease.take();
    let response = match refuse(&gate, &identity, family, &verdict) {
        Some(error) => {
            let (request, _) = request.into_parts();
            ServiceResponse::from_err(error, request)
        }
        None => next.call(request).await?.map_into_boxed_body(),
    };
    drop(lease);
    let status = response.status().as_u16();
    if family == Family::Images && status == 404 && matches!(identity, Identity::Unknown) {
        let _ = gate.limiter.decide(&checks::miss(address, &gate.edge)).await;
    }
    if let Some((account, key)) = identity.counted() {
        gate.tally.count(account, key, gate.clock.now().date_naive(), status);
    }
    Ok(response)
}

fn refuse(gate: &Gate, identity: &Identity, family: Family, verdict: &Verdict) -> Option<ApiError> {
    if let (Some((account, key)), Some(block)) = (identity.counted(), verdict.blocked)
        && block.entered
    {
        // Nobody listens only while the service ends.
        let _ = gate.blocks.send(BlockEntered { account, key, block });
    }
    let tier = match identity {
        Identity::Key(caller) | Identity::Anonymous(caller) => caller.tier,
        _ => Tier::Free,
    };
    let now = gate.clock.now();
    let refused = refusal::of(verdict, tier, &gate.plans, now);
    refused.or_else(|| {
        // Reads of absent results are counted when they are known to be absent.
        let spent = |policy| verdict.outcomes.iter().find(|o| o.policy == policy && o.remaining == 0);
        let misses = spent(checks::MISSES).filter(|_| family == Family::Images)?;
        let wait = refusal::whole_seconds(misses.reset_after);
        Some(refusal::limited(misses, wait, tier, &gate.plans, now))
    })
}
