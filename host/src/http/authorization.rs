//! What a request's `Authorization` holds.

use axum::http::{HeaderMap, header};

/// The scheme and the credentials behind it; none where the header is not there or is no such pair.
pub fn authorization(headers: &HeaderMap) -> Option<(&str, &str)> {
    let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some((scheme, credentials.trim()))
}

/// The token of `Bearer TOKEN`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    authorization(headers).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token)
}
