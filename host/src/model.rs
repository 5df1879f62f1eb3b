//! The model: asks OpenAI-compatible endpoints what to do about an incident and reads the answer as data.
//!
//! Endpoints are asked in their order, the next one where one gives no usable answer. The request is made from
//! the incident alone, by pure functions ([`prompt`]), in the way that the endpoint takes ([`profile`]), and the
//! answer is read by pure functions ([`decision`]); between them lies one file that sends. What the model
//! says is a wish: it can look through read-only tools and propose changes, and nothing else. Every
//! way of not answering ends in a sentence for people. No secret goes in: all text is redacted.

mod alias;
mod answers;
mod budget;
mod chat;
mod check;
mod choice;
mod conversation;
pub mod costs;
mod decision;
mod endpoint;
mod evidence;
mod kept;
mod known;
mod names;
mod offer;
mod order;
mod price;
mod profile;
mod prompt;
mod refusal;
mod request;
mod send;
mod signature;
mod stagnation;
mod stream;
#[cfg(test)]
mod tests;
mod wire;
mod words;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::time::Instant;

pub use budget::{Budget, DayBudget, DayLimits, Scope, Which, Whose, today};
pub use check::CheckedEndpoint;
pub use offer::Form;
pub use price::{Price, amount};
pub use profile::{Limit, Wants};

use crate::domain::entry::{Answer, Original, Reused, Share, Usage};
use crate::domain::text::cut;
use crate::domain::{Catalogue, Incident};
use crate::ports::{Alike, Asked, Clock, Model, Spending, Spoke, Talk, Tried};
use crate::redact::{redact, visible};
use alias::Aliases;
use answers::Answers;
use budget::{Saved, Scopes};
use endpoint::{Endpoint, Silence};
use profile::Profile;
use prompt::Shape;

/// Reads the answer of an endpoint, for tests of the whole that ask none.
///
/// # Errors
/// When it holds no answer: a sentence.
pub fn read_answer(body: &str) -> Result<(), String> {
    match wire::read(body) {
        Ok(_) => Ok(()),
        Err(wire::NoAnswer::Nothing(why) | wire::NoAnswer::Error { text: why, .. }) => Err(why),
    }
}

/// How much of the model's own words is kept, in bytes.
const WORDS: usize = 4096;

/// The endpoints and what an incident may cost.
#[derive(Clone)]
pub struct Options {
    /// The endpoints in the order in which they are asked.
    pub endpoints: Vec<EndpointOptions>,
    /// What an incident may cost.
    pub budget: Budget,
    /// How long an answer may be used again for the same trouble; none for never.
    pub reuse: Option<Duration>,
    /// Whether names, hosts and addresses are replaced before anything is sent.
    pub anonymise: bool,
    /// `en` or `zh`: what its account of the incident is written in.
    pub language: String,
}

/// One endpoint and what it may cost.
#[derive(Clone)]
pub struct EndpointOptions {
    /// The endpoint up to `/v1`.
    pub url: String,
    /// The model's name.
    pub name: String,
    /// The endpoint's key, where it wants one. Never shown.
    pub key: Option<Arc<str>>,
    /// The header that the key stands in; without one, `Authorization: Bearer`.
    pub key_header: Option<String>,
    /// How long one request may take.
    pub timeout: Duration,
    /// How long a stream that has begun may say nothing.
    pub idle: Duration,
    /// Tokens of one answer.
    pub max_tokens: u64,
    /// What is known of it; anything else is learnt.
    pub wants: Wants,
    /// Members that are added to every request.
    pub extra_body: Map<String, Value>,
    /// What it may cost a day.
    pub budget: DayBudget,
    /// What its tokens cost; none where nobody says so.
    pub price: Option<Price>,
}

impl Default for EndpointOptions {
    fn default() -> Self {
        Self {
            url: String::new(),
            name: String::new(),
            key: None,
            key_header: None,
            timeout: Duration::from_secs(120),
            idle: Duration::from_secs(45),
            max_tokens: 2048,
            wants: Wants::default(),
            extra_body: Map::new(),
            budget: DayBudget::default(),
            price: None,
        }
    }
}

/// No model: everything that would need one goes to people.
pub struct Unconfigured;

