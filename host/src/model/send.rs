//! Sends one request: retries what may pass, hears what a refusal teaches, explains what will not pass.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use super::profile::Quirk;
use super::refusal::{self, SentRequest};
use super::text_stream::TextStream;
use super::wire::{self, InvalidResponse, Reply};
use super::{EndpointOptions, request, stream};
use crate::domain::text::truncate;
use crate::network::{Network, describe};
use crate::redact::{known, redact_known, visible};

/// Largest response that is read; in a stream every word comes in a wrapping of its own.
const LARGEST: usize = 1024 * 1024;
const LARGEST_STREAM: usize = 8 * 1024 * 1024;
/// Attempts after the first.
const RETRIES: u32 = 2;
/// Longest wait that an endpoint may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Why there is no reply.
pub(super) enum SendError {
    /// The endpoint may take it in another way.
    Learned {
        lesson: Quirk,
        /// Its own words.
        words: String,
        /// What is to be said where that does not help.
        why: String,
    },
    /// No answer came in time.
    TimedOut {
        why: String,
        /// It had all the time that the configuration gives it.
        whole: bool,
    },
    /// Nobody is left to hear an answer.
    Cancelled,
    /// Anything else, as a sentence.
    Final(String),
}

/// One attempt's failure.
enum AttemptFailure {
    Retryable {
        why: String,
        after: Option<Duration>,
    },
    /// A stream came without an answer.
    Broken(String),
    TimedOut {
        why: String,
        whole: bool,
    },
    Learned {
        lesson: Quirk,
        words: String,
        why: String,
    },
    Cancelled,
    Final(String),
}

/// Answers that began and broke off: the endpoint's owner is charged for them all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BrokenOff {
    /// How many.
    pub answers: u64,
    /// Bytes that they had said.
    pub said: usize,
}

impl BrokenOff {
    fn count(&mut self, body: &[u8]) {
        if stream::has_content(body) {
            self.answers += 1;
            self.said += stream::content_bytes(body);
        }
    }

    /// An endpoint that has said nothing yet may be thinking, and is charged for.
    fn count_unheard(&mut self, body: &[u8]) {
        self.answers += 1;
        self.said += stream::content_bytes(body);
    }
}

async fn unheard(words: Option<&TextStream<'_>>) {
    match words {
        Some(words) => words.unheard().await,
        None => std::future::pending().await,
    }
}

/// Sends requests to one endpoint.
pub(super) struct Sender {
    client: reqwest::Client,
    url: String,
    name: String,
    key: Option<Arc<str>>,
    key_header: Option<String>,
    /// What gives access in the key and the address.
    secrets: Vec<String>,
    timeout: Duration,
    idle: Duration,
}

impl Sender {
    pub(super) fn new(options: &EndpointOptions) -> Result<Self, String> {
        let url = options.url.trim_end_matches('/');
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err("the model's url must begin with http:// or https:// and go up to /v1".into());
        }
        let of_url = known::of_url(url);
        known::remember_all(of_url.iter().cloned());
        let of_key = options.key.iter().flat_map(|key| known::of(key));
        let secrets = of_key.chain(of_url).collect();
        // What stands behind a question mark stays at the end.
        let (path, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix("/chat/completions").unwrap_or(path);
        Ok(Self {
            secrets,
            client: Network::default().trusted().map_err(|error| error.to_string())?,
            url: format!("{path}/chat/completions{query}"),
            name: options.name.clone(),
            key: options.key.clone(),
            key_header: options.key_header.clone(),
            timeout: options.timeout,
            idle: options.idle,
        })
    }

