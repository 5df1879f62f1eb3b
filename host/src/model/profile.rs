//! What one endpoint takes: set by the configuration where somebody wanted that, learnt from its refusals
//! otherwise.
//!
//! A lesson is tried on the request that was refused, and remembered only if that brought an answer. After a
//! while it is forgotten, so that an endpoint that has changed is asked in the better way again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use super::offer::OfferForm;

/// How long a lesson is remembered.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// Fewest bytes of a request: with less there is no room for an incident.
const LEAST: usize = 6 * 1024;
/// Fewest tokens of an answer: with less no decision fits in.
const LEAST_ANSWER: u64 = 256;

/// The name of the limit of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// `max_tokens`, which all but some take.
    MaxTokens,
    /// `max_completion_tokens`, which models of OpenAI that think want.
    MaxCompletionTokens,
    /// None is sent.
    None,
}

/// What the configuration says about an endpoint; what it leaves open is learnt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileOptions {
    /// Whether tools are offered in the field for it, or described in the text.
    pub tools: Option<OfferForm>,
    /// Whether `tool_choice` is sent.
    pub tool_choice: Option<bool>,
    /// Whether one answer may hold several calls.
    pub parallel_calls: Option<bool>,
    /// Whether answers are asked for as streams.
    pub stream: Option<bool>,
    /// Whether there are system messages.
    pub system: Option<bool>,
    /// The temperature; `Some(None)` sends none.
    pub temperature: Option<Option<f64>>,
    /// The name of the answer's limit.
    pub limit: Option<Limit>,
    /// Whether members that only the endpoint understands go back to it.
    pub members: Option<bool>,
    /// How many tokens request and answer may have together.
    pub context: Option<u64>,
}

/// How a request is made for an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Profile {
    pub tools: OfferForm,
    pub tool_choice: bool,
    pub parallel_calls: bool,
    pub stream: bool,
    /// What an answer cost is asked for at the end of its stream.
    pub stream_usage: bool,
    pub system: bool,
    pub temperature: Option<f64>,
    pub limit: Limit,
    pub members: bool,
    /// Ids of calls are nine letters and digits.
    pub short_ids: bool,
    /// Earlier turns are told in words, without calls.
    pub retold: bool,
    /// Tokens of one answer.
    pub max_tokens: u64,
    /// Bytes of one request.
    pub bytes: usize,
}

/// What a refusal teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quirk {
    /// It takes no tools.
    NoTools,
    /// It wants `tool_choice` said.
    ToolChoice,
    /// One call in a message.
    OneCall,
    /// It answers in streams only.
    StreamOnly,
    /// It gives no streams, or none that hold an answer.
    NoStream,
    /// It does not say in a stream what an answer cost.
    NoStreamUsage,
    /// No system messages.
    NoSystem,
    /// No temperature of one's own.
    NoTemperature,
    /// Another name for the answer's limit.
    NewLimit,
    /// The usual name for it.
    OldLimit,
    /// Nothing in messages that it does not know.
    NoMembers,
    /// Ids of nine letters and digits.
    ShortIds,
    /// Less in a request: at most so many tokens together with the answer, where it said how many.
    TooLong(Option<u64>),
    /// At most so many tokens in an answer.
    ShortAnswer(u64),
    /// Not understood; earlier turns may do in words. Never remembered.
    Retell,
    /// Not understood; tools may do in words. Never remembered.
    InWords,
}

impl Profile {
    /// The way that most endpoints take, with what the configuration says.
    pub(super) fn new(wants: &ProfileOptions, max_tokens: u64, bytes: usize) -> Self {
        let mut profile = Self {
            tools: wants.tools.unwrap_or(OfferForm::Native),
            tool_choice: wants.tool_choice.unwrap_or(false),
            parallel_calls: wants.parallel_calls.unwrap_or(true),
            stream: wants.stream.unwrap_or(true),
            stream_usage: true,
            system: wants.system.unwrap_or(true),
            temperature: wants.temperature.unwrap_or(Some(0.0)),
            limit: wants.limit.unwrap_or(Limit::MaxTokens),
            members: wants.members.unwrap_or(true),
            short_ids: false,
            retold: false,
            max_tokens,
            bytes,
        };
        if let Some(context) = wants.context {
            profile.fit(context);
        }
        profile
    }