impl Model for Unconfigured {
    fn configured(&self) -> bool {
        false
    }

    fn ask<'a>(
        &'a self,
        _: &'a Incident,
        _: &'a Catalogue,
        _: &'a [Tried],
    ) -> BoxFuture<'a, Result<Asked, (String, Usage)>> {
        Box::pin(async { Err(("no language model is configured".into(), Usage::default())) })
    }
}

/// Models behind endpoints.
pub struct Client {
    endpoints: Vec<Endpoint>,
    budget: Budget,
    scopes: Scopes,
    answers: Answers,
    saved: Saved,
    reuse: Option<Duration>,
    anonymise: bool,
    language: String,
    clock: Arc<dyn Clock>,
}

/// What is asked of one endpoint.
struct Question<'a> {
    incident: &'a Incident,
    catalogue: &'a Catalogue,
    tried: &'a [Tried],
    started: Instant,
    /// Another endpoint can be asked where this one brings nothing.
    others: bool,
}

/// What a question says about the endpoint.
enum Heard {
    /// It answers, whatever it said.
    Answered,
    /// It did not answer in time.
    Missed,
    /// It did not answer in less time than is its own.
    Hurried,
}

/// Why an endpoint brought nothing.
enum Ended {
    /// Another one may do better.
    Next(String),
    /// It was not asked, because it is left alone or has spent its day.
    PassedOver(String),
    /// No other one can.
    For(String),
}

