//! What an incident that is being handled waits for, in a sentence.

use jiff::Timestamp;

use super::escape::Style;
use super::translation::approver_sentence;
use super::{Language, date};
use crate::domain::delivery::DeliveryState;
use crate::domain::incident::{ActionState, Limits};
use crate::domain::silence::{CoveringSilence, silence_of};
use crate::domain::{Effect, Incident, Next, next};

/// What is under way or waited for, and until when at the latest, as English for the terminal.
pub fn sentence(incident: &Incident, now: Timestamp, limits: &Limits) -> Option<String> {
    match next(incident, now, limits) {
        Next::Do(effect) => doing(&effect, incident.updated_at),
        Next::Wait(until) => Some(waiting(incident, until, limits)),
        Next::Idle => None,
    }
}

fn doing(effect: &Effect, since: Timestamp) -> Option<String> {
    Some(match effect {
        Effect::AskModel => format!("waits for the model since {}", date(since)),
        Effect::Collect => "looks what is wrong".into(),
        Effect::Look { call, .. } => format!("waits for the tool {}", call.tool),
        Effect::Plan { plugin } => format!("waits for a plan of the plugin {plugin}"),
        Effect::Execute { .. } => "waits for the tool that makes the change".into(),
        Effect::Settle { .. } => "finds out what became of a change whose result got lost".into(),
        Effect::Verify { .. } => "looks whether the change helped".into(),
        // Over in a moment.
        Effect::Record(_)
        | Effect::Decide
        | Effect::Rule { .. }
        | Effect::Inspect { .. }
        | Effect::Undo { .. }
        | Effect::Report
        | Effect::Close { .. } => return None,
    })
}

fn waiting(incident: &Incident, until: Timestamp, limits: &Limits) -> String {
    let put_off = incident.actions.iter().find_map(|record| Some((record, record.put_off.as_ref()?)));
    if let Some((record, put_off)) = put_off {
        let last = put_off.since.saturating_add(limits.begin_within).unwrap_or(until);
        return format!("waits until {} for the place where {} is", date(last), record.action.tool());
    }
    if let Some(record) = incident.actions.iter().find(|record| record.state == ActionState::Asked) {
        let (action, tool) = (&record.action.id, record.action.tool());
        let who = record
            .ruling
            .as_ref()
            .map(|ruling| approver_sentence(Language::En.translation(), record, ruling, Style::Plain));
        let who = who.unwrap_or_default();
        return format!("waits until {} for a yes of {who} to {action} ({tool}); silence means no", date(until));
    }
    if incident.conclusion.is_some() {
        return format!("is watched until {} or until its alerts resolve", date(until));
    }
    if let Some(decision) = incident.decision.as_ref().filter(|_| incident.is_held()) {
        let by = match (&decision.rule, silence_of(decision)) {
            (_, Some(silence)) => format!(" by silence {silence}"),
            (Some(rule), None) => format!(" by rule {rule}"),
            (None, None) => String::new(),
        };
        return format!("is held back{by} until {}: {}", date(until), decision.reason);
    }
    let done = incident.actions.iter().find(|record| record.state == ActionState::Done);
    if let Some(record) = done {
        let within = record
            .open_verifications()
            .map(|verification| (limits.pace(verification).within, &verification.look.tool))
            .max();
        let last = |within| date(record.since.saturating_add(within).unwrap_or(until));
        let tool = record.action.tool();
        return match within {
            Some((within, look)) => {
                format!(
                    "waits until {} to see with {look} whether {tool} helped, or for its alerts to resolve",
                    last(within)
                )
            }
            None => format!(
                "waits until {} for its alerts to resolve, which shows whether {tool} helped",
                last(limits.settle)
            ),
        };
    }
    format!("waits until {}", date(until))
}

/// Until when silences hold back what would come next.
pub fn silenced(cover: &CoveringSilence) -> String {
    let names: Vec<String> = cover.silences.iter().map(|silence| silence.id.to_string()).collect();
    format!("waits until {}: {} (silence {})", date(cover.until), cover.reason(), names.join(", "))
}

/// A sentence about each message that people did not get: why, and whether it is tried again.
pub fn undelivered(incident: &Incident) -> Vec<String> {
    let about = |delivery: &crate::domain::Delivery| format!("{}: the message to {}", incident.id, delivery.target);
    let sentence = |delivery: &crate::domain::Delivery| match &delivery.state {
        DeliveryState::Abandoned { reason } => Some(format!("{} was refused for good: {reason}", about(delivery))),
        DeliveryState::Due { reason: Some(reason), .. } => {
            Some(format!("{} was not taken: {reason}; a host that runs tries it again", about(delivery)))
        }
        DeliveryState::Due { .. } => {
            Some(format!("{} was not sent in time; a host that runs sends it", about(delivery)))
        }
        DeliveryState::Delivered { .. } | DeliveryState::Overtaken { .. } => None,
    };
    incident.deliveries.iter().filter_map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Entry, Fact, IncidentId, Occasion};

    fn incident() -> Incident {
        let fact = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
        Incident::open(IncidentId("i-1".into()), &Entry { at: Timestamp::UNIX_EPOCH, fact }).unwrap()
    }

    #[test]
    fn messages_that_nobody_got_are_named() {
        let mut incident = incident();
        let at = Timestamp::UNIX_EPOCH;
        let delivery = |target: &str, state: DeliveryState| crate::domain::Delivery {
            id: target.into(),
            target: target.into(),
            route: "r".into(),
            occasion: Occasion::Report,
            action: None,
            fallback: None,
            instead_of: None,
            updates: None,
            told_at: None,
            state,
            attempts: 1,
            refusals: 0,
        };
        incident.deliveries = vec![
            delivery("a", DeliveryState::Abandoned { reason: "19036 no such hook".into() }),
            delivery("b", DeliveryState::Due { at, since: None, reason: Some("503".into()) }),
            delivery("c", DeliveryState::Delivered { reference: None }),
        ]
        .into();
        assert_eq!(
            undelivered(&incident),
            [
                "i-1: the message to a was refused for good: 19036 no such hook",
                "i-1: the message to b was not taken: 503; a host that runs tries it again",
            ]
        );
    }

    #[test]
    fn what_is_waited_for_is_said() {
        let call = crate::domain::Call { tool: "k.get".into(), arguments: serde_json::Map::new() };
        let purpose = crate::domain::entry::Purpose::Evidence;
        assert_eq!(
            doing(&Effect::Look { purpose, call }, Timestamp::UNIX_EPOCH).as_deref(),
            Some("waits for the tool k.get")
        );
        assert_eq!(doing(&Effect::Decide, Timestamp::UNIX_EPOCH), None);
        let text = waiting(&incident(), "2026-11-27T03:12:45Z".parse().unwrap(), &Limits::default());
        assert_eq!(text, "waits until 2026-11-27T03:12:45Z");
    }
}
