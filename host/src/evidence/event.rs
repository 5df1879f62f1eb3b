//! Events: folded, counted, the newest first, warnings before the rest.

use jiff::Timestamp;
use serde_json::Value;

use super::short;
use super::table::Row;
use crate::domain::subject::AffectedObject;

/// Events of a kind that an excerpt shows.
const WARNINGS: usize = 8;
const NORMAL: usize = 3;

/// One event, or several that say the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Event {
    pub warning: bool,
    pub reason: String,
    pub message: String,
    /// Kind and name, where a list is about several objects.
    pub object: String,
    /// The namespace of what it is about; empty where the answer does not say.
    pub namespace: String,
    pub count: u64,
    /// Whether the answer says how often it was; else it was at least once.
    pub counted: bool,
    /// When it was seen last, as the answer writes it.
    pub when: String,
}

impl Event {
    /// The same with what it is about, where it does not say so itself.
    pub fn about(&self, object: &str) -> Self {
        let own = if self.object.is_empty() { object.to_string() } else { self.object.clone() };
        Self { object: own, ..self.clone() }
    }

    /// When it was seen last, as seconds of the clock, where it was asked for at this time; the least where that is not known.
    pub fn seen_at(&self, asked: jiff::Timestamp) -> i64 {
        match self.rank() {
            i64::MIN => i64::MIN,
            // An age.
            ago if ago <= 0 => asked.as_second().saturating_add(ago),
            at => at,
        }
    }

    /// What it is about; none where the answer does not say.
    pub fn about_whom(&self) -> Option<AffectedObject> {
        let (kind, name) = self.object.split_once(' ').filter(|(_, name)| !name.is_empty())?;
        Some(AffectedObject::new(kind.to_lowercase(), self.namespace.as_str(), name))
    }

    /// How many seconds before `now` it was seen last; none where the answer does not say.
    pub fn seconds_ago(&self, now: Timestamp) -> Option<i64> {
        match self.moment()? {
            LastSeen::At(at) => Some(now.duration_since(at).as_secs()),
            LastSeen::Ago(seconds) => Some(seconds),
        }
    }

    fn moment(&self) -> Option<LastSeen> {
        let when = self.when.split('(').next().unwrap_or_default().trim();
        let at = when.parse().ok().or_else(|| go_time(when)).map(LastSeen::At);
        at.or_else(|| age(when).map(LastSeen::Ago))
    }

    /// Seconds that put events of one answer in order, the newest with the largest number.
    fn rank(&self) -> i64 {
        match self.moment() {
            Some(LastSeen::At(at)) => at.as_second(),
            Some(LastSeen::Ago(seconds)) => -seconds,
            None => i64::MIN,
        }
    }
}

/// When an event was seen last.
enum LastSeen {
    At(Timestamp),
    Ago(i64),
}

/// `2026-11-21 00:20:21 +0000 UTC`, as Go prints a time.
fn go_time(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    let (day, time, zone) = (words.next()?, words.next()?, words.next()?);
    format!("{day}T{time}{zone}").parse().ok()
}

/// `4s`, `5m3s`, `2d`: how long ago.
pub(crate) fn age(text: &str) -> Option<i64> {
    let mut seconds: i64 = 0;
    let mut digits = String::new();
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let unit = match letter {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'y' => 31_536_000,
            _ => return None,
        };
        seconds = seconds.saturating_add(digits.parse::<i64>().ok()?.saturating_mul(unit));
        digits.clear();
    }
    (!text.is_empty() && digits.is_empty()).then_some(seconds)
}

/// Folds what says the same about the same object, the newest first.
pub(super) fn fold(events: &[Event]) -> Vec<Event> {
    let mut folded: Vec<Event> = Vec::new();
    for event in events {
        let count = event.count.max(1);
        let same = |known: &&mut Event| {
            (known.warning, &known.reason, &known.message, &known.object, &known.namespace)
                == (event.warning, &event.reason, &event.message, &event.object, &event.namespace)
        };
        // A list of thousands is folded by its first hundreds: the rest would cost its square.
        let room = folded.len() < 400;
        match folded.iter_mut().find(same) {
            Some(known) => {
                known.count = known.count.saturating_add(count);
                if event.rank() > known.rank() {
                    known.when.clone_from(&event.when);
                }
            }
            None if room => folded.push(Event { count, ..event.clone() }),
            None => {}
        }
    }
    folded.sort_by_key(|event| std::cmp::Reverse(event.rank()));
    folded
}

