//! `/mcp`: the host as an MCP server over streamable HTTP, for whoever may call the API, with their role.
//!
//! It reads. What changes something is offered only where `[mcp] write` names it, to callers who have proven their name and
//! may act, and goes the ways that it goes for people: a silence through what bounds silences, a change to a gate. Nothing is
//! approved here, because whoever calls has read texts of strangers.

mod desk;
mod tally;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::Shared;
use super::answer::Failure;
use super::audit::{NotDone, ReadOnly};
use super::callers::Caller;
use super::{body, origin};
use crate::config::Size;
use crate::mcp;
use desk::Desk;
pub use tally::Tally;

/// `/mcp`, whatever the method.
pub async fn serve(
    State(state): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Failure> {
    if !state.mcp.enabled {
        return Err(Failure::not_found("MCP is switched off ([mcp] enabled)"));
    }
    // Every method speaks the protocol, so that each is one that pages of other hosts must not send.
    origin::check_origin(request.headers())?;
    let _place = state.quotas.mcp()?;
    let (head, stream) = request.into_parts();
    let bytes = body::read(&head.headers, stream, Size(mcp::LARGEST), state.settings.body_timeout).await?;
    let json =
        head.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    // The library would say that it is of another kind than it says itself.
    if json
        && head.method == Method::POST
        && let Some(misread) = mcp::misread(&bytes)
    {
        return Ok((StatusCode::BAD_REQUEST, Extension(ReadOnly), Json(misread)).into_response());
    }
    let desk = Arc::new(Desk::new(Arc::clone(&state), caller));
    let changes = desk::changes(&bytes);
    let response =
        mcp::answer(Arc::clone(&desk) as Arc<dyn mcp::ToolHandler>, Request::from_parts(head, Body::from(bytes))).await;
    let mut response = response.map(Body::new).into_response();
    if !changes && response.status().is_success() {
        response.extensions_mut().insert(ReadOnly);
    }
    if let Some(why) = desk.why_not() {
        response.extensions_mut().insert(NotDone(why));
    }
    Ok(response)
}
