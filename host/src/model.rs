//! The model: asks an OpenAI-compatible endpoint what to do about an incident and reads its
//! answer as data.
//!
//! The request is made from the incident alone, by pure functions ([`prompt`]), and the answer is
//! read by pure functions ([`decision`]); between them lies one file that sends. What the model
//! says is a wish: it can look through read-only tools and propose changes, and nothing else. Every
//! way of not answering ends in a sentence for people. No secret goes in: all text is redacted.

mod budget;
mod conversation;
mod decision;
mod evidence;
mod names;
mod offer;
mod prompt;
mod send;
mod stagnation;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

pub use budget::{Budget, today};

/// Reads the answer of an endpoint, for tests of the whole that ask none.
///
/// # Errors
/// When it holds no answer: a sentence.
pub fn read_answer(body: &str) -> Result<(), String> {
    wire::read(body).map(|_| ())
}

use crate::circuit::{Circuit, Skipped};
use crate::domain::entry::Usage;
use crate::domain::incident::ModelLog;
use crate::domain::text::cut;
use crate::domain::{Catalogue, Incident};
use crate::ports::{Asked, Clock, Model};
use crate::redact::{redact, visible};
use offer::Form;
use prompt::Shape;
use send::{Sender, Trouble};

/// How much of the model's own words is kept, in bytes.
const WORDS: usize = 4096;

/// The endpoint and what it may cost.
#[derive(Clone)]
pub struct Options {
    /// The endpoint up to `/v1`.
    pub url: String,
    /// The model's name.
    pub name: String,
    /// The endpoint's key, where it wants one. Never shown.
    pub key: Option<Arc<str>>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Tokens of one answer.
    pub max_tokens: u64,
    /// Bytes of one prompt without the tools.
    pub prompt_bytes: usize,
    /// What it may cost in total.
    pub budget: Budget,
    /// `en` or `zh`: what its account of the incident is written in.
    pub language: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            url: String::new(),
            name: String::new(),
            key: None,
            timeout: Duration::from_secs(120),
            max_tokens: 2048,
            prompt_bytes: 48 * 1024,
            budget: Budget::default(),
            language: "en".into(),
        }
    }
}

/// No model: everything that would need one goes to people.
pub struct Unconfigured;

impl Model for Unconfigured {
    fn configured(&self) -> bool {
        false
    }

    fn ask<'a>(&'a self, _: &'a Incident, _: &'a Catalogue) -> BoxFuture<'a, Result<Asked, (String, Usage)>> {
        Box::pin(async { Err(("no language model is configured".into(), Usage::default())) })
    }
}

/// A model behind an endpoint.
pub struct Client {
    options: Options,
    clock: Arc<dyn Clock>,
    sender: Sender,
    day: budget::Day,
    /// The endpoint does not take tools; they are described in the text.
    plain: AtomicBool,
    circuit: Circuit,
}

