//! `ETag` of what is read by the API, `If-None-Match`, and `If-Match` where a change rests on what was read.
//!
//! A tag is a digest of the answer. With `If-Match` a change is made only if its thing reads now as it did then; between that
//! look and the change lies no more than the time of one request, and of people, whom many may change at once, nothing.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::answer::Failure;
use super::callers::Caller;
use super::{Shared, control, incidents, people, silences};

/// A longer answer has no tag.
const LONGEST: usize = 4 << 20;

/// Behind the API's proof.
pub async fn tags(State(state): State<Arc<Shared>>, request: Request, next: Next) -> Result<Response, Failure> {
    if !request.uri().path().starts_with("/v1/") {
        return Ok(next.run(request).await);
    }
    match *request.method() {
        Method::GET => {
            let known = words(request.headers(), header::IF_NONE_MATCH);
            Ok(tagged(next.run(request).await, known.as_deref()).await)
        }
        Method::POST => {
            if let Some(wanted) = wanted(request.headers()) {
                check(state, control::caller(&request), request.uri().path(), &wanted).await?;
            }
            Ok(next.run(request).await)
        }
        _ => Ok(next.run(request).await),
    }
}

/// The tags one of which a change wants its thing to have.
pub fn wanted(headers: &HeaderMap) -> Option<String> {
    words(headers, header::IF_MATCH)
}

/// Whether a thing with this tag is the one that was wanted.
///
/// # Errors
/// When it is not.
pub fn holds(wanted: &str, tag: &str) -> Result<(), Failure> {
    if names(wanted, tag) {
        return Ok(());
    }
    Err(Failure::changed(format!("it has changed since it was read: its tag is {tag} now; read it again")))
}

fn words(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let all: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// Whether a list of tags names this one. `W/` makes no difference to whoever reads.
fn names(list: &str, tag: &str) -> bool {
    list.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// The tag of something.
pub fn of(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode(Sha256::digest(bytes).get(..16).unwrap_or_default()))
}

async fn tagged(response: Response, known: Option<&str>) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let whole = kind.starts_with("application/json") || kind.starts_with("text/markdown");
    if response.status() != StatusCode::OK || !whole {
        return response;
    }
    let (mut head, stream) = response.into_parts();
    let Ok(bytes) = to_bytes(stream, usize::MAX).await else {
        return Failure::internal("the answer could not be written").into_response();
    };
    if bytes.len() > LONGEST {
        return Response::from_parts(head, Body::from(bytes));
    }
    // Where not all of an answer can be changed, its handler says what its tag is of.
    let own = head.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_string);
    let tag = own.unwrap_or_else(|| of(&bytes));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        head.headers.insert(header::ETAG, value);
    }
    if known.is_some_and(|known| names(known, &tag)) {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(header::CONTENT_TYPE);
        head.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(bytes))
}

/// A part of a path without percent signs.
fn decoded(part: &str) -> String {
    let query = format!("_={}", part.replace('+', "%2B").replace('&', "%26"));
    let decoded = form_urlencoded::parse(query.as_bytes()).next().map(|(_, text)| text.into_owned());
    decoded.unwrap_or_default()
}

/// Whether the thing that a path changes still reads as it did for whoever wants to change it.
async fn check(state: Arc<Shared>, caller: Caller, path: &str, wanted: &str) -> Result<(), Failure> {
    let mut parts = path.strip_prefix("/v1/").unwrap_or_default().split('/');
    let current = match (parts.next(), parts.next()) {
        (Some("incidents"), Some(id)) if !id.is_empty() => {
            incidents::one(State(state), Path(id.to_string())).await?.into_response()
        }
        (Some("silences"), Some(id)) if !id.is_empty() => {
            silences::one(State(state), Extension(caller), Path(id.to_string())).await?.into_response()
        }
        (Some("people"), Some(key)) if !key.is_empty() => people::show(State(state), Path(decoded(key))).await?,
        _ => return Err(Failure::invalid("If-Match: there is nothing here that could have changed; leave it out")),
    };
    let tag = tagged(current, None).await.headers().get(header::ETAG).cloned();
    let tag = tag.as_ref().and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    holds(wanted, tag)
}