/// The events that a person would look at.
pub(super) fn lines(events: &[Event]) -> Vec<String> {
    let folded = fold(events);
    let mut lines = Vec::new();
    for (warning, most, word) in [(true, WARNINGS, "warning"), (false, NORMAL, "event")] {
        let all: Vec<&Event> = folded.iter().filter(|event| event.warning == warning).collect();
        for event in all.iter().take(most) {
            let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
            let when = if event.when.is_empty() { String::new() } else { format!(" ({})", short(&plain(&event.when))) };
            let about = if event.object.is_empty() { String::new() } else { format!(" {}", short(&event.object)) };
            let said = if event.message.is_empty() { String::new() } else { format!(": {}", short(&event.message)) };
            lines.push(format!("{word} {}{times}{when}{about}{said}", short(&event.reason)));
        }
        if all.len() > most {
            let kind = if warning { "warnings" } else { "events of type Normal" };
            lines.push(format!("… {} more {kind}", all.len() - most));
        }
    }
    lines
}

/// `4s (x3 over 10s)` without how often, which stands beside it.
fn plain(when: &str) -> String {
    match when.split_once(" (x") {
        Some((last, rest)) => match rest.trim_end_matches(')').split_once(" over ") {
            Some((_, over)) => format!("{last}, over {over}"),
            None => last.into(),
        },
        None => when.into(),
    }
}

/// Where an event says whom it is about.
const ABOUT: [&str; 3] = ["involvedObject", "InvolvedObject", "regarding"];

/// Whether an object is an event.
pub(super) fn is_one(value: &Value) -> bool {
    value.get("kind").and_then(Value::as_str) == Some("Event") || ABOUT.iter().any(|key| value.get(*key).is_some())
}

