//! Errors of the API as problem details (RFC 9457): one place, behind everything that can refuse a request, the framework's
//! own refusals included. Senders, Alertmanager's API and pages have forms of their own.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::refusals::Refused;
use crate::random::Random;

/// How a problem is called.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// What the types of problems begin with.
const TYPE: &str = "urn:tidegate:problem:";

/// Whether errors of this path have this form.
pub fn is_of_api(path: &str) -> bool {
    (path.starts_with("/v1/") && !path.starts_with("/v1/alerts/")) || matches!(path, "/mcp" | "/mcp/")
}

/// The word for a status, by which programs tell problems apart.
pub fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "invalid",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not-found",
        405 => "method-not-allowed",
        406 => "not-acceptable",
        408 => "too-slow",
        409 => "conflict",
        412 => "changed-meanwhile",
        413 => "too-large",
        415 => "media-type",
        422 => "unprocessable",
        429 => "too-many",
        503 => "unavailable",
        500.. => "fault",
        _ => "refused",
    }
}

/// An answer of the API as it goes out. Each that refuses has a name, which stands in the log as well.
pub fn shaped(response: Response, random: &Random) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    // What speaks JSON-RPC says what is wrong in its own words.
    let content = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let refused = response.extensions().get::<Refused>();
    if !is_error || (refused.is_none() && content.starts_with("application/json")) {
        return response;
    }
    let title = status.canonical_reason().unwrap_or("Refused");
    let detail = refused.map_or_else(|| title.to_string(), |refused| refused.0.clone());
    let id = format!("{:016x}", random.next());
    if status.is_server_error() {
        tracing::warn!(request = id, status = status.as_u16(), "a request of the API was not served: {detail}");
    } else {
        tracing::debug!(request = id, status = status.as_u16(), "a request of the API was refused: {detail}");
    }
    let problem = json!({
        "type": format!("{TYPE}{}", kind(status)), "title": title, "status": status.as_u16(), "detail": detail,
        "instance": format!("urn:tidegate:request:{id}"),
        // For programs that knew the API before it had problems.
        "error": detail,
    });
    let (mut head, _) = response.into_parts();
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(problem.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_and_pages_keep_their_forms() {
        for (path, wanted) in [
            ("/v1/incidents", true),
            ("/v1/nothing", true),
            ("/mcp", true),
            ("/v1/alerts/alertmanager", false),
            ("/alert", false),
            ("/api/v2/alerts", false),
            ("/i/x", false),
            ("/metrics", false),
        ] {
            assert_eq!(is_of_api(path), wanted, "{path}");
        }
    }
}
