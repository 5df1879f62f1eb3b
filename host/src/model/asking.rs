//! One question, whoever asks it: endpoints in their order, each within the budgets and its time, and each told once why
//! its answer could not be used.

use std::sync::atomic::Ordering;

use serde_json::Value;
use tokio::time::Instant;

use super::alias::{self, Aliases};
use super::endpoint::{Endpoint, NoReply};
use super::names::Names;
use super::profile::Profile;
use super::prompt::{Prompt, Shape};
use super::text_stream::TextStream;
use super::wire::Reply;
use super::{Client, decision, order, prompt, raw_message, stagnation};
use crate::domain::Incident;
use crate::domain::conversation::UNHEARD;
use crate::domain::entry::{RawAnswer, Usage};
use crate::ports::ModelReply;

/// What is asked, whoever is asked, and how an answer is read.
pub(super) struct Question<'a, T> {
    /// The incident, or a question of a conversation in the shape of one: its turns and what it has cost count.
    pub case: &'a Incident,
    /// What that is called where its budget is spent.
    pub what: &'static str,
    /// Of which source it is, and of which rule.
    pub scope: (&'a str, &'a str),
    /// No answer is asked for behind this one.
    pub last: bool,
    /// How many tools there are.
    pub tools: usize,
    /// What no endpoint may be told; none where all may be.
    pub aliases: Option<&'a Aliases>,
    /// Takes the words while they come.
    pub words: Option<&'a TextStream<'a>>,
    /// What is asked for once more where an answer could not be used.
    pub again: &'static str,
    /// Makes the prompt.
    pub build: &'a (dyn Fn(&Shape<'_>) -> Prompt + Sync),
    /// Reads a reply; the error is a sentence that both people and the model can use.
    pub read: &'a Reader<'a, T>,
}

type Reader<'a, T> = dyn Fn(&Reply, &Names) -> Result<ParsedReply<T>, String> + Sync + 'a;

/// What a reply says.
pub(super) enum ParsedReply<T> {
    /// An answer, and the words in it as they are kept.
    Answer(T, String),
    /// An answer that can be used though it lacks something, the words in it, and what it lacks: a sentence that both people
    /// and the model can use.
    Partial(T, String, String),
    /// It asks for what was seen, and did so before.
    Repetition,
}

/// The same for one endpoint.
struct EndpointCall<'a, T> {
    question: &'a Question<'a, T>,
    started: Instant,
    /// Another endpoint can be asked where this one brings nothing.
    others: bool,
}

/// An answer and how it came.
type Answer<T> = (T, String, RawAnswer);

/// What a question says about the endpoint.
enum Responsiveness {
    /// It answers, whatever it said.
    Responded,
    /// It did not answer in time.
    Missed,
    /// It did not answer in less time than is its own, or before nobody was left to hear it.
    CutShort,
}

/// Why an endpoint brought nothing.
enum EndpointFailure {
    /// Another one may do better.
    TryNext(String),
    /// It was not asked, because it is left alone or has spent its day.
    PassedOver(String),
    /// No other one can.
    Final(String),
}

impl Client {
    /// Asks the endpoints in their order until one gives an answer, and counts what that cost. The error says of each
    /// why it gave none.
    pub(super) async fn ask_in_order<T>(&self, question: &Question<'_, T>) -> Result<ModelReply<T>, (String, Usage)> {
        let mut usage = Usage::default();
        let allowed = self.scopes.allows(self.clock.now(), &self.budget.scopes, question.scope);
        let answer = match allowed {
            Ok(()) => self.first_answer(question, &mut usage).await,
            Err(why) => Err(why),
        };
        self.scopes.spend(self.clock.now(), question.scope, &usage);
        match answer {
            Ok((answer, text, original)) => Ok(ModelReply { answer, text, usage, original: Some(Box::new(original)) }),
            Err(why) => Err((why, usage)),
        }
    }