impl Client {
    /// Makes the client; sends nothing.
    ///
    /// # Errors
    /// When the options cannot work, as a sentence with the place of the endpoint in their order.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Result<Self, (usize, String)> {
        let labels = Endpoint::labels(&options.endpoints);
        let made = options.endpoints.into_iter().zip(labels).enumerate();
        let made = made.map(|(place, (options, label))| {
            Endpoint::new(options, label, Arc::clone(&clock)).map_err(|why| (place, why))
        });
        let endpoints = made.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            endpoints,
            budget: options.budget,
            scopes: Scopes::default(),
            answers: Answers::default(),
            saved: Saved::default(),
            reuse: options.reuse,
            anonymise: options.anonymise,
            language: options.language,
            clock,
        })
    }

    /// Since when it has to be told what happened: the day began, or an answer can still be used again.
    pub fn remembers_since(&self, now: Timestamp) -> Timestamp {
        let window = self.reuse.and_then(|window| now.checked_sub(window).ok());
        window.unwrap_or(now).min(today(now))
    }

    /// Counts what a question about an incident cost, so that a restart does not open the day's budgets
    /// anew. What an endpoint cost that is no longer configured counts for the incident's source and rule alone.
    pub fn restore(&self, asked: &costs::AskedAbout) {
        let costs::AskedAbout { incident, at, usage, reused } = asked;
        let at = *at;
        reused.iter().for_each(|reused| self.saved.count(at, reused));
        self.scopes.spend(at, budget::scope_of(incident), usage);
        for share in &usage.shares {
            let known = self.endpoints.iter().filter(|endpoint| endpoint.label == share.model);
            known.for_each(|endpoint| endpoint.restore(at, share));
        }
    }

    /// Counts what a question in a conversation cost, so that a restart does not open the day's budgets anew.
    pub fn restore_chat(&self, at: Timestamp, usage: &Usage) {
        self.scopes.spend(at, chat::SCOPE, usage);
        for share in &usage.shares {
            let known = self.endpoints.iter().filter(|endpoint| endpoint.label == share.model);
            known.for_each(|endpoint| endpoint.restore(at, share));
        }
    }

    async fn answer(
        &self,
        incident: &Incident,
        catalogue: &Catalogue,
        tried: &[Tried],
    ) -> Result<Asked, (String, Usage)> {
        let started = Instant::now();
        let mut usage = Usage::default();
        let scope = budget::scope_of(incident);
        self.scopes.allows(self.clock.now(), &self.budget.scopes, scope).map_err(|why| (why, Usage::default()))?;
        let mut whys: Vec<String> = Vec::new();
        let mut order = order::of(&self.endpoints, incident, self.clock.elapsed()).into_iter();
        while let Some(endpoint) = order.next() {
            let question = Question {
                incident,
                catalogue,
                tried,
                started,
                others: order::any(order.as_slice(), self.clock.elapsed()),
            };
            let last = order.as_slice().is_empty();
            match self.ask_one(endpoint, &question, &mut usage).await {
                Ok(asked) => return Ok(asked),
                Err(Ended::For(why)) => {
                    whys.push(why);
                    break;
                }
                Err(Ended::PassedOver(why)) => {
                    // On every question it would be said again and again.
                    if !endpoint.passed_over.swap(true, Ordering::Relaxed) && !last {
                        tracing::warn!("{why}; the next endpoint is asked");
                    }
                    whys.push(why);
                }
                Err(Ended::Next(why)) => {
                    let why = if self.endpoints.len() > 1 { format!("{}: {why}", endpoint.label) } else { why };
                    if !last {
                        tracing::warn!("{why}; the next endpoint is asked");
                    }
                    whys.push(why);
                }
            }
        }
        if whys.is_empty() {
            whys.push("no endpoint of a language model is configured".into());
        }
        Err((whys.join("; "), usage))
    }

    /// Asks one endpoint, unless it is left alone or may cost no more today.
    async fn ask_one(&self, endpoint: &Endpoint, question: &Question<'_>, usage: &mut Usage) -> Result<Asked, Ended> {
        let label = &endpoint.label;
        let spent = self.budget.allows(question.incident, usage, question.started.elapsed());
        spent.map_err(Ended::For)?;
        let admitted = endpoint.admit().map_err(Ended::PassedOver)?;
        let affordable = endpoint.affordable();
        affordable
            .map_err(|why| Ended::PassedOver(if self.endpoints.len() > 1 { format!("{label}: {why}") } else { why }))?;
        let (mut heard, before) = (Heard::Answered, usage.calls);
        let answer = self.ask_within_bounds(endpoint, question, usage, &mut heard).await;
        let told = match heard {
            Heard::Missed => admitted.missed(self.clock.elapsed()),
            Heard::Answered if usage.calls > before => {
                admitted.answered();
                true
            }
            // Nothing was sent, or there was less time for it than is its own: that says nothing about it.
            _ => false,
        };
        if told {
            endpoint.passed_over.store(false, Ordering::Relaxed);
        }
        answer
    }

    async fn ask_within_bounds(
        &self,
        endpoint: &Endpoint,
        question: &Question<'_>,
        usage: &mut Usage,
        heard: &mut Heard,
    ) -> Result<Asked, Ended> {
        let Question { incident, catalogue, tried, started, others } = *question;
        let until = started + self.budget.time_left(incident);
        let deadline = order::deadline(Instant::now(), until, endpoint.options.timeout, others);
        let mut told: Vec<Value> = Vec::new();
        let mut unreadable: Option<String> = None;
        let mut circles = false;
        let last = self.budget.is_last(incident);
        let aliases = self.anonymise.then(|| Aliases::of(incident));
        // What was changed for other incidents this one does not name.
        let nameless = |tried: &Tried| match &tried.alike {
            Alike::Alert { .. } => Tried { alike: Alike::Alert { target: "an object".into() }, ..tried.clone() },
            Alike::Cause(_) => tried.clone(),
        };
        let hidden: Vec<Tried> = aliases.iter().flat_map(|_| tried.iter().map(nameless)).collect();
        let tried = if aliases.is_some() { &hidden } else { tried };
        let shown = aliases.as_ref().map(|_| known::nameless(incident));
        let build = |profile: &Profile| {
            let shape = Shape {
                form: profile.tools,
                language: &self.language,
                bytes: profile.bytes,
                by: &endpoint.label,
                last,
                tried,
            };
            let mut prompt = prompt::build(shown.as_ref().unwrap_or(incident), catalogue, &shape);
            if let Some(aliases) = &aliases {
                aliases.hide_messages(&mut prompt.messages);
                if let Some(Value::String(system)) =
                    prompt.messages.first_mut().and_then(|first| first.get_mut("content"))
                {
                    system.push_str(alias::TOLD);
                }
            }
            endpoint.offered(prompt.missing, catalogue.tools.len());
            prompt
        };
        // The second round shows the model why its first answer could not be read.
        for _ in 0..2 {
            // Whoever asks has looked at the budgets before the first one.
            if let Some(why) = &unreadable {
                let spent = self.budget.allows(incident, usage, started.elapsed());
                spent.map_err(|_| Ended::For(why.clone()))?;
                endpoint.affordable().map_err(|_| Ended::Next(why.clone()))?;
            }
            let round = endpoint.round(&build, &told, deadline, usage, None).await;
            usage.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (prompt, reply) = match round {
                Ok(round) => round,
                Err(silence) => {
                    let why = match silence {
                        Silence::Late { why, whole } => {
                            *heard = if whole { Heard::Missed } else { Heard::Hurried };
                            why
                        }
                        Silence::Other(why) => why,
                    };
                    return Err(Ended::Next(unreadable.unwrap_or(why)));
                }
            };
            let shown = aliases.as_ref().map(|aliases| aliases.show_reply(&reply));
            match decision::decide(shown.as_ref().unwrap_or(&reply), &prompt.names, catalogue) {
                Ok(decided) if stagnation::stagnates(incident, &decided.answer) => {
                    // It may still know what is wrong.
                    told = prompt::correction(&reply, stagnation::DECIDE);
                    (circles, unreadable) = (true, Some(stagnation::WHY.into()));
                }
                Ok(decided) => {
                    return Ok(Asked {
                        answer: decided.answer,
                        text: cut(&redact(&visible(&decided.words)), WORDS),
                        usage: usage.clone(),
                        original: Some(Box::new(Original {
                            by: endpoint.label.clone(),
                            message: kept::kept(&reply.message),
                            reused: None,
                        })),
                    });
                }
                Err(why) if reply.refusal.is_some() => return Err(Ended::Next(why)),
                Err(why) => {
                    // What it says of the answer is the endpoint's own word, but for the names in it.
                    let said = aliases.as_ref().map_or_else(|| why.clone(), |aliases| aliases.hide(&why));
                    told = prompt::correction(&reply, &said);
                    unreadable = Some(why);
                }
            }
        }
        // Another endpoint would be shown the same.
        let why = unreadable.unwrap_or_else(|| "the model gave no answer".into());
        Err(if circles { Ended::For(why) } else { Ended::Next(why) })
    }
}

