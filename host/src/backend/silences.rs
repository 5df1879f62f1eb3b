//! Silences that people make, change, end and look at while the host runs.

use futures::future::BoxFuture;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::silence::{CoveringSilence, HiddenCount, Preview, SilenceState};
use crate::domain::{Access, Incident, Matcher, Person, Silence, SilenceId};

/// A silence that somebody wants.
#[derive(Clone, Debug, PartialEq)]
pub struct SilenceDraft {
    /// The silence whose place it is to take; none for a new one.
    pub id: Option<String>,
    /// How that one was when somebody looked at it: a draft that rests on it is for nothing where it has been changed or ended since.
    pub read: Option<Silence>,
    /// What it is to cover.
    pub matchers: Vec<Matcher>,
    /// From when on; none for now.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Timestamp,
    /// Who wants it.
    pub person: Person,
    /// Why.
    pub comment: String,
    /// It is meant, however much it covers.
    pub broad: bool,
}

/// A silence, where it stands, and what it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SilenceView {
    /// The silence.
    #[serde(flatten)]
    pub silence: Silence,
    /// Where it stands.
    pub state: SilenceState,
    /// What it covers now; nothing that is not in force covers anything.
    pub covers: Preview,
    /// What it has hidden so far.
    pub hidden: HiddenCount,
}

/// Why something about a silence was not done.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SilenceError {
    /// There is none of this name.
    #[error("{0}")]
    NotFound(String),
    /// It cannot be one.
    #[error("{0}")]
    Invalid(String),
    /// It is too broad to be made in one step.
    #[error("{0}")]
    Broad(String),
    /// The policies in force say no, or there are too many.
    #[error("{0}")]
    Refused(String),
    /// It is not any more as it was when somebody looked at it.
    #[error("{0}")]
    Changed(String),
    /// The journal cannot be written.
    #[error("{0}")]
    Unavailable(String),
}

/// The silences of a running host, as somebody sees them: those that cover nothing beyond the places where they may look, and
/// of what these cover no more than that.
pub trait Silencing: Send + Sync {
    /// All that are remembered, with what they cover.
    fn silences(&self, _access: &Access) -> Vec<SilenceView> {
        Vec::new()
    }
    /// The one of this name.
    fn silence(&self, _id: &str, _access: &Access) -> Option<SilenceView> {
        None
    }
    /// Those that stand so, the one that ends first first, with what they cover now; so many at most, and how many
    /// there are.
    fn silences_in(&self, _states: &[SilenceState], _most: usize, _access: &Access) -> (Vec<SilenceView>, usize) {
        (Vec::new(), 0)
    }
    /// What holds an incident back now: until when, and by which silences as far as somebody may see them.
    fn cover(&self, _incident: &Incident, _access: &Access) -> Option<CoveringSilence> {
        None
    }
    /// What a silence would cover, and what speaks against it. Makes none.
    ///
    /// # Errors
    /// When it cannot be one.
    fn preview(&self, _draft: &SilenceDraft, _access: &Access) -> Result<Preview, SilenceError> {
        Ok(Preview::default())
    }
    /// Makes a silence, or changes the one that is named: by its own name where only its end or its comment changes, else the
    /// old one is ended and a new one made.
    fn set_silence(&self, _draft: SilenceDraft) -> BoxFuture<'_, Result<SilenceId, SilenceError>> {
        Box::pin(std::future::ready(Err(SilenceError::Unavailable("no host is running".into()))))
    }
    /// Ends a silence.
    fn expire_silence(&self, id: &str, _person: Person) -> BoxFuture<'_, Result<(), SilenceError>> {
        Box::pin(std::future::ready(Err(SilenceError::NotFound(format!("there is no silence {id}")))))
    }
}
