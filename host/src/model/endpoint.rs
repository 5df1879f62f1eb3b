//! One endpoint: asks it in the way that it takes, which it learns on the way, within what it may cost a day.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use super::budget::Day;
use super::profile::{LearnedQuirk, LearnedQuirks, Profile, Quirk};
use super::prompt::{self, Prompt};
use super::send::{BrokenOff, SendError, Sender};
use super::text_stream::TextStream;
use super::wire::{self, Reply};
use super::{EndpointOptions, request};
use crate::circuit::{AdmittedCall, Circuit, CircuitOpen};
use crate::domain::entry::{Share, Usage};
use crate::ports::Clock;
use crate::redact::known;

/// How often one question is asked in another way.
const LESSONS: usize = 8;

/// An endpoint.
pub(super) struct Endpoint {
    pub options: EndpointOptions,
    /// What the record and people call it.
    pub label: String,
    pub circuit: Circuit,
    pub day: Day,
    /// It has been said in the log that it is passed over; not said again until it was asked.
    pub passed_over: AtomicBool,
    clock: Arc<dyn Clock>,
    sender: Sender,
    memory: LearnedQuirks,
    /// How many tools had no room in the last prompt, and how many there were.
    left_out: Mutex<(usize, usize)>,
    /// Why it gave no answer when it was asked last; none where it gave one.
    silent: Mutex<Option<String>>,
}

/// Why an endpoint gave no reply.
pub(super) enum NoReply {
    /// Not in time.
    TimedOut {
        why: String,
        /// It had all the time that the configuration gives it.
        whole: bool,
    },
    /// Nobody was left to hear a reply.
    Cancelled,
    /// Anything else.
    Other(String),
}

impl Endpoint {
    pub(super) fn new(options: EndpointOptions, label: String, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let sender = Sender::new(&options)?;
        let (circuit, day, memory) = (Circuit::default(), Day::default(), LearnedQuirks::default());
        Ok(Self {
            options,
            label,
            circuit,
            day,
            passed_over: AtomicBool::default(),
            clock,
            sender,
            memory,
            left_out: Mutex::default(),
            silent: Mutex::default(),
        })
    }

    /// The labels of endpoints: the model's name, with the address where several have that name.
    pub(super) fn labels(all: &[EndpointOptions]) -> Vec<String> {
        let label = |one: &EndpointOptions| {
            let alone = all.iter().filter(|other| other.name == one.name).count() == 1;
            if alone { one.name.clone() } else { format!("{} at {}", one.name, known::shown_url(&one.url)) }
        };
        all.iter().map(label).collect()
    }

    /// How it is asked now, with what it has taught.
    pub(super) fn profile(&self) -> Profile {
        let EndpointOptions { wants, max_tokens, .. } = &self.options;
        let mut profile = Profile::new(wants, *max_tokens, prompt::LONGEST);
        for learnt in self.memory.now(self.clock.elapsed()) {
            profile.follow(learnt.lesson, wants, learnt.size);
        }
        profile
    }

    /// What it has taught that is still remembered.
    pub(super) fn learnt(&self) -> Vec<LearnedQuirk> {
        self.memory.now(self.clock.elapsed())
    }

    /// Remembers how many of all tools had no room in a prompt, and says so in the log when that begins.
    pub(super) fn offered(&self, missing: usize, all: usize) {
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = left_out.0 == 0 && missing > 0;
        *left_out = (missing, all);
        drop(left_out);
        if begins {
            self.left_out().iter().for_each(|why| tracing::warn!("{why}"));
        }
    }

    /// A sentence about tools that had no room in the last prompt.
    fn left_out(&self) -> Option<String> {
        let (missing, all) = *self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        let name = &self.label;
        (missing > 0).then(|| {
            format!(
                "the model {name} is not offered {missing} of {all} tools: there is no room for all; what the incident used comes first, then the servers take turns"
            )
        })
    }