    /// Sends until there is a reply, a retry makes no sense, or the time is over.
    pub(super) async fn send(
        &self,
        body: &Value,
        deadline: Instant,
        words: Option<&TextStream<'_>>,
        broken_off: &mut BrokenOff,
    ) -> Result<Reply, SendError> {
        let sent = request::summary(body);
        let (mut retries, mut timeouts, mut late) = (0, 0, None);
        let mut broken = false;
        loop {
            words.iter().for_each(|words| words.begin());
            let mut bytes = Vec::new();
            let came = tokio::select! {
                came = self.once(body, sent, deadline, words, &mut bytes) => came,
                () = unheard(words) => Err(AttemptFailure::Cancelled),
            };
            match &came {
                Ok(_) => {}
                Err(AttemptFailure::Cancelled) => broken_off.count_unheard(&bytes),
                Err(_) => broken_off.count(&bytes),
            }
            let (why, wait) = match came {
                Ok(reply) => return Ok(reply),
                Err(AttemptFailure::Cancelled) => return Err(SendError::Cancelled),
                Err(AttemptFailure::Final(why)) => return Err(SendError::Final(why)),
                Err(AttemptFailure::Learned { lesson, words, why }) => {
                    return Err(SendError::Learned { lesson, words, why });
                }
                Err(AttemptFailure::TimedOut { why, whole }) => {
                    timeouts += 1;
                    late = late.or_else(|| whole.then(|| why.clone()));
                    if timeouts > 1 || retries >= RETRIES || Instant::now() >= deadline {
                        let whole = late.is_some();
                        return Err(SendError::TimedOut { why: late.unwrap_or(why), whole });
                    }
                    (why, Duration::ZERO)
                }
                Err(AttemptFailure::Broken(why)) if broken => {
                    // It may do better with an answer as a whole.
                    return Err(SendError::Learned { lesson: Quirk::NoStream, words: why.clone(), why });
                }
                Err(AttemptFailure::Broken(why)) => {
                    broken = true;
                    (why, Duration::from_millis(500 << retries))
                }
                // Nobody waits for that, and another endpoint may be there.
                Err(AttemptFailure::Retryable { why, after: Some(after) }) if after > LONGEST_WAIT => {
                    return Err(SendError::Final(format!(
                        "{why}; it wants to be left alone for {} s",
                        after.as_secs()
                    )));
                }
                Err(AttemptFailure::Retryable { why, after }) => {
                    let pause = Duration::from_millis(500 << retries);
                    (why, after.unwrap_or(pause).min(LONGEST_WAIT))
                }
            };
            if retries >= RETRIES || Instant::now() + wait >= deadline {
                return Err(SendError::Final(why));
            }
            retries += 1;
            tracing::warn!("{why}; trying again");
            tokio::select! {
                () = sleep(wait) => {}
                () = unheard(words) => return Err(SendError::Cancelled),
            }
        }
    }