    /// Makes request and answer fit into so many tokens: at most a third is the answer's, and a token is
    /// taken for three bytes, so that texts of many short words fit as well.
    fn fit(&mut self, context: u64) {
        self.max_tokens = self.max_tokens.min((context / 3).max(LEAST_ANSWER));
        let tokens = context.saturating_sub(self.max_tokens).saturating_sub(64);
        let bytes = usize::try_from(tokens.saturating_mul(3)).unwrap_or(usize::MAX);
        self.bytes = self.bytes.min(bytes).max(LEAST);
    }

    /// Follows a lesson, if the configuration leaves that open; says whether the next request differs.
    /// `size` is how many bytes the refused one had.
    pub(super) fn follow(&mut self, lesson: Quirk, wants: &ProfileOptions, size: usize) -> bool {
        let before = self.clone();
        match lesson {
            Quirk::NoTools if wants.tools.is_none() => self.tools = OfferForm::Text,
            Quirk::ToolChoice if wants.tool_choice.is_none() => self.tool_choice = true,
            Quirk::OneCall if wants.parallel_calls.is_none() => self.parallel_calls = false,
            Quirk::StreamOnly if wants.stream.is_none() => self.stream = true,
            Quirk::NoStream if wants.stream.is_none() => self.stream = false,
            Quirk::NoStreamUsage => self.stream_usage = false,
            Quirk::NoSystem if wants.system.is_none() => self.system = false,
            Quirk::NoTemperature if wants.temperature.is_none() => self.temperature = None,
            Quirk::NewLimit if wants.limit.is_none() => self.limit = Limit::MaxCompletionTokens,
            Quirk::OldLimit if wants.limit.is_none() => self.limit = Limit::MaxTokens,
            Quirk::NoMembers if wants.members.is_none() => self.members = false,
            Quirk::ShortIds => self.short_ids = true,
            Quirk::ShortAnswer(tokens) => self.max_tokens = self.max_tokens.min(tokens.max(1)),
            Quirk::TooLong(context) => {
                // A configured context that is refused was meant too well.
                if let Some(context) = context {
                    self.fit(context);
                }
                if self.bytes > size / 4 * 3 {
                    self.bytes = (size / 2).clamp(LEAST.min(self.bytes), self.bytes);
                    self.max_tokens = self.max_tokens.min((self.max_tokens / 2).max(LEAST_ANSWER));
                }
            }
            Quirk::Retell => self.retold = true,
            Quirk::InWords if wants.tools.is_none() => self.tools = OfferForm::Text,
            _ => {}
        }
        *self != before
    }
}

impl Quirk {
    /// What was learnt, as the end of a sentence about the endpoint.
    pub(super) fn describe(self) -> String {
        match self {
            Self::NoTools => "takes no tools: they are described in the text".into(),
            Self::ToolChoice => "wants tool_choice said".into(),
            Self::OneCall => "takes one call in a message".into(),
            Self::StreamOnly => "answers in streams only".into(),
            Self::NoStream => "gives no streams: an answer comes as a whole".into(),
            Self::NoStreamUsage => "does not say in streams what they cost: that is estimated".into(),
            Self::NoSystem => "takes no system messages: what they say begins the first message".into(),
            Self::NoTemperature => "takes no temperature".into(),
            Self::NewLimit => "wants max_completion_tokens instead of max_tokens".into(),
            Self::OldLimit => "wants max_tokens instead of max_completion_tokens".into(),
            Self::NoMembers => "takes nothing in messages that it does not know".into(),
            Self::ShortIds => "wants ids of calls of nine letters and digits".into(),
            Self::TooLong(Some(tokens)) => format!("takes {tokens} tokens in all: it is shown less"),
            Self::TooLong(None) => "takes no requests of that length: it is shown less".into(),
            Self::ShortAnswer(tokens) => format!("gives answers of at most {tokens} tokens"),
            Self::Retell => "was told the earlier turns in words".into(),
            Self::InWords => "was told the tools in words".into(),
        }
    }

    /// Whether people should know of it, because answers become worse.
    pub(super) fn matters(self) -> bool {
        matches!(self, Self::NoTools | Self::TooLong(_))
    }

