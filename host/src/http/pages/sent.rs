//! What a request to a page says: the form that it carries, read within narrow bounds, and what its address asks for. Every page reads
//! it here.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Form, FromRequest, Query, Request};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::{Viewer, failed};
use crate::config::Size;
use crate::http::answer::Failure;
use crate::http::places::Peer;
use crate::http::quotas::busy;
use crate::http::{Shared, body};
use crate::page::PageUser;

/// A form is short, also in percent signs, and a browser sends it at once.
const MAX_FORM: Size = Size(16 << 10);
const FORM_TIMEOUT: Duration = Duration::from_secs(2);

/// The form that a request carries. Where it cannot be read, the page that says so is the answer.
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &Arc<Shared>) -> Result<Self, Response> {
        let (head, body) = request.into_parts();
        let peer = head.extensions.get::<Peer>().copied().unwrap_or(Peer::UNKNOWN);
        let wrong = |failure: Failure| {
            let who = head.extensions.get::<Viewer>().map_or(PageUser::Nobody, |viewer| viewer.who.clone());
            failed(state, &head.headers, &head.uri, &who, &failure)
        };
        let place = state.quotas.forms.take(peer).ok_or_else(|| busy().into_response())?;
        let within = FORM_TIMEOUT.min(state.settings.body_timeout);
        let bounds = body::Bounds { max: MAX_FORM, within, place: Some(&place) };
        let bytes = body::read_within(&head.headers, body, bounds, |_| ()).await.map_err(wrong)?;
        let whole = Request::from_parts(head.clone(), Body::from(bytes));
        let read = Form::<T>::from_request(whole, &()).await;
        read.map(|Form(form)| Self(form))
            .map_err(|error| wrong(Failure::invalid(format!("the form cannot be read: {error}"))))
    }
}

/// What an address asks for; nothing where that cannot be read.
pub fn asked<T: DeserializeOwned + Default>(uri: &Uri) -> T {
    Query::<T>::try_from_uri(uri).map(|Query(asked)| asked).unwrap_or_default()
}
