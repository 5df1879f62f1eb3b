//! What goes back when something is wrong: `{"error": "sentence"}` and a fitting status; by the API as problem details
//! ([`super::problem`]).

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::refusals::Refused;
use crate::backend::{ControlError, FindError, ReceiveError};

/// Seconds after which a sender should try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// An answer that is not 2xx.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    text: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Failure {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), header: None }
    }

    /// What is wrong, in a sentence.
    pub fn sentence(&self) -> &str {
        &self.text
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// 400.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// 401 with what would be accepted.
    pub fn unauthorized(text: impl Into<String>, challenge: &'static str) -> Self {
        let header = (header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        Self { header: Some(header), ..Self::new(StatusCode::UNAUTHORIZED, text) }
    }

    /// 403.
    pub fn forbidden(text: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, text)
    }

    /// 404.
    pub fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// 405.
    pub fn method(method: &str, path: &str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("{path} does not take {method}"))
    }

    /// The same with the methods that would be taken (RFC 9110, 15.5.6). Of routes that are made by method the router says so itself.
    pub fn method_other_than(taken: &[&str], method: &str, path: &str) -> Self {
        let allowed = HeaderValue::from_str(&taken.join(", ")).ok();
        Self { header: allowed.map(|allowed| (header::ALLOW, allowed)), ..Self::method(method, path) }
    }

    /// 408.
    pub fn too_slow(text: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, text)
    }

    /// 409.
    pub fn conflict(text: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, text)
    }

    /// 413.
    pub fn too_large(text: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    }

    /// 412.
    pub fn changed(text: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, text)
    }

    /// 422.
    pub fn unprocessable(text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, text)
    }

    /// 415.
    pub fn media_type(text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
    }

    /// 415 with the encodings that would be accepted.
    pub fn encoding(text: impl Into<String>) -> Self {
        let accepted = HeaderValue::from_static("gzip, deflate");
        Self { header: Some((header::ACCEPT_ENCODING, accepted)), ..Self::media_type(text) }
    }

    /// The same in the envelope of ops-server: `{"code": -1, "message": "sentence"}`.
    pub fn enveloped(self) -> Response {
        let envelope = Json(json!({ "code": -1, "message": self.text }));
        let mut response = self.into_response();
        *response.body_mut() = envelope.into_response().into_body();
        response
    }

    /// The sentence alone as JSON, as Alertmanager says what is wrong.
    pub fn quoted(self) -> Response {
        let text = Json(json!(self.text));
        let mut response = self.into_response();
        *response.body_mut() = text.into_response().into_body();
        response
    }

    /// 500.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// 503 with a time to come back.
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self { header: Some((header::RETRY_AFTER, RETRY_AFTER)), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text) }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "error": self.text }))).into_response();
        response.extensions_mut().insert(Refused(self.text));
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<ReceiveError> for Failure {
    fn from(refusal: ReceiveError) -> Self {
        match refusal {
            ReceiveError::Invalid(text) => Self::invalid(text),
            ReceiveError::UnknownSource(text) => Self::not_found(text),
            ReceiveError::Unavailable(text) => Self::unavailable(text),
        }
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NotFound(text) => Self::not_found(text),
            ControlError::Conflict(text) => Self::conflict(text),
            ControlError::Forbidden(text) => Self::forbidden(text),
            ControlError::Unavailable(text) => Self::unavailable(text),
        }
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NotOne(text) => Self::not_found(text),
            FindError::Unreadable(text) => Self::unavailable(text),
        }
    }
}