    /// Whether it is about the endpoint, and not about one request.
    pub(super) fn lasts(self) -> bool {
        !matches!(self, Self::Retell | Self::InWords)
    }

    /// What it is about: a newer lesson about the same takes its place.
    fn about(self) -> std::mem::Discriminant<Self> {
        match self {
            Self::OldLimit => std::mem::discriminant(&Self::NewLimit),
            Self::NoStream => std::mem::discriminant(&Self::StreamOnly),
            other => std::mem::discriminant(&other),
        }
    }
}

/// A lesson with the endpoint's own words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LearnedQuirk {
    pub lesson: Quirk,
    /// What it was refused with, cut and without secrets.
    pub words: String,
    /// How many bytes the refused request had.
    pub size: usize,
}

impl LearnedQuirk {
    /// A sentence about the endpoint of this label.
    pub(super) fn sentence(&self, label: &str) -> String {
        format!("the model {label} {}; it said: {}", self.lesson.describe(), self.words)
    }
}

/// What an endpoint has taught, each with the time when.
#[derive(Default)]
pub(super) struct LearnedQuirks(Mutex<Vec<(Duration, LearnedQuirk)>>);

impl LearnedQuirks {
    /// Remembers a lesson. Says whether it is new.
    pub(super) fn learn(&self, learnt: LearnedQuirk, now: Duration) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.len();
        // Each length that is refused adds to what the earlier ones taught.
        let replaced = |old: &LearnedQuirk| old.lesson.about() == learnt.lesson.about();
        if !matches!(learnt.lesson, Quirk::TooLong(_)) {
            all.retain(|(_, old)| !replaced(old));
        }
        let new = all.len() == count;
        all.push((now, learnt));
        new
    }

    /// What is remembered at this time.
    pub(super) fn now(&self, now: Duration) -> Vec<LearnedQuirk> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(at, _)| now.saturating_sub(*at) < REMEMBERED);
        all.iter().map(|(_, learnt)| learnt.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(lesson: Quirk) -> LearnedQuirk {
        LearnedQuirk { lesson, words: String::new(), size: 0 }
    }

    #[test]
    fn the_configuration_is_never_overruled_but_for_a_length_that_is_refused() {
        let wants = ProfileOptions {
            tools: Some(OfferForm::Native),
            temperature: Some(None),
            context: Some(8192),
            ..ProfileOptions::default()
        };
        let mut profile = Profile::new(&wants, 2048, 90_000);
        assert_eq!((profile.max_tokens, profile.bytes), (2048, (8192 - 2048 - 64) * 3));
        assert!(!profile.follow(Quirk::NoTools, &wants, 0) && !profile.follow(Quirk::NoTemperature, &wants, 0));
        assert!(profile.follow(Quirk::TooLong(Some(4096)), &wants, 18_000));
        assert_eq!((profile.max_tokens, profile.bytes), (1365, (4096 - 1365 - 64) * 3));
    }

    #[test]
    fn less_is_sent_after_each_length_that_is_refused_down_to_a_least() {
        let wants = ProfileOptions::default();
        let mut profile = Profile::new(&wants, 2048, 90_000);
        assert!(profile.follow(Quirk::TooLong(None), &wants, 60_000));
        assert_eq!(profile.bytes, 30_000);
        // The limit that it names says nothing about how it counts.
        assert!(profile.follow(Quirk::TooLong(Some(1_000_000)), &wants, 30_000));
        assert_eq!(profile.bytes, 15_000);
        while profile.follow(Quirk::TooLong(None), &wants, profile.bytes) {}
        assert_eq!((profile.bytes, profile.max_tokens), (LEAST, LEAST_ANSWER));
    }

    #[test]
    fn lessons_are_forgotten_after_a_while() {
        let memory = LearnedQuirks::default();
        let s = Duration::from_secs;
        assert!(memory.learn(learnt(Quirk::NoTools), s(0)));
        assert!(memory.learn(learnt(Quirk::NewLimit), s(10)));
        assert!(!memory.learn(learnt(Quirk::OldLimit), s(20)), "another word about the same");
        assert_eq!(memory.now(s(3599)).len(), 2);
        assert_eq!(memory.now(s(3600)), [learnt(Quirk::OldLimit)]);
    }
}
