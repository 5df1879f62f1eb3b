//! Who may call the API, and who may change something by it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Shared;
use super::answer::Failure;
use super::callers::Caller;

/// In front of every path of the API.
pub async fn api(State(state): State<Arc<Shared>>, mut request: Request, next: Next) -> Result<Response, Failure> {
    let headers = request.headers();
    let looks = request.method() == Method::GET || request.method() == Method::HEAD;
    // What a page links to is looked at with its session; only a page's own form changes anything with one.
    let session =
        (looks && !headers.contains_key(header::AUTHORIZATION)).then(|| state.pages.caller(&state, headers)).flatten();
    let called = match session {
        Some(caller) => Some(caller),
        None => state.callers.caller(headers)?,
    };
    let caller = match called {
        Some(caller) => caller,
        // Cannot happen beyond loopback, where starting is refused; if it did, nobody gets in.
        None if !state.loopback => {
            return Err(Failure::unauthorized(
                "no authentication is configured for the API",
                "Bearer realm=\"tidegate\"",
            ));
        }
        // `admission` has seen that it comes from this machine.
        None => Caller::unnamed(),
    };
    if !looks && !caller.acts {
        return Err(Failure::forbidden("this token may look and change nothing"));
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}
