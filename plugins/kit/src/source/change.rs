//! Senders that tell of a change, and when it was.

use std::borrow::Cow;

use super::{Alert, Status};

impl Alert {
    /// When it changed, as the sender writes it: the beginning of what fires, the end of what has resolved. To be
    /// called when the status is known.
    #[must_use]
    pub fn changed<'t>(self, time: impl Into<Option<Cow<'t, str>>>) -> Self {
        match self.status {
            Status::Firing => self.starts(time),
            Status::Resolved => self.ends(time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_begins_or_ends_it() {
        let alert = |status| Alert::firing("a").status(status).changed(Some("t".into()));
        assert!(alert(Status::Firing).starts_at.is_some() && alert(Status::Firing).ends_at.is_none());
        assert!(alert(Status::Resolved).starts_at.is_none() && alert(Status::Resolved).ends_at.is_some());
    }
}
