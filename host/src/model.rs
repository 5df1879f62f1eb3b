//! The model: asks OpenAI-compatible endpoints what to do about an incident and reads the answer as data.
//!
//! Endpoints are asked in their order, the next one where one gives no usable answer. The request is made from
//! the incident alone, by pure functions ([`prompt`]), in the way that the endpoint takes ([`profile`]), and the
//! answer is read by pure functions ([`decision`]); between them lies one file that sends. What the model
//! says is a wish: it can look through read-only tools and propose changes, and nothing else. Every
//! way of not answering ends in a sentence for people. No secret goes in: all text is redacted.

mod alias;
mod answer_cache;
mod asking;
mod budget;
mod chat;
mod check;
mod choice;
mod conversation;
pub mod costs;
mod decision;
mod endpoint;
mod evidence;
mod knowledge;
mod names;
mod offer;
mod order;
mod price;
mod profile;
mod prompt;
mod raw_message;
mod refusal;
mod request;
mod send;
mod signature;
mod stagnation;
mod stream;
#[cfg(test)]
mod tests;
mod text_stream;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Map, Value};

pub use budget::{Budget, DayBudget, DayLimits, Scope, ScopeKind, ScopeName, today};
pub use check::EndpointReport;
pub use offer::OfferForm;
pub use price::{Price, amount};
pub use profile::{Limit, ProfileOptions};

use crate::domain::entry::{ModelAnswer, ReusedAnswer, Share, Usage};
use crate::domain::text::truncate;
use crate::domain::{Catalogue, Incident};
use crate::ports::{ChatReply, ChatRequest, Clock, Model, ModelReply, Spending, TrackRecord};
use crate::redact::{redact, visible};
use alias::Aliases;
use answer_cache::AnswerCache;
use asking::{ParsedReply, Question};
use budget::{Savings, Scopes};
use endpoint::Endpoint;
use names::Names;
use prompt::Shape;
use wire::Reply;

/// Reads the answer of an endpoint, for tests of the whole that ask none.
///
/// # Errors
/// When it holds no answer: a sentence.
pub fn read_answer(body: &str) -> Result<(), String> {
    match wire::read(body) {
        Ok(_) => Ok(()),
        Err(wire::InvalidResponse::Empty(why) | wire::InvalidResponse::Error { text: why, .. }) => Err(why),
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
    pub wants: ProfileOptions,
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
            wants: ProfileOptions::default(),
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
        _: &'a [TrackRecord],
    ) -> BoxFuture<'a, Result<ModelReply, (String, Usage)>> {
        Box::pin(async { Err(("no language model is configured".into(), Usage::default())) })
    }
}

/// Models behind endpoints.
pub struct Client {
    endpoints: Vec<Endpoint>,
    budget: Budget,
    scopes: Scopes,
    answers: AnswerCache,
    saved: Savings,
    reuse: Option<Duration>,
    anonymise: bool,
    language: String,
    clock: Arc<dyn Clock>,
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
            answers: AnswerCache::default(),
            saved: Savings::default(),
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
    pub fn restore(&self, asked: &costs::ModelQuestion) {
        let costs::ModelQuestion { incident, at, usage, reused } = asked;
        reused.iter().for_each(|reused| self.saved.count(*at, reused));
        self.count(*at, budget::scope_of(incident), usage);
    }

    /// Counts what a question in a conversation cost, so that a restart does not open the day's budgets anew.
    pub fn restore_chat(&self, at: Timestamp, usage: &Usage) {
        self.count(at, chat::SCOPE, usage);
    }

    fn count(&self, at: Timestamp, scope: (&str, &str), usage: &Usage) {
        self.scopes.spend(at, scope, usage);
        for share in &usage.shares {
            let known = self.endpoints.iter().filter(|endpoint| endpoint.label == share.model);
            known.for_each(|endpoint| endpoint.restore(at, share));
        }
    }

    async fn investigate(
        &self,
        incident: &Incident,
        catalogue: &Catalogue,
        tried: &[TrackRecord],
    ) -> Result<ModelReply, (String, Usage)> {
        let aliases = self.anonymise.then(|| Aliases::of(incident));
        let hidden = aliases.as_ref().map(|_| knowledge::nameless(incident, tried));
        let (shown, tried) = hidden.as_ref().map_or((incident, tried), |(shown, tried)| (shown, tried.as_slice()));
        let read = |reply: &Reply, names: &Names| {
            let decided = decision::decide(reply, names, catalogue)?;
            if stagnation::stagnates(incident, &decided.answer) {
                return Ok(ParsedReply::Repetition);
            }
            let words = said(&decided.words, WORDS);
            Ok(match decided.lacks {
                Some(lacks) => ParsedReply::Partial(decided.answer, words, lacks),
                None => ParsedReply::Answer(decided.answer, words),
            })
        };
        self.ask_in_order(&Question {
            case: incident,
            what: "one incident",
            scope: budget::scope_of(incident),
            last: self.budget.is_last(incident),
            tools: catalogue.tools.len(),
            aliases: aliases.as_ref(),
            words: None,
            again: "Answer again, with one tool call or one fenced YAML decision and nothing else.",
            build: &|shape: &Shape<'_>| prompt::build(shown, catalogue, tried, shape),
            read: &read,
        })
        .await
    }
}

/// Words of a model as they are kept.
fn said(words: &str, most: usize) -> String {
    truncate(&redact(&visible(words)), most)
}

impl Model for Client {
    fn configured(&self) -> bool {
        true
    }

    fn reusable(&self, incident: &Incident) -> Option<(ModelAnswer, ReusedAnswer)> {
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
        tried: &'a [TrackRecord],
    ) -> BoxFuture<'a, Result<ModelReply, (String, Usage)>> {
        Box::pin(self.investigate(incident, catalogue, tried))
    }

    fn converse<'a>(&'a self, talk: ChatRequest<'a>) -> BoxFuture<'a, Result<ChatReply, (String, Usage)>> {
        Box::pin(async move { self.converse_with(&talk).await })
    }
}