impl Model for Client {
    fn configured(&self) -> bool {
        true
    }

    fn reusable(&self, incident: &Incident) -> Option<(Answer, Reused)> {
        let now = self.clock.now();
        let found = self.answers.reusable(incident, now, self.reuse?)?;
        self.saved.count(now, &found.1);
        Some(found)
    }

    fn spending(&self) -> Spending {
        let now = self.clock.now();
        let today = |endpoint: &Endpoint| Share { model: endpoint.label.clone(), ..endpoint.day.today(now) };
        let (reused, saved) = self.saved.today(now);
        Spending { models: self.endpoints.iter().map(today).collect(), saved, reused }
    }

    fn learn(&self, incident: &Incident) {
        if self.reuse.is_some() {
            self.answers.learn(incident);
        }
    }

    fn skipped(&self) -> Option<String> {
        let all: Option<Vec<String>> = self.endpoints.iter().map(Endpoint::skipped).collect();
        all.filter(|all| !all.is_empty()).map(|all| all.join("; "))
    }

    fn problems(&self) -> Vec<String> {
        self.endpoints.iter().flat_map(Endpoint::problems).collect()
    }

    fn ask<'a>(
        &'a self,
        incident: &'a Incident,
        catalogue: &'a Catalogue,
        tried: &'a [Tried],
    ) -> BoxFuture<'a, Result<Asked, (String, Usage)>> {
        Box::pin(async move {
            let answer = self.answer(incident, catalogue, tried).await;
            let usage = answer.as_ref().map_or_else(|(_, usage)| usage, |asked| &asked.usage);
            self.scopes.spend(self.clock.now(), budget::scope_of(incident), usage);
            answer
        })
    }

    fn converse<'a>(&'a self, talk: Talk<'a>) -> BoxFuture<'a, Result<Spoke, (String, Usage)>> {
        Box::pin(async move {
            let spoke = self.converse_with(&talk).await;
            let usage = spoke.as_ref().map_or_else(|(_, usage)| usage, |spoke| &spoke.usage);
            self.scopes.spend(self.clock.now(), chat::SCOPE, usage);
            spoke
        })
    }
}
