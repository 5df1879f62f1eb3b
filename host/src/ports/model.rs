//! What the pipeline and conversations need from the language model.

use futures::future::{BoxFuture, Shared};

use crate::domain::entry::{AskedCall, ModelAnswer, RawAnswer, ReusedAnswer, Share, Usage};
use crate::domain::{Catalogue, Cause, Conversation, Incident, Proposal};

/// A model's answer as data, with its words and its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelReply<T = ModelAnswer> {
    /// What it wants.
    pub answer: T,
    /// Its own words, cut.
    pub text: String,
    /// What it cost.
    pub usage: Usage,
    /// Who answered, and how it came, so that the conversation can go on with it.
    pub original: Option<Box<RawAnswer>>,
}

/// What the model is asked in a conversation.
#[derive(Clone)]
pub struct ChatRequest<'a> {
    /// The conversation, with the question that is being answered at its end.
    pub conversation: &'a Conversation,
    /// The tools that are offered.
    pub catalogue: &'a Catalogue,
    /// No step is asked for behind this one.
    pub last: bool,
    /// Takes the words of the answer while they come: without secrets, thoughts and calls.
    pub words: &'a (dyn Fn(StreamPart) + Send + Sync),
    /// Comes to its end when nobody is left to hear the answer: a request under way is broken off then, and counted.
    pub unheard: Shared<BoxFuture<'static, ()>>,
}

/// A part of an answer while it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamPart {
    /// The next words.
    Text(String),
    /// What came so far is void.
    Restart,
}

/// What a step in a conversation wants.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatStep {
    /// Nothing more: its words are the answer.
    Reply,
    /// Read-only calls.
    Look {
        /// The calls, each with the id that the model gave it.
        calls: Vec<AskedCall>,
    },
    /// Changes, as proposals.
    Propose {
        /// In order.
        proposals: Vec<Proposal>,
    },
}

/// A step of the model in a conversation.
pub type ChatReply = ModelReply<ChatStep>;

/// What one tool has done before in a case like this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackRecord {
    /// The tool.
    pub tool: String,
    /// What makes that a case like this one.
    pub alike: SimilarityBasis,
    /// How often it was executed.
    pub times: usize,
    /// How often that was seen to help.
    pub helped: usize,
}

/// What makes an earlier repair one for a case like this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SimilarityBasis {
    /// The same alert; the repair was one of this target.
    Alert {
        /// Its target.
        target: String,
    },
    /// The same was found to be wrong, whatever fired and whatever was repaired.
    Cause(Cause),
}

/// What was spent on models in a day, and what earlier answers saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// Each model.
    pub models: Vec<Share>,
    /// What the answers that were used again had cost; all tokens are those of requests.
    pub saved: Share,
    /// How many answers were used again.
    pub reused: u64,
}

/// The language model.
pub trait Model: Send + Sync {
    /// Whether one is configured.
    fn configured(&self) -> bool;
    /// Why it is not asked for the time being; who asks all the same hears just that, at once.
    fn skipped(&self) -> Option<String> {
        None
    }
    /// What is not as it should be with it, a sentence each.
    fn problems(&self) -> Vec<String> {
        self.skipped().into_iter().collect()
    }
    /// An earlier answer to the same trouble that may be used again, and what it had cost.
    fn reusable(&self, _incident: &Incident) -> Option<(ModelAnswer, ReusedAnswer)> {
        None
    }
    /// What was spent today (UTC).
    fn spending(&self) -> Spending {
        Spending::default()
    }
    /// Takes in how an incident ended, so that its answer can be used again.
    fn learn(&self, _incident: &Incident) {}
    /// Asks for the next step; `tried` is what was done for such alerts before. An error is a sentence for people and what was spent all the same;
    /// the call has been retried as far as that makes sense.
    fn ask<'a>(
        &'a self,
        incident: &'a Incident,
        catalogue: &'a Catalogue,
        tried: &'a [TrackRecord],
    ) -> BoxFuture<'a, Result<ModelReply, (String, Usage)>>;
    /// Asks for the next step of an answer in a conversation. The error says why there is none, and what was spent.
    fn converse<'a>(&'a self, _: ChatRequest<'a>) -> BoxFuture<'a, Result<ChatReply, (String, Usage)>> {
        Box::pin(async { Err(("no language model is configured".into(), Usage::default())) })
    }
}