    /// Lets a question through, or says why it is left alone.
    pub(super) fn admit(&self) -> Result<AdmittedCall<'_>, String> {
        self.circuit.admit(self.clock.elapsed()).map_err(|skipped| self.skipped_sentence(skipped))
    }

    /// That it is left alone; none while it can be asked.
    pub(super) fn skipped(&self) -> Option<String> {
        self.circuit.skipped(self.clock.elapsed()).map(|skipped| self.skipped_sentence(skipped))
    }

    fn skipped_sentence(&self, skipped: CircuitOpen) -> String {
        format!("the model {} {skipped}", self.label)
    }

    /// What a person should know of it, a sentence each.
    pub(super) fn problems(&self) -> Vec<String> {
        let spent = self.affordable().err().map(|why| format!("the model {}: {why}", self.label));
        let learnt = self.learnt().into_iter().filter(|learnt| learnt.lesson.matters());
        let learnt = learnt.map(|learnt| learnt.sentence(&self.label));
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let silent = silent.map(|why| format!("the model {} gave no answer when it was asked last: {why}", self.label));
        self.skipped().or(silent).into_iter().chain(spent).chain(learnt).chain(self.left_out()).collect()
    }

    /// Whether the day has room for one more request.
    pub(super) fn affordable(&self) -> Result<(), String> {
        self.day.allows(self.clock.now(), &self.options.budget)
    }

    /// One question: a request, made again as long as a refusal teaches how. `build` makes the prompt for a
    /// profile, `told` is what has been said since.
    pub(super) async fn round(
        &self,
        build: &(dyn Fn(&Profile) -> Prompt + Sync),
        told: &[Value],
        deadline: Instant,
        usage: &mut Usage,
        words: Option<&TextStream<'_>>,
    ) -> Result<(Prompt, Reply), NoReply> {
        let mut profile = self.profile();
        let mut lessons: Vec<LearnedQuirk> = Vec::new();
        loop {
            let prompt = build(&profile);
            let body = request::body(&self.options.name, &prompt, told, &profile, &self.options.extra_body);
            let size = body.to_string().len();
            let mut broken_off = BrokenOff::default();
            let sent = self.sender.send(&body, deadline, words, &mut broken_off).await;
            if let Err(SendError::Learned { lesson, words, why }) = &sent {
                let learnt = LearnedQuirk { lesson: *lesson, words: words.clone(), size };
                if lessons.len() < LESSONS && profile.follow(*lesson, &self.options.wants, size) {
                    tracing::debug!(endpoint = self.label, "{why}; asking in another way");
                    // What is said of a conversation in words is not said of the first request of one.
                    if lesson.lasts() && !(profile.retold && *lesson == Quirk::NoTools) {
                        lessons.push(learnt);
                    }
                    continue;
                }
            }
            let mut tokens = match &sent {
                Ok(reply) => reply.usage.clone().unwrap_or_else(|| wire::estimate(size, reply)),
                Err(_) => Usage::default(),
            };
            wire::add_broken_off(&mut tokens, size, broken_off);
            self.spend(&tokens, usage);
            *self.silent.lock().unwrap_or_else(PoisonError::into_inner) = match &sent {
                Err(SendError::Final(why)) => Some(why.clone()),
                _ => None,
            };
            return match sent {
                Ok(reply) => {
                    self.remember(lessons);
                    Ok((prompt, reply))
                }
                Err(SendError::TimedOut { why, whole }) => Err(NoReply::TimedOut { why, whole }),
                Err(SendError::Cancelled) => Err(NoReply::Cancelled),
                Err(SendError::Learned { why, .. } | SendError::Final(why)) => Err(NoReply::Other(why)),
            };
        }
    }

    /// Counts one request of so many tokens.
    fn spend(&self, tokens: &Usage, usage: &mut Usage) {
        let (prompt_tokens, completion_tokens) = (tokens.prompt_tokens, tokens.completion_tokens);
        let cost_micros = self.options.price.map_or(0, |price| price.of(prompt_tokens, completion_tokens));
        let share = Share { model: self.label.clone(), calls: 1, prompt_tokens, completion_tokens, cost_micros };
        self.day.spend(self.clock.now(), &share);
        usage.spend(share);
    }

    /// Only what has brought an answer was understood rightly.
    fn remember(&self, lessons: Vec<LearnedQuirk>) {
        for learnt in lessons {
            let sentence = learnt.sentence(&self.label);
            if self.memory.learn(learnt, self.clock.elapsed()) {
                tracing::warn!("{sentence}");
            }
        }
    }

    /// Counts what was spent before this process began.
    pub(super) fn restore(&self, at: Timestamp, spent: &Share) {
        self.day.spend(at, spent);
    }
}
