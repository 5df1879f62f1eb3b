//! What every handler of a page begins with: who looks, where, and how their page goes out.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use super::{Viewer, failed, shown};
use crate::domain::audit::Channel;
use crate::http::Shared;
use crate::http::answer::Failure;
use crate::http::audit::Address;
use crate::http::people::acts::Requester;
use crate::page::Frame;

/// Who asks for a page, and for which.
pub struct Asking {
    /// The host.
    pub state: Arc<Shared>,
    /// Who looks.
    pub viewer: Viewer,
    /// Path and query.
    pub uri: Uri,
    headers: HeaderMap,
    from: Option<Address>,
}

impl FromRequestParts<Arc<Shared>> for Asking {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<Shared>) -> Result<Self, Failure> {
        // What lets somebody in says who it is (`access`).
        let viewer = parts.extensions.get::<Viewer>().cloned();
        let viewer = viewer.ok_or_else(|| Failure::forbidden("nothing says who looks at this page, so nobody may"))?;
        let from = parts.extensions.get::<Address>().copied();
        Ok(Self { state: state.clone(), viewer, uri: parts.uri.clone(), headers: parts.headers.clone(), from })
    }
}

impl Asking {
    /// Who asks for a change of accounts, and from where.
    pub fn requester(&self) -> Requester {
        Requester::new(&self.state, self.viewer.caller(), Channel::Page, self.from.as_ref())
    }

    /// The page as it is asked for.
    pub fn shows(&self, write: impl FnOnce(&Frame<'_>) -> String) -> Response {
        self.says(StatusCode::OK, write)
    }

    /// The page with another status.
    pub fn says(&self, status: StatusCode, write: impl FnOnce(&Frame<'_>) -> String) -> Response {
        shown(&self.state, &self.headers, &self.uri, &self.viewer.who, status, write)
    }

    /// The page that says why there is none.
    pub fn fails(&self, failure: &Failure) -> Response {
        failed(&self.state, &self.headers, &self.uri, &self.viewer.who, failure)
    }

    /// The page of what was read, or the one that says why it was not.
    pub fn answers<T>(&self, read: Result<T, Failure>, write: impl FnOnce(&T, &Frame<'_>) -> String) -> Response {
        match read {
            Ok(read) => self.shows(|frame| write(&read, frame)),
            Err(failure) => self.fails(&failure),
        }
    }
}
