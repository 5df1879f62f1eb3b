//! The question of a sender of CloudEvents whether it may send here: `OPTIONS` with `WebHook-Request-Origin`.
//!
//! It comes before the first message and carries no proof; the answer lets nobody in, because every message is
//! proven as ever, and only keeps the sender from flooding who never asked for it. So it is given without a proof,
//! to the origins that the operator named, by the host alone: no source hears the question.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The yes to a sender that may send; none where it may not, or did not ask.
pub fn answer(head: &Parts, origins: &[String]) -> Option<Response> {
    if head.method != Method::OPTIONS {
        return None;
    }
    let origin = text(&head.headers, "webhook-request-origin")?;
    let asked = origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
    let origin = HeaderValue::from_str(origin).ok().filter(|_| asked)?;
    let mut answer = StatusCode::OK.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    headers.insert("webhook-allowed-origin", origin);
    let rate = text(&head.headers, "webhook-request-rate").filter(|rate| is_rate(rate));
    if let Some(Ok(rate)) = rate.map(HeaderValue::from_str) {
        headers.insert("webhook-allowed-rate", rate);
    }
    Some(answer)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Requests a minute, or `*`.
fn is_rate(rate: &str) -> bool {
    rate == "*" || (1..=9).contains(&rate.len()) && rate.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn a_question_of_a_named_origin_is_answered_and_no_other() {
        let ask = |method: &str, headers: &[(&str, &str)]| {
            let mut request = Request::builder().method(method).uri("/v1/alerts/cloudevents");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            answer(&head, &["eventgrid.azure.net".into(), "ci.example".into()])
        };
        let origin = ("WebHook-Request-Origin", "EventGrid.azure.net");
        let yes = ask("OPTIONS", &[origin, ("WebHook-Request-Rate", "120")]).unwrap();
        let headers = yes.headers();
        assert_eq!(yes.status(), StatusCode::OK);
        for (name, value) in [
            ("webhook-allowed-origin", "EventGrid.azure.net"),
            ("webhook-allowed-rate", "120"),
            ("allow", "POST, OPTIONS"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
        let plain =
            ask("OPTIONS", &[("WebHook-Request-Origin", "ci.example"), ("WebHook-Request-Rate", "a,b")]).unwrap();
        assert!(!plain.headers().contains_key("webhook-allowed-rate"));
        for (method, headers) in [
            ("POST", vec![origin]),
            ("GET", vec![origin]),
            ("OPTIONS", vec![]),
            ("OPTIONS", vec![("Origin", "https://ci.example")]),
            ("OPTIONS", vec![("WebHook-Request-Origin", "evil.example")]),
            ("OPTIONS", vec![("WebHook-Request-Origin", "x.ci.example")]),
            ("OPTIONS", vec![("WebHook-Request-Origin", "")]),
        ] {
            assert!(ask(method, &headers).is_none(), "{method} {headers:?}");
        }
    }
}
