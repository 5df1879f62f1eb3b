//! One ticket for an incident: created once, commented on, closed at the end.
//!
//! A lost answer may hide a ticket that was created, so a ticket without a reference is searched for by a
//! marker before it is created.

use serde::{Deserialize, Serialize};

use super::{Delivery, Notification, Stage};
use crate::host::CallError;

/// A ticket that a tracker knows.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Ticket {
    /// What the tracker's API calls it by.
    pub id: String,
}

/// What a tracker of tickets can do. All of it is about one message.
pub trait Tracker {
    /// The ticket whose text or labels hold the incident's [`marker`], and whether it was made for this very
    /// message: what was sent before may have arrived.
    ///
    /// # Errors
    /// When the tracker cannot tell.
    fn find(&self) -> Result<Option<(Ticket, bool)>, CallError>;

    /// Makes a ticket of the message.
    ///
    /// # Errors
    /// When there is none.
    fn create(&self) -> Result<Ticket, CallError>;

    /// Adds the message to a ticket.
    ///
    /// # Errors
    /// When it is not there.
    fn comment(&self, ticket: &Ticket) -> Result<(), CallError>;

    /// Closes a ticket. One that is closed already stays so.
    ///
    /// # Errors
    /// When it is open.
    fn close(&self, ticket: &Ticket) -> Result<(), CallError>;
}

/// A word that finds the incident's ticket again.
pub fn marker(message: &Notification) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    format!("tidegate-{}", message.incident_key().chars().map(plain).collect::<String>())
}

/// Takes a message into the incident's ticket.
///
/// It is closed before it is commented on: of what is tried again, closing twice shows nothing twice.
///
/// # Errors
/// When the tracker could not take all of it.
pub fn record(message: &Notification, tracker: &impl Tracker) -> Delivery {
    let known = match message.to_answer::<Ticket>() {
        Some(ticket) => Some((ticket, false)),
        None => tracker.find()?,
    };
    let (ticket, told) = match known {
        Some(known) => known,
        None => (tracker.create()?, true),
    };
    if message.stage == Stage::End {
        tracker.close(&ticket)?;
    }
    if !told {
        tracker.comment(&ticket)?;
    }
    super::reference(&ticket)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::{Value, json};

    use super::*;
    use crate::golden::notification;
    use crate::host::unavailable;

    struct Played {
        found: Option<bool>,
        close_fails: bool,
        done: RefCell<Vec<&'static str>>,
    }

    impl Played {
        fn does(&self, what: &'static str) -> Ticket {
            self.done.borrow_mut().push(what);
            Ticket { id: "7".into() }
        }
    }

    impl Tracker for Played {
        fn find(&self) -> Result<Option<(Ticket, bool)>, CallError> {
            let ticket = self.does("find");
            Ok(self.found.map(|told| (ticket, told)))
        }
        fn create(&self) -> Result<Ticket, CallError> {
            Ok(self.does("create"))
        }
        fn comment(&self, _: &Ticket) -> Result<(), CallError> {
            self.does("comment");
            Ok(())
        }
        fn close(&self, _: &Ticket) -> Result<(), CallError> {
            self.does("close");
            if self.close_fails { Err(unavailable("busy", None)) } else { Ok(()) }
        }
    }

    fn does(stage: &str, earlier: &Value, found: Option<bool>, close_fails: bool) -> (Vec<&'static str>, bool) {
        let message = notification(&json!({"stage": stage, "earlier": earlier, "alerts": [], "now-ms": 0}));
        let tracker = Played { found, close_fails, done: RefCell::default() };
        let taken = record(&message, &tracker).is_ok();
        (tracker.done.into_inner(), taken)
    }

    #[test]
    fn an_incident_has_one_ticket_and_says_nothing_twice() {
        let none = json!([]);
        let known = json!([{"message-id": "m", "occasion": "approval", "reference": "{\"id\":\"7\"}"}]);
        let strange = json!([{"message-id": "m", "occasion": "approval", "reference": "of another target"}]);
        assert_eq!(does("first", &none, None, false), (vec!["find", "create"], true));
        assert_eq!(does("first", &none, Some(true), false), (vec!["find"], true));
        assert_eq!(does("first", &none, Some(false), false), (vec!["find", "comment"], true));
        assert_eq!(does("update", &known, None, false), (vec!["comment"], true));
        assert_eq!(does("update", &strange, Some(false), false), (vec!["find", "comment"], true));
        assert_eq!(does("end", &known, None, false), (vec!["close", "comment"], true));
        assert_eq!(does("end", &none, None, false), (vec!["find", "create", "close"], true));
        // The comment waits for the close, so that it is not written twice.
        assert_eq!(does("end", &known, None, true), (vec!["close"], false));
    }

    #[test]
    fn a_marker_is_one_word() {
        let message = notification(&json!({"incident-id": "a b\"\\c", "alerts": [], "now-ms": 0}));
        assert_eq!(marker(&message), "tidegate-a-b--c");
    }
}
