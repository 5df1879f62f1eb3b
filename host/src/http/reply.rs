//! What a source says back to its sender. It is text from outside in the end, so little of it goes out.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::domain::alert::normalised::Reply;

/// Of a body; the host's own answer goes out in place of a longer one.
const LARGEST: usize = 16 << 10;

/// Headers besides the body's.
const HEADERS: usize = 16;

/// Of a header's value.
const LONGEST: usize = 1024;

/// Names besides those that begin with `x-`.
const NAMES: [&str; 2] = ["webhook-allowed-origin", "webhook-allowed-rate"];

/// Names of that kind by which browsers and proxies are told what to do.
const NOT: [&str; 4] = ["x-frame-options", "x-xss-protection", "x-accel-", "x-sendfile"];

/// The response; none where the body is too large.
pub fn response(reply: Reply) -> Option<Response> {
    if reply.body.len() > LARGEST {
        return None;
    }
    let status = StatusCode::from_u16(reply.status).ok().filter(StatusCode::is_success).unwrap_or(StatusCode::OK);
    let media = reply.content_type.split(';').next().unwrap_or_default().trim();
    let content_type = if media.eq_ignore_ascii_case("application/json") {
        HeaderValue::from_static("application/json")
    } else {
        HeaderValue::from_static("text/plain; charset=utf-8")
    };
    // These have no body by definition: what came behind the head would be taken for the next answer.
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
    let body = if bodiless { String::new() } else { reply.body };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    for (name, value) in reply.headers.iter().take(HEADERS) {
        if let (Some(name), Ok(value)) = (allowed(name), HeaderValue::from_str(value))
            && value.len() <= LONGEST
        {
            headers.insert(name, value);
        }
    }
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Some(response)
}

fn allowed(name: &str) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()).ok()?;
    let own = name.as_str().starts_with("x-") && !NOT.iter().any(|start| name.as_str().starts_with(start));
    (own || NAMES.contains(&name.as_str())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, content_type: &str, headers: &[(&str, &str)]) -> Reply {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Reply { status, content_type: content_type.into(), headers, body: "hello".into() }
    }

    #[test]
    fn little_of_a_reply_goes_out() {
        let headers = [
            ("WebHook-Allowed-Origin", "eventemitter.example"),
            ("X-Own", "1"),
            ("Set-Cookie", "a=b"),
            ("Location", "https://evil.example"),
            ("X-Content-Type-Options", "none"),
            ("X-Accel-Redirect", "/etc"),
            ("Access-Control-Allow-Origin", "*"),
            ("x-broken", "a\r\nSet-Cookie: b"),
            ("x bad", "1"),
        ];
        let response = response(reply(202, "Application/JSON; charset=x", &headers)).unwrap();
        assert_eq!(response.status(), 202);
        let mut sent: Vec<_> =
            response.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        sent.sort();
        let want = [
            "content-type: application/json",
            "webhook-allowed-origin: eventemitter.example",
            "x-content-type-options: nosniff",
            "x-own: 1",
        ];
        assert_eq!(sent, want);
    }

    #[tokio::test]
    async fn no_content_has_no_body() {
        for (status, want) in [(200, "hello"), (201, "hello"), (204, ""), (205, "")] {
            let response = response(reply(status, "text/plain", &[])).unwrap();
            assert_eq!(response.status().as_u16(), status);
            let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
            assert_eq!(body, want, "{status}");
        }
    }

    #[test]
    fn odd_replies_are_made_plain() {
        for status in [0, 99, 199, 300, 302, 404, 500, 1000] {
            assert_eq!(response(reply(status, "", &[])).unwrap().status(), 200, "{status}");
        }
        for kind in ["text/html", "", "application/json2", "text/javascript", "image/svg+xml"] {
            let response = response(reply(200, kind, &[])).unwrap();
            assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8", "{kind}");
        }
        assert!(response(Reply { body: "x".repeat(LARGEST + 1), ..Reply::default() }).is_none());
    }
}