impl Client {
    /// Makes the client; sends nothing.
    ///
    /// # Errors
    /// When the options cannot work, as a sentence.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let sender = Sender::new(&options)?;
        Ok(Self {
            options,
            clock,
            sender,
            day: budget::Day::default(),
            plain: AtomicBool::new(false),
            circuit: Circuit::default(),
        })
    }

    /// Counts what an incident has cost on the day of `at`, so that a restart does not open the day's
    /// budget anew. What it cost on earlier days counts as well: rather too much than too little.
    pub fn restore(&self, at: Timestamp, log: &ModelLog) {
        let ModelLog { calls, prompt_tokens, completion_tokens, took_ms, .. } = *log;
        self.day.spend(at, &Usage { calls, prompt_tokens, completion_tokens, took_ms });
    }

    async fn answer(&self, incident: &Incident, catalogue: &Catalogue) -> Result<Asked, (String, Usage)> {
        let admitted = self.circuit.admit(self.clock.elapsed());
        let admitted = admitted.map_err(|skipped| (self.is_left_alone(skipped), Usage::default()))?;
        let mut missed = false;
        let answer = self.ask_within_bounds(incident, catalogue, &mut missed).await;
        match &answer {
            _ if missed => admitted.missed(self.clock.elapsed()),
            Ok(_) => admitted.answered(),
            Err((_, usage)) if usage.calls > 0 => admitted.answered(),
            // Nothing was sent, which says nothing about the endpoint.
            Err(_) => {}
        }
        answer
    }

    fn is_left_alone(&self, skipped: Skipped) -> String {
        format!("the model {} {skipped}", self.options.name)
    }

    async fn ask_within_bounds(
        &self,
        incident: &Incident,
        catalogue: &Catalogue,
        missed: &mut bool,
    ) -> Result<Asked, (String, Usage)> {
        let started = Instant::now();
        let left = self.options.budget.time_left(incident);
        let deadline = started + left.min(self.options.timeout * 2);
        let mut usage = Usage::default();
        let mut told: Vec<Value> = Vec::new();
        let mut unreadable = None;
        // The second round shows the model why its first answer could not be read.
        for _ in 0..2 {
            let within = self.options.budget.allows(incident, &usage);
            if let Err(why) = within.and_then(|()| self.day.allows(self.clock.now(), &self.options.budget)) {
                return Err((unreadable.unwrap_or(why), usage));
            }
            let round = self.round(incident, catalogue, &told, deadline, &mut usage).await;
            usage.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (prompt, reply) = match round {
                Ok(round) => round,
                Err(Trouble::Late(why)) => {
                    *missed = true;
                    return Err((unreadable.unwrap_or(why), usage));
                }
                Err(Trouble::NoTools(why) | Trouble::Final(why)) => return Err((unreadable.unwrap_or(why), usage)),
            };
            match decision::decide(&reply, &prompt.names, catalogue) {
                Ok(decided) if stagnation::stagnates(incident, &decided.answer) => {
                    let why = "the model asks again for what it has already seen and gets no further";
                    return Err((why.into(), usage));
                }
                Ok(decided) => {
                    let text = cut(&redact(&visible(&decided.words)), WORDS);
                    return Ok(Asked { answer: decided.answer, text, usage });
                }
                Err(why) if reply.refusal.is_some() => return Err((why, usage)),
                Err(why) => {
                    told = prompt::correction(&reply, &why);
                    unreadable = Some(why);
                }
            }
        }
        Err((unreadable.unwrap_or_else(|| "the model gave no answer".into()), usage))
    }

    /// One request, with whatever the endpoint needs it to look like.
    async fn round(
        &self,
        incident: &Incident,
        catalogue: &Catalogue,
        told: &[Value],
        deadline: Instant,
        usage: &mut Usage,
    ) -> Result<(prompt::Prompt, wire::Reply), Trouble> {
        loop {
            let form = if self.plain.load(Ordering::Relaxed) { Form::Text } else { Form::Native };
            let shape = Shape { form, language: &self.options.language, bytes: self.options.prompt_bytes };
            let prompt = prompt::build(incident, catalogue, &shape);
            let messages: Vec<Value> = prompt.messages.iter().chain(told).cloned().collect();
            let mut body = json!({"model": self.options.name, "messages": messages, "stream": false});
            if let Some(body) = body.as_object_mut().filter(|_| !prompt.tools.is_empty()) {
                body.insert("tools".into(), Value::Array(prompt.tools.clone()));
            }
            let size = body.to_string().len();
            let sent = self.sender.send(body, deadline).await;
            let spent = match &sent {
                Ok(reply) => reply.usage.unwrap_or_else(|| wire::estimate(size, reply)),
                // What a request costs that breaks off is not known; it is counted as a call.
                Err(_) => Usage::default(),
            };
            let spent = Usage { calls: 1, ..spent };
            usage.calls += spent.calls;
            usage.prompt_tokens += spent.prompt_tokens;
            usage.completion_tokens += spent.completion_tokens;
            self.day.spend(self.clock.now(), &spent);
            match sent {
                Ok(reply) => return Ok((prompt, reply)),
                Err(Trouble::NoTools(why)) if form == Form::Native => {
                    tracing::warn!("the model's endpoint takes no tools, they are described in the text: {why}");
                    self.plain.store(true, Ordering::Relaxed);
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }
}

impl Model for Client {
    fn configured(&self) -> bool {
        true
    }

    fn skipped(&self) -> Option<String> {
        self.circuit.skipped(self.clock.elapsed()).map(|skipped| self.is_left_alone(skipped))
    }

    fn ask<'a>(
        &'a self,
        incident: &'a Incident,
        catalogue: &'a Catalogue,
    ) -> BoxFuture<'a, Result<Asked, (String, Usage)>> {
        Box::pin(self.answer(incident, catalogue))
    }
}
