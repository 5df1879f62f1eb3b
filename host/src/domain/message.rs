//! What a message to people says, as data: a target lays it out in its own form.
//!
//! Texts from outside are on one line and bounded; what of them is markup for a target is escaped
//! there, but for `body`, where it is done.

use super::alert::excerpt::Excerpt;
use super::delivery::{Delivery, DeliveryState, Occasion};
use super::incident::Incident;
use super::link::Link;

pub use super::subject::AffectedObject;

/// Messages that a notifier is reminded of.
const EARLIER: usize = 16;

/// What a message says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// What has happened to what, on one line.
    pub title: String,
    /// What the worst alert says is wrong, on one line.
    pub summary: String,
    /// What it says besides; empty where that adds nothing.
    pub description: String,
    /// What is affected, the worst first.
    pub objects: Vec<AffectedObject>,
    /// How many objects are affected besides.
    pub objects_left_out: usize,
    /// What is wrong, as far as that is known.
    pub cause: Option<Cause>,
    /// The action that is asked about or was answered, else what was done.
    pub actions: Vec<ActionSummary>,
    /// The whole message in Markdown.
    pub body: String,
    /// Short key/value lines without markup.
    pub facts: Vec<(String, String)>,
    /// Links, the host's own first.
    pub links: Vec<Link>,
    /// The alerts, as far as there is room.
    pub alerts: Excerpt,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// In a sentence.
    pub text: String,
    /// A repair was seen to help.
    pub confirmed: bool,
    /// How sure the model says it is, from 0 to 100.
    pub confidence_percent: Option<u8>,
}

/// An action as people are told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionSummary {
    /// Its name within the incident.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// What it changes, as the host reads it.
    pub target: String,
    /// A JSON object; none where it is too long.
    pub arguments: Option<String>,
    /// The word for the risk.
    pub risk: String,
    /// The word for its state.
    pub state: String,
    /// The same for people.
    pub state_text: String,
    /// Who proposed it.
    pub proposed_by: String,
    /// Why.
    pub reason: String,
    /// What was seen.
    pub evidence: Vec<String>,
    /// What happens if it does not help.
    pub undo: String,
    /// Who may approve it.
    pub approvers: String,
    /// When the question ends, in milliseconds since the Unix epoch.
    pub expires_ms: Option<u64>,
    /// Who approved or denied it.
    pub answers: Vec<String>,
    /// What came of it.
    pub result: String,
    /// What an approval binds.
    pub digest: String,
}

/// Where a message stands in what a target hears about an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// The first that it takes.
    #[default]
    First,
    /// More follows what it has taken.
    Update,
    /// Nothing fires any more, and nothing else is expected.
    End,
}

impl Stage {
    /// The stage of a delivery as the incident stands.
    pub fn of(incident: &Incident, delivery: &Delivery) -> Self {
        let over = match delivery.occasion {
            Occasion::Resolved => true,
            Occasion::Report => incident.conclusion.is_some() && incident.all_resolved(),
            Occasion::Approval | Occasion::Answered => false,
        };
        let taken = |other: &Delivery| {
            other.target == delivery.target && matches!(other.state, DeliveryState::Delivered { .. })
        };
        match over && incident.goes_on_in.is_none() {
            true => Self::End,
            false if incident.deliveries.iter().any(taken) => Self::Update,
            false => Self::First,
        }
    }
}

/// A message that a target has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// The message on the target's side.
    pub message: String,
    /// Why it was sent.
    pub occasion: Occasion,
    /// What the target returned for it, or for its last update.
    pub reference: String,
}

/// What the target of a delivery has taken before and returned a reference for, oldest first: the
/// first, the one that is updated and the latest.
pub fn earlier(incident: &Incident, delivery: &Delivery) -> Vec<SentMessage> {
    let mut sent: Vec<SentMessage> = Vec::new();
    for other in incident.deliveries.iter().filter(|other| other.target == delivery.target) {
        let DeliveryState::Delivered { reference: Some(reference) } = &other.state else { continue };
        match sent.iter_mut().find(|known| known.message == other.message()) {
            Some(known) => known.reference.clone_from(reference),
            None => sent.push(SentMessage {
                message: other.message().to_string(),
                occasion: other.occasion,
                reference: reference.clone(),
            }),
        }
    }
    let surplus = sent.len().saturating_sub(EARLIER);
    let mut at = 0;
    let mut dropped = 0;
    sent.retain(|known| {
        at += 1;
        let stays = at == 1 || known.message == delivery.message() || dropped == surplus;
        dropped += usize::from(!stays);
        stays
    });
    sent
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{Entry, Fact, IncidentId};

    fn incident(deliveries: Vec<Delivery>) -> Incident {
        let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: vec![] };
        let at = Timestamp::UNIX_EPOCH;
        let mut incident = Incident::open(IncidentId("i1".into()), &Entry { at, fact: opened }).unwrap();
        incident.deliveries = deliveries.into();
        incident
    }

    fn taken(id: &str, target: &str, reference: Option<&str>) -> Delivery {
        let state = DeliveryState::Delivered { reference: reference.map(str::to_string) };
        let told = Delivery::new(id.into(), target.into(), "r".into(), Occasion::Report, Timestamp::UNIX_EPOCH);
        Delivery { state, ..told }
    }

    #[test]
    fn a_target_is_reminded_of_what_it_has_taken_itself() {
        let update = Delivery { updates: Some("a".into()), ..taken("a-answered", "chat", Some("r2")) };
        let next = Delivery::new("n".into(), "chat".into(), "r".into(), Occasion::Report, Timestamp::UNIX_EPOCH);
        let others = vec![
            taken("a", "chat", Some("r1")),
            taken("b", "pager", Some("x")),
            taken("c", "chat", None),
            update,
            taken("d", "chat", Some("r4")),
            next.clone(),
        ];
        let sent = earlier(&incident(others), &next);
        let told: Vec<_> = sent.iter().map(|sent| (sent.message.as_str(), sent.reference.as_str())).collect();
        assert_eq!(told, [("a", "r2"), ("d", "r4")], "an update's reference takes the place of the first one");
    }

    #[test]
    fn the_first_and_the_one_that_is_updated_stay_among_many() {
        let mut all: Vec<Delivery> = (0..40).map(|n| taken(&format!("d{n}"), "chat", Some("r"))).collect();
        let next = Delivery { updates: Some("d3".into()), ..taken("n", "chat", None) };
        all.push(Delivery {
            state: DeliveryState::Due { at: Timestamp::UNIX_EPOCH, since: None, reason: None },
            ..next.clone()
        });
        let sent = earlier(&incident(all), &next);
        assert_eq!(sent.len(), EARLIER);
        let names: Vec<&str> = sent.iter().map(|sent| sent.message.as_str()).collect();
        assert_eq!((names[0], names[1], names[15]), ("d0", "d3", "d39"));
    }
}
