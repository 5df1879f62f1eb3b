//! Whose entries a stream of the journal holds, read off its name. Whoever reads entries matches on it without a
//! wildcard, so that a stream of another kind is forgotten nowhere.

use super::{control, conversation};

/// What a stream is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The host as a whole.
    Host,
    /// One conversation of a person with the model.
    Conversation,
    /// One incident.
    Incident,
}

impl Stream {
    /// Of the stream of this name. Ids of incidents hold no hyphen, so no two kinds share a name.
    pub fn of(name: &str) -> Self {
        if name == control::STREAM {
            Self::Host
        } else if name.starts_with(conversation::PREFIX) {
            Self::Conversation
        } else {
            Self::Incident
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::IncidentId;
    use crate::domain::conversation::ConversationId;

    #[test]
    fn names_tell_streams_apart() {
        let at = Timestamp::from_millisecond(1_763_000_000_000).unwrap();
        assert_eq!(Stream::of(&IncidentId::new(at, 7).0), Stream::Incident);
        assert_eq!(Stream::of(&ConversationId::new(at, 7).0), Stream::Conversation);
        assert_eq!(Stream::of(control::STREAM), Stream::Host);
    }
}