    async fn once(
        &self,
        body: &Value,
        sent: SentRequest,
        deadline: Instant,
        words: Option<&TextStream<'_>>,
        bytes: &mut Vec<u8>,
    ) -> Result<Reply, AttemptFailure> {
        let own = Instant::now() + self.timeout;
        let (mut until, whole) = (deadline.min(own), own <= deadline);
        // The client has a limit of its own, which is shorter than some models take.
        let left = deadline.saturating_duration_since(Instant::now());
        let limit = self.timeout.max(left) + Duration::from_secs(1);
        let mut request = self.client.post(&self.url).timeout(limit).json(body);
        request = match (&self.key, &self.key_header) {
            (Some(key), Some(header)) => request.header(header, key.as_ref()),
            (Some(key), None) => request.bearer_auth(key),
            (None, _) => request,
        };
        if let Some(context) = crate::traces::context::current() {
            request = request.header(crate::traces::context::HEADER, context);
        }
        let late = || {
            let time = if whole { "in time" } else { "in the time that was left for it" };
            AttemptFailure::TimedOut { why: format!("the model did not answer {time}"), whole }
        };
        let response = timeout_at(until, request.send()).await.map_err(|_| late())?;
        let mut response = response.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let after = header("retry-after").and_then(|value| value.trim().parse().ok());
        let streams = header("content-type").is_some_and(|kind| kind.contains("event-stream"));
        let largest = if streams { LARGEST_STREAM } else { LARGEST };
        let mut speaks = false;
        loop {
            // Until its first word an endpoint may think as long as an answer may take. From there on silence says that it
            // has stalled, and as long as it speaks it may take as long as there is.
            let idle = Instant::now() + self.idle;
            let stalls = speaks && idle < until;
            let stalled = || AttemptFailure::TimedOut {
                why: format!("the stream of the model's endpoint stalled for {} s", self.idle.as_secs()),
                whole: true,
            };
            let chunk = timeout_at(if stalls { idle } else { until }, response.chunk()).await;
            let chunk = chunk.map_err(|_| if stalls { stalled() } else { late() })?;
            match chunk.map_err(|error| self.unreachable(error))? {
                Some(chunk) if bytes.len() + chunk.len() > largest => {
                    return Err(AttemptFailure::Final(format!(
                        "the model's endpoint answered with more than {largest} bytes"
                    )));
                }
                Some(chunk) => {
                    if streams && status.is_success() {
                        words.iter().for_each(|words| words.take(&chunk));
                    }
                    bytes.extend_from_slice(&chunk);
                    if streams && !speaks && stream::has_content(bytes) {
                        (speaks, until) = (true, deadline);
                    }
                }
                None => break,
            }
            if streams && stream::is_over(bytes) {
                break;
            }
        }
        let text = String::from_utf8_lossy(bytes);
        if !status.is_success() {
            return Err(self.failed(status, &text, sent, after));
        }
        match wire::read(&text) {
            Ok(reply) => Ok(reply),
            Err(InvalidResponse::Empty(why)) if sent.stream && stream::is_stream(&text) => {
                Err(AttemptFailure::Broken(self.clean(&why)))
            }
            Err(InvalidResponse::Empty(why)) => Err(AttemptFailure::Retryable { why: self.clean(&why), after: None }),
            Err(InvalidResponse::Error { status, text }) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                Err(self.failed(status, &text, sent, after))
            }
        }
    }

    fn failed(&self, status: StatusCode, text: &str, sent: SentRequest, after: Option<u64>) -> AttemptFailure {
        let passes = matches!(status.as_u16(), 429 | 500 | 502..=504 | 529);
        let why = if passes {
            format!("the model's endpoint is overloaded or broken (HTTP {status}): {}", self.excerpt(text))
        } else {
            self.refusal(status, text)
        };
        match refusal::quirk(status.as_u16(), text, sent) {
            Some(lesson) => AttemptFailure::Learned { lesson, words: self.excerpt(text), why },
            None if passes => AttemptFailure::Retryable { why, after: after.map(Duration::from_secs) },
            None => AttemptFailure::Final(why),
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> AttemptFailure {
        let (hopeless, late) = (error.is_builder(), error.is_timeout());
        let why =
            format!("the model's endpoint {} cannot be reached: {}", known::shown_url(&self.url), describe(error));
        let why = self.clean(&why);
        match (hopeless, late) {
            (true, _) => AttemptFailure::Final(why),
            (false, true) => AttemptFailure::TimedOut { why, whole: true },
            (false, false) => AttemptFailure::Retryable { why, after: None },
        }
    }

    fn refusal(&self, status: StatusCode, text: &str) -> String {
        let (url, name) = (known::shown_url(&self.url), &self.name);
        let why = match status.as_u16() {
            401 | 403 if self.key.is_none() => "the model's endpoint wants a key, and none is configured".to_string(),
            401 | 403 => "the model's endpoint does not take the configured key".to_string(),
            402 => "the account behind the model's key has run out of credit".to_string(),
            404 => format!("either the address {url} is wrong or the endpoint has no model {name}"),
            413 => "the model's endpoint finds the request too large".to_string(),
            300..=399 => {
                format!("the address {url} leads elsewhere; configure the address that it leads to")
            }
            _ => "the model's endpoint refuses the request".to_string(),
        };
        format!("{why} (HTTP {status}): {}", self.excerpt(text))
    }

    /// The words of an answer that is none, wherever servers put them.
    fn excerpt(&self, text: &str) -> String {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let value = value.get(0).unwrap_or(&value);
        let places = ["/error/message", "/message", "/error", "/detail", "/detail/0/msg"];
        let message = places.iter().find_map(|place| value.pointer(place)?.as_str());
        let text = message.unwrap_or(text);
        if text.trim().is_empty() { "no reason given".into() } else { truncate(&self.clean(text.trim()), 300) }
    }

    fn clean(&self, text: &str) -> String {
        redact_known(&visible(text), &self.secrets)
    }
}
