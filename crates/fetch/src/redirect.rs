use hyper::header::LOCATION;
use hyper::{Response, StatusCode};
use url::Url;

use crate::vet::vet_parsed;
use crate::{FetchError, InvalidAnswer, Refusal};

/// Where the response sends us: `None` if it is no redirect. The target is vetted as text; its port and
/// addresses are vetted like those of every other hop.
pub(crate) fn target<B>(from: &Url, response: &Response<B>) -> Result<Option<Url>, FetchError> {
    let status = response.status();
    let redirects = matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !redirects {
        return Ok(None);
    }
    let mut locations = response.headers().get_all(LOCATION).iter();
    let Some(location) = locations.next() else { return Err(FetchError::Status(status.as_u16())) };
    let invalid = || FetchError::Invalid(InvalidAnswer::Location);
    if locations.next().is_some() {
        return Err(invalid());
    }
    let mut url = from.join(location.to_str().map_err(|_| invalid())?).map_err(|_| invalid())?;
    url.set_fragment(None);
    vet_parsed(&url).map_err(|error| match error {
        FetchError::InvalidUrl(_) => invalid(),
        other => other,
    })?;
    if from.scheme() == "https" && url.scheme() == "http" {
        return Err(FetchError::NotAllowed(Refusal::Downgrade));
    }
    Ok(Some(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(status: u16, locations: &[&str]) -> Result<Option<String>, &'static str> {
        let from = Url::parse("https://example.com/a/b?c#d").unwrap();
        let builder = Response::builder().status(status);
        let builder = locations.iter().fold(builder, |builder, text| builder.header(LOCATION, *text));
        target(&from, &builder.body(()).unwrap())
            .map(|url| url.map(String::from))
            .map_err(|error| error.rejection().code.as_str())
    }

    #[test]
    fn relative_and_absolute_targets_are_resolved() {
        for status in [301, 302, 303, 307, 308] {
            assert_eq!(follow(status, &["c.jpg#x"]), Ok(Some("https://example.com/a/c.jpg".to_owned())));
        }
        assert_eq!(follow(302, &["//cdn.example/x"]), Ok(Some("https://cdn.example/x".to_owned())));
        assert_eq!(follow(302, &["/"]), Ok(Some("https://example.com/".to_owned())));
    }

    #[test]
    fn other_statuses_are_no_redirects() {
        for status in [200, 201, 204, 300, 304, 305, 306, 404] {
            assert_eq!(follow(status, &["/x"]), Ok(None), "{status}");
        }
        assert_eq!(follow(302, &[]), Err("source_http_error"));
    }

    #[test]
    fn bad_targets_are_refused() {
        for location in ["file:///etc/passwd", "gopher://h/", "data:text/plain,x", "ftp://h/x"] {
            assert_eq!(follow(301, &[location]), Err("unsupported_scheme"), "{location}");
        }
        for location in
            ["http://example.com/", "https://user@example.com/", "https://localhost/", "https://h\\@x.com/"]
        {
            assert_eq!(follow(301, &[location]), Err("url_not_allowed"), "{location}");
        }
        let long = format!("/{}", "a".repeat(2048));
        for location in ["https://", "https://999.1.1.1/", "/%0d%0aX:y", "/\u{ff}", &long] {
            assert_eq!(follow(301, &[location]), Err("source_invalid"), "{location}");
        }
        assert_eq!(follow(301, &["/a", "/b"]), Err("source_invalid"));
    }
}
