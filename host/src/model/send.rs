//! Sends one request: retries what may pass, explains what will not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use super::Options;
use super::wire::{self, Reply};
use crate::domain::text::cut;
use crate::network::{Network, describe};
use crate::redact::{known, redact_known, visible};

/// Largest response that is read.
const LARGEST: usize = 1024 * 1024;
/// Attempts after the first.
const RETRIES: u32 = 2;
/// Longest wait that an endpoint may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Why there is no reply.
pub(super) enum Trouble {
    /// The endpoint takes no tools.
    NoTools(String),
    /// No answer came in time.
    Late(String),
    /// Anything else, as a sentence.
    Final(String),
}

/// One attempt's failure.
enum Failure {
    Again { why: String, after: Option<Duration> },
    TimedOut(String),
    Refused { status: StatusCode, text: String },
    Final(String),
}

/// Sends requests to one endpoint.
pub(super) struct Sender {
    client: reqwest::Client,
    url: String,
    name: String,
    key: Option<Arc<str>>,
    /// What gives access in the key and the address.
    secrets: Vec<String>,
    timeout: Duration,
    max_tokens: u64,
    /// The endpoint wants `max_completion_tokens`.
    new_limit: AtomicBool,
    /// The endpoint takes no temperature.
    no_temperature: AtomicBool,
}

impl Sender {
    pub(super) fn new(options: &Options) -> Result<Self, String> {
        let url = options.url.trim_end_matches('/');
        let url = url.strip_suffix("/chat/completions").unwrap_or(url);
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err("the model's url must begin with http:// or https:// and go up to /v1".into());
        }
        let of_url = known::of_url(url);
        known::remember_all(of_url.iter().cloned());
        let of_key = options.key.iter().flat_map(|key| known::of(key));
        let secrets = of_key.chain(of_url).collect();
        // What stands behind a question mark stays at the end.
        let (path, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        Ok(Self {
            secrets,
            client: Network::default().trusted().map_err(|error| error.to_string())?,
            url: format!("{}/chat/completions{query}", path.trim_end_matches('/')),
            name: options.name.clone(),
            key: options.key.clone(),
            timeout: options.timeout,
            max_tokens: options.max_tokens,
            new_limit: AtomicBool::new(false),
            no_temperature: AtomicBool::new(false),
        })
    }

    /// Sends until there is a reply, a retry makes no sense, or the time is over.
    pub(super) async fn send(&self, mut body: Value, deadline: Instant) -> Result<Reply, Trouble> {
        let tools = body.get("tools").is_some();
        let (mut retries, mut timeouts, mut adapted) = (0, 0, 0);
        loop {
            self.settings(&mut body);
            let (why, wait) = match self.once(&body, deadline).await {
                Ok(reply) => return Ok(reply),
                Err(Failure::Final(why)) => return Err(Trouble::Final(why)),
                Err(Failure::Refused { status, text }) => {
                    if adapted < 2 && self.adapt(status, &text) {
                        adapted += 1;
                        continue;
                    }
                    let why = self.refusal(status, &text);
                    return Err(if tools && about_tools(status, &text) {
                        Trouble::NoTools(why)
                    } else {
                        Trouble::Final(why)
                    });
                }
                Err(Failure::TimedOut(why)) => {
                    timeouts += 1;
                    if timeouts > 1 || retries >= RETRIES || Instant::now() >= deadline {
                        return Err(Trouble::Late(why));
                    }
                    (why, Duration::ZERO)
                }
                Err(Failure::Again { why, after }) => {
                    let pause = Duration::from_millis(500 << retries);
                    (why, after.unwrap_or(pause).min(LONGEST_WAIT))
                }
            };
            if retries >= RETRIES || Instant::now() + wait >= deadline {
                return Err(Trouble::Final(why));
            }
            retries += 1;
            tracing::warn!("{why}; trying again");
            sleep(wait).await;
        }
    }

    fn settings(&self, body: &mut Value) {
        let Value::Object(map) = body else { return };
        for key in ["max_tokens", "max_completion_tokens", "temperature"] {
            map.remove(key);
        }
        let limit = if self.new_limit.load(Ordering::Relaxed) { "max_completion_tokens" } else { "max_tokens" };
        map.insert(limit.into(), self.max_tokens.into());
        if !self.no_temperature.load(Ordering::Relaxed) {
            map.insert("temperature".into(), json!(0));
        }
    }

    /// Some models take other names for the limit, and no temperature. Says whether anything was
    /// changed.
    fn adapt(&self, status: StatusCode, text: &str) -> bool {
        if status != StatusCode::BAD_REQUEST {
            return false;
        }
        let limit = text.contains("max_completion_tokens") && !self.new_limit.swap(true, Ordering::Relaxed);
        let temperature = text.contains("temperature") && !self.no_temperature.swap(true, Ordering::Relaxed);
        limit || temperature
    }

    async fn once(&self, body: &Value, deadline: Instant) -> Result<Reply, Failure> {
        let until = deadline.min(Instant::now() + self.timeout);
        // The client has a limit of its own, which is shorter than some models take.
        let limit = self.timeout + Duration::from_secs(1);
        let mut request = self.client.post(&self.url).timeout(limit).json(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let late = || Failure::TimedOut(format!("the model {} did not answer in time", self.name));
        let response = timeout_at(until, request.send()).await.map_err(|_| late())?;
        let mut response = response.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut bytes = Vec::new();
        loop {
            let chunk = timeout_at(until, response.chunk()).await.map_err(|_| late())?;
            match chunk.map_err(|error| self.unreachable(error))? {
                Some(chunk) if bytes.len() + chunk.len() > LARGEST => {
                    return Err(Failure::Final(format!(
                        "the model's endpoint answered with more than {LARGEST} bytes"
                    )));
                }
                Some(chunk) => bytes.extend_from_slice(&chunk),
                None => break,
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        match status.as_u16() {
            200..=299 => wire::read(&text).map_err(|why| Failure::Final(self.clean(&why))),
            429 | 500 | 502..=504 | 529 => {
                let why =
                    format!("the model's endpoint is overloaded or broken (HTTP {status}): {}", self.excerpt(&text));
                Err(Failure::Again { why, after: after.map(Duration::from_secs) })
            }
            _ => Err(Failure::Refused { status, text: text.into_owned() }),
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> Failure {
        let hopeless = error.is_builder();
        let why =
            format!("the model's endpoint {} cannot be reached: {}", known::shown_url(&self.url), describe(error));
        if hopeless {
            return Failure::Final(self.clean(&why));
        }
        Failure::Again { why: self.clean(&why), after: None }
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

    fn excerpt(&self, text: &str) -> String {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let message = value.pointer("/error/message").or_else(|| value.get("message")).or_else(|| value.get("error"));
        let text = message.and_then(Value::as_str).unwrap_or(text);
        if text.trim().is_empty() { "no reason given".into() } else { cut(&self.clean(text.trim()), 300) }
    }

    fn clean(&self, text: &str) -> String {
        redact_known(&visible(text), &self.secrets)
    }
}

/// Whether an endpoint refuses tools as such.
fn about_tools(status: StatusCode, text: &str) -> bool {
    let text = text.to_lowercase();
    let mentions =
        ["tools", "tool_choice", "tool use", "tool call", "function call"].iter().any(|word| text.contains(word));
    matches!(status.as_u16(), 400 | 404 | 422 | 501) && mentions
}