    async fn first_answer<T>(&self, question: &Question<'_, T>, usage: &mut Usage) -> Result<Answer<T>, String> {
        let started = Instant::now();
        let mut whys: Vec<String> = Vec::new();
        let mut order = order::of(&self.endpoints, question.case, self.clock.elapsed()).into_iter();
        while let Some(endpoint) = order.next() {
            let others = order::any(order.as_slice(), self.clock.elapsed());
            let last = order.as_slice().is_empty();
            match self.ask_one(endpoint, &EndpointCall { question, started, others }, usage).await {
                Ok(answer) => return Ok(answer),
                Err(EndpointFailure::Final(why)) => {
                    whys.push(why);
                    break;
                }
                Err(EndpointFailure::PassedOver(why)) => {
                    // On every question it would be said again and again.
                    if !endpoint.passed_over.swap(true, Ordering::Relaxed) && !last {
                        tracing::warn!("{why}; the next endpoint is asked");
                    }
                    whys.push(why);
                }
                Err(EndpointFailure::TryNext(why)) => {
                    let why = self.of_endpoint(endpoint, why);
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
        Err(whys.join("; "))
    }

    /// A sentence about an endpoint, which names it where there are several.
    fn of_endpoint(&self, endpoint: &Endpoint, why: String) -> String {
        if self.endpoints.len() > 1 { format!("{}: {why}", endpoint.label) } else { why }
    }

    /// Asks one endpoint, unless it is left alone or may cost no more today.
    async fn ask_one<T>(
        &self,
        endpoint: &Endpoint,
        asking: &EndpointCall<'_, T>,
        usage: &mut Usage,
    ) -> Result<Answer<T>, EndpointFailure> {
        self.allows(asking, usage).map_err(EndpointFailure::Final)?;
        let admitted = endpoint.admit().map_err(EndpointFailure::PassedOver)?;
        endpoint.affordable().map_err(|why| EndpointFailure::PassedOver(self.of_endpoint(endpoint, why)))?;
        let (mut heard, before) = (Responsiveness::Responded, usage.calls);
        let mut part = None;
        let answer = match (self.rounds(endpoint, asking, usage, &mut heard, &mut part).await, part) {
            // What it says is worth more than nothing, or than what an endpoint behind it may say.
            (Err(_), Some((answer, lacks))) => {
                tracing::warn!("{}; it is taken as it is", self.of_endpoint(endpoint, lacks));
                Ok(answer)
            }
            (answer, _) => answer,
        };
        let told = match heard {
            Responsiveness::Missed => admitted.missed(self.clock.elapsed()),
            Responsiveness::Responded if usage.calls > before => {
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

    fn allows<T>(&self, asking: &EndpointCall<'_, T>, usage: &Usage) -> Result<(), String> {
        let Question { case, what, .. } = asking.question;
        self.budget.allows(case, what, usage, asking.started.elapsed())
    }

    async fn rounds<T>(
        &self,
        endpoint: &Endpoint,
        asking: &EndpointCall<'_, T>,
        usage: &mut Usage,
        heard: &mut Responsiveness,
        part: &mut Option<(Answer<T>, String)>,
    ) -> Result<Answer<T>, EndpointFailure> {
        let EndpointCall { question, started, others } = *asking;
        let until = started + self.budget.time_left(question.case);
        let deadline = order::deadline(Instant::now(), until, endpoint.options.timeout, others);
        let build = |profile: &Profile| self.prompt(endpoint, question, profile);
        let mut told: Vec<Value> = Vec::new();
        let mut unusable: Option<String> = None;
        let mut circles = false;
        // The second round shows the model why its first answer could not be used.
        for _ in 0..2 {
            // Whoever asks has looked at the budgets before the first one.
            if let Some(why) = &unusable {
                self.allows(asking, usage).map_err(|_| EndpointFailure::Final(why.clone()))?;
                endpoint.affordable().map_err(|_| EndpointFailure::TryNext(why.clone()))?;
            }
            let round = endpoint.round(&build, &told, deadline, usage, question.words).await;
            usage.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (prompt, reply) = match round {
                Ok(round) => round,
                Err(NoReply::TimedOut { why, whole }) => {
                    *heard = if whole { Responsiveness::Missed } else { Responsiveness::CutShort };
                    return Err(EndpointFailure::TryNext(unusable.unwrap_or(why)));
                }
                Err(NoReply::Cancelled) => {
                    *heard = Responsiveness::CutShort;
                    return Err(EndpointFailure::Final(UNHEARD.into()));
                }
                Err(NoReply::Other(why)) => return Err(EndpointFailure::TryNext(unusable.unwrap_or(why))),
            };
            let shown = question.aliases.map(|aliases| aliases.show_reply(&reply));
            let original = || RawAnswer {
                by: endpoint.label.clone(),
                message: raw_message::capture(&reply.message),
                reused: None,
            };
            let why = match (question.read)(shown.as_ref().unwrap_or(&reply), &prompt.names) {
                Ok(ParsedReply::Answer(answer, text)) => return Ok((answer, text, original())),
                Ok(ParsedReply::Partial(answer, text, lacks)) => {
                    told = prompt::correction(&reply, &lacks, question.again);
                    *part = Some(((answer, text, original()), lacks.clone()));
                    lacks
                }
                // It may still know what is wrong.
                Ok(ParsedReply::Repetition) => {
                    told = prompt::correction(&reply, stagnation::DECIDE, question.again);
                    circles = true;
                    stagnation::WHY.to_string()
                }
                Err(why) if reply.refusal.is_some() => return Err(EndpointFailure::TryNext(why)),
                Err(why) => {
                    // What it says of the answer is the endpoint's own word, but for the names in it.
                    let said = question.aliases.map_or_else(|| why.clone(), |aliases| aliases.hide(&why));
                    told = prompt::correction(&reply, &said, question.again);
                    why.split(decision::TAKES).next().unwrap_or_default().to_string()
                }
            };
            unusable = Some(why);
        }
        let why = unusable.unwrap_or_else(|| "the model gave no answer".into());
        // Another endpoint would be shown the same.
        Err(if circles { EndpointFailure::Final(why) } else { EndpointFailure::TryNext(why) })
    }

    /// The prompt as this endpoint takes it, without what it may not be told.
    fn prompt<T>(&self, endpoint: &Endpoint, question: &Question<'_, T>, profile: &Profile) -> Prompt {
        let mut prompt = (question.build)(&Shape {
            form: profile.tools,
            language: &self.language,
            bytes: profile.bytes,
            by: &endpoint.label,
            last: question.last,
        });
        if let Some(aliases) = question.aliases {
            aliases.hide_messages(&mut prompt.messages);
            let system = prompt.messages.first_mut().and_then(|first| first.get_mut("content"));
            if let Some(Value::String(system)) = system {
                system.push_str(alias::TOLD);
            }
        }
        endpoint.offered(prompt.missing, question.tools);
        prompt
    }
}
