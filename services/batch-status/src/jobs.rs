//! `GET /api/v1/jobs/:id`.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path};
use domain::JobId;
use store::Store;
use web::{ApiCaller, ApiError, JobView};

/// A job of the caller's account; anyone else's is as absent as one that never was.
pub(crate) async fn get(
    caller: ApiCaller,
    id: Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let id: JobId = id.parse().map_err(|_| ApiError::not_found())?;
    let job = store.job_of_account(caller.account_id, id).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(JobView::from(&job)))
}