/// An event as an object: of the API, or as the two Kubernetes servers write it.
pub(super) fn read(value: &Value) -> Option<Event> {
    let text = |names: &[&str]| {
        let found = names.iter().filter_map(|name| value.get(*name).and_then(Value::as_str));
        found.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_string()
    };
    let reason = text(&["reason", "Reason"]);
    let message = text(&["message", "Message", "note"]);
    if reason.is_empty() && message.is_empty() {
        return None;
    }
    let about = ABOUT.iter().find_map(|name| value.get(*name));
    let own = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_string();
    let part = |names: [&str; 2]| own(names.iter().find_map(|name| about?.get(*name)));
    let (kind, name) = (part(["kind", "Kind"]).to_lowercase(), part(["name", "Name"]));
    let whose = [text(&["namespace", "Namespace"]), own(value.pointer("/metadata/namespace"))];
    let namespaces = [part(["namespace", "Namespace"])].into_iter().chain(whose);
    let number = |pointer: &&str| value.pointer(pointer).and_then(Value::as_u64).filter(|count| *count > 0);
    let count = COUNTS.iter().filter_map(number).max();
    let mut when = text(&["lastTimestamp", "Timestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp"]);
    // What is a series was seen last later than it began.
    let last = own(value.pointer("/series/lastObservedTime"));
    if !last.is_empty() {
        when = last;
    }
    Some(Event {
        warning: text(&["type", "Type"]) == "Warning",
        reason,
        message,
        object: [kind, name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
        namespace: namespaces.into_iter().find(|one| !one.is_empty()).unwrap_or_default(),
        count: count.unwrap_or(1),
        counted: count.is_some(),
        when,
    })
}

/// Where an event says how often it was.
const COUNTS: [&str; 3] = ["/series/count", "/count", "/deprecatedCount"];

/// Columns by which a table is one of events.
pub(super) const TITLES: [&str; 3] = ["TYPE", "REASON", "MESSAGE"];

/// An event as a row of a table.
pub(super) fn of_row(row: &Row) -> Event {
    let when = [row.cell("LAST SEEN"), row.cell("AGE")].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let count = row.cell("COUNT").parse().unwrap_or(1);
    Event {
        warning: row.cell("TYPE") == "Warning",
        reason: row.cell("REASON").into(),
        message: row.cell("MESSAGE").into(),
        object: row.cell("OBJECT").replace('/', " "),
        namespace: row.cell("NAMESPACE").into(),
        count: times(when).max(count),
        // A table says it where it was more than once.
        counted: true,
        when: when.into(),
    }
}

/// How often a line such as `4s (x3 over 10s)` says that it happened.
pub(super) fn times(age: &str) -> u64 {
    let counted = age.split_once("(x").and_then(|(_, rest)| rest.split([' ', ')']).next()?.parse().ok());
    counted.unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_series_is_counted_and_seen_last_when_it_was_observed_last() {
        // As the scheduler records it: through the newer API, read through the older one.
        let recorded = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "web-0.17e0", "namespace": "shop"},
            "involvedObject": {"kind": "Pod", "name": "web-0", "namespace": "shop"}, "reason": "FailedScheduling",
            "message": "0/3 nodes are available", "type": "Warning", "source": {}, "count": null, "firstTimestamp": null,
            "lastTimestamp": null, "eventTime": "2026-11-21T00:00:00.019334Z", "action": "Scheduling",
            "series": {"count": 8, "lastObservedTime": "2026-11-21T00:09:00.000000Z"},
            "reportingComponent": "default-scheduler", "reportingInstance": "default-scheduler-a"});
        let found = read(&recorded).unwrap();
        assert_eq!((found.count, found.when.as_str()), (8, "2026-11-21T00:09:00.000000Z"));
        assert_eq!((found.object.as_str(), found.namespace.as_str()), ("pod web-0", "shop"));
        let newer = json!({"kind": "Event", "regarding": {"kind": "Pod", "name": "web-0", "namespace": "shop"},
            "reason": "BackOff", "note": "Back-off restarting failed container", "type": "Warning", "eventTime": null,
            "deprecatedCount": 31, "deprecatedFirstTimestamp": "2026-11-21T00:00:00Z",
            "deprecatedLastTimestamp": "2026-11-21T00:08:00Z"});
        let found = read(&newer).unwrap();
        assert_eq!((found.count, found.when.as_str()), (31, "2026-11-21T00:08:00Z"));
    }

    fn event(reason: &str, when: &str) -> Event {
        Event { warning: true, reason: reason.into(), when: when.into(), count: 1, ..Event::default() }
    }

    #[test]
    fn events_are_folded_and_the_newest_comes_first() {
        for whens in [
            ["2026-11-21T00:00:01Z", "2026-11-21T00:00:09Z", "2026-11-21T00:00:05Z"],
            ["2026-11-21 00:00:01 +0000 UTC", "2026-11-21 00:00:09 +0000 UTC", "2026-11-21 00:00:05 +0000 UTC"],
            ["9m", "4s (x3 over 10s)", "1m5s"],
        ] {
            let [first, second, third] = whens;
            let folded = fold(&[event("a", first), event("a", second), event("b", third)]);
            let found: Vec<(&str, u64, &str)> =
                folded.iter().map(|one| (one.reason.as_str(), one.count, one.when.as_str())).collect();
            assert_eq!(found, [("a", 2, second), ("b", 1, third)]);
        }
        let asked = "2026-11-21T00:01:00Z".parse::<jiff::Timestamp>().unwrap();
        let at = |when: &str| event("a", when).seen_at(asked) - asked.as_second();
        assert_eq!((at("4s (x3 over 10s)"), at("2026-11-21T00:00:30Z"), at("0s")), (-4, -30, 0));
        assert_eq!(event("a", "").seen_at(asked), i64::MIN);
        assert_eq!(times("4s (x3 over 10s)"), 3);
        assert_eq!((age("5m3s"), age("soon"), age("12"), age("")), (Some(303), None, None, None));
    }
}
