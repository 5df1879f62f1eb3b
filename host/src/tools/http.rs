//! The way to a server over streamable HTTP.
//!
//! Requests to tools are sent and read here, so that their results stay as they came; everything else is
//! left to the library.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_client::{
    HttpStatusError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use serde_json::Value;
use sse_stream::{Error as SseError, Sse, SseStream};

use super::messages;
use super::raw_results::Handshakes;
use crate::domain::text::truncate;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const SESSION: &str = "mcp-session-id";

type Failure = StreamableHttpError<reqwest::Error>;
type Events = BoxStream<'static, Result<Sse, SseError>>;

/// A client that keeps results as they came.
#[derive(Clone)]
pub(super) struct HttpClient {
    pub client: reqwest::Client,
    pub handshakes: Handshakes,
    /// Longest message in bytes.
    pub longest: usize,
}

impl HttpClient {
    async fn ask(
        &self,
        uri: &str,
        message: &ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let mut request = self.client.post(uri).header(ACCEPT, format!("{EVENTS}, {JSON}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(session) = &session {
            request = request.header(SESSION, session.as_ref());
        }
        let response = request.json(message).send().await?;
        let status = response.status();
        if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if status == StatusCode::NOT_FOUND && session.is_some() {
            return Err(StreamableHttpError::SessionExpired);
        }
        let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_string);
        let (kind, session, after) = (text(CONTENT_TYPE.as_str()), text(SESSION), text(RETRY_AFTER.as_str()));
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if status.is_success() && kind.starts_with(EVENTS) {
            let events = SseStream::from_bytes_stream(bounded(response, self.longest)).boxed();
            return Ok(StreamableHttpPostResponse::Sse(self.kept(events), session));
        }
        let id = id(message);
        let body = match (read(response, self.longest).await?, &id) {
            (Some(body), _) => body,
            (None, Some(id)) if status.is_success() => messages::too_long(id, self.longest),
            (None, _) => return Err(StreamableHttpError::Io(too_long(self.longest))),
        };
        if let (true, Some(id)) = (was_not_taken(status), &id) {
            return Ok(StreamableHttpPostResponse::Json(not_taken(status, id, &body)?, session));
        }
        let (answer, text) = match answer_in(messages::read(&self.handshakes, &body).messages) {
            Some((answer, text)) => (Some(answer), text),
            None => (serde_json::from_str(&body).ok(), body),
        };
        match answer {
            Some(answer) if status.is_success() => Ok(StreamableHttpPostResponse::Json(answer, session)),
            // An error of the protocol says more than the status beside it.
            Some(answer @ JsonRpcMessage::Error(_)) => Ok(StreamableHttpPostResponse::Json(answer, session)),
            _ if status.is_server_error() => Err(HttpStatusError::new(status.as_u16(), after).into()),
            _ => {
                let shown = truncate(text.trim(), 256);
                Err(StreamableHttpError::UnexpectedServerResponse(Cow::Owned(format!("HTTP {status}: {shown}"))))
            }
        }
    }

    fn kept(&self, events: Events) -> Events {
        let handshakes = self.handshakes.clone();
        let kept = move |event: Result<Sse, SseError>| {
            event.map(|mut event| {
                if let Some(kept) = event.data.as_deref().and_then(|data| handshakes.kept(data)) {
                    event.data = Some(kept);
                }
                event
            })
        };
        events.map(kept).boxed()
    }
}

impl StreamableHttpClient for HttpClient {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        self.handshakes.note(&message);
        let asks = |message: &ClientJsonRpcMessage| match message {
            JsonRpcMessage::Request(request) => matches!(request.request.method(), "tools/list" | "tools/call"),
            _ => false,
        };
        if asks(&message) && auth_header.is_none() {
            return self.ask(&uri, &message, session_id, custom_headers).await;
        }
        let longest = self.longest;
        let client = &self.client;
        client
            .post_message_with_max_sse_event_size(uri, message, session_id, auth_header, custom_headers, longest)
            .await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failure> {
        self.client.delete_session(uri, session_id, auth_header, custom_headers).await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<Events, Failure> {
        let (client, longest) = (&self.client, self.longest);
        let events = client
            .get_stream_with_max_sse_event_size(uri, session_id, last_event_id, auth_header, custom_headers, longest)
            .await?;
        Ok(self.kept(events))
    }
}

fn too_long(longest: usize) -> io::Error {
    io::Error::other(format!("the answer is longer than {longest} bytes"))
}

/// The id of a request.
fn id(message: &ClientJsonRpcMessage) -> Option<Value> {
    match message {
        JsonRpcMessage::Request(request) => serde_json::to_value(&request.id).ok(),
        _ => None,
    }
}

/// The answer among the messages of a body, and its text. Answers can be long, so it is read once.
fn answer_in(messages: Vec<String>) -> Option<(ServerJsonRpcMessage, String)> {
    messages.into_iter().find_map(|text| {
        let answer = serde_json::from_str(&text).ok()?;
        matches!(answer, JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)).then_some((answer, text))
    })
}

/// Whether a status says that nobody has even begun with a request: it stands at the door, and what was asked has had
/// no effect.
fn was_not_taken(status: StatusCode) -> bool {
    status.is_redirection()
        || matches!(
            status,
            StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::NOT_FOUND
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::NOT_ACCEPTABLE
                | StatusCode::LENGTH_REQUIRED
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::TOO_MANY_REQUESTS
        )
}

/// The answer to a request that was not taken. An error of the protocol says why, besides the status.
fn not_taken(status: StatusCode, id: &Value, body: &str) -> Result<ServerJsonRpcMessage, Failure> {
    let said: Value = serde_json::from_str(body).unwrap_or_default();
    let said = said.pointer("/error/message").and_then(Value::as_str).unwrap_or(body).trim();
    let said = if said.is_empty() { String::new() } else { format!(": {}", truncate(said, 256)) };
    let why = format!("the server did not take the request and did nothing: HTTP {status}{said}");
    serde_json::from_str(&messages::error(id, &why)).map_err(|error| StreamableHttpError::Io(error.into()))
}

/// A whole body; none when it is too long.
async fn read(mut response: reqwest::Response, longest: usize) -> Result<Option<String>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > longest {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(String::from_utf8_lossy(&body).into_owned()))
}

/// The bytes of a stream of events, none of which is longer.
fn bounded(
    response: reqwest::Response,
    longest: usize,
) -> impl futures::Stream<Item = io::Result<tokio_util::bytes::Bytes>> + Send + 'static {
    let (mut since, mut line) = (0_usize, 0_usize);
    response.bytes_stream().map(move |chunk| {
        let chunk = chunk.map_err(io::Error::other)?;
        for byte in &chunk {
            match byte {
                // An empty line ends an event.
                b'\n' if line == 0 => since = 0,
                b'\n' => line = 0,
                b'\r' => {}
                _ => line += 1,
            }
            since += 1;
            if since > longest {
                return Err(too_long(longest));
            }
        }
        Ok(chunk)
    })
}
