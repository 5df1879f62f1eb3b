//! Which keys and words the files of a case may hold: one that nobody reads is a misspelt one, and a case that is
//! read in part tests something else than it says.

use serde_json::Value;

/// What a value may be. Null stands for a member that is not there.
#[derive(Debug)]
pub(super) enum Shape {
    /// Anything.
    Any,
    /// A text.
    Text,
    /// A whole number that is not negative.
    Number,
    /// True or false.
    Bool,
    /// One of these texts.
    Word(&'static [&'static str]),
    /// An object whose values are texts, by any name.
    Texts,
    /// A list.
    List(&'static Shape),
    /// An object with these members; `extra`, the open end of the contract's records, may always stand there.
    Object(&'static [(&'static str, Shape)]),
}

use Shape::{Any, Bool, List, Number, Object, Text, Texts, Word};

const OCCASION: Shape = Word(&["approval", "report", "resolved", "answered"]);
const MOMENT: Shape = Object(&[("millis", Number), ("text", Text)]);

const ALERT: Shape = Object(&[
    ("name", Text),
    ("status", Word(&["firing", "resolved"])),
    ("severity", Text),
    ("labels", Texts),
    ("annotations", Texts),
    ("starts-at", MOMENT),
    ("ends-at", MOMENT),
    ("fingerprint", Text),
    ("link", Text),
]);

const TARGET: Shape = Object(&[("kind", Text), ("namespace", Text), ("name", Text)]);
const CAUSE: Shape = Object(&[("text", Text), ("confirmed", Bool), ("confidence-percent", Number)]);
const SENT: Shape = Object(&[("message-id", Text), ("occasion", OCCASION), ("reference", Text)]);
const LINK: Shape = Object(&[
    ("purpose", Word(&["approve", "deny", "incident", "runbook", "source"])),
    ("title", Text),
    ("url", Text),
    ("from-alert", Bool),
]);

const ACTION: Shape = Object(&[
    ("id", Text),
    ("tool", Text),
    ("target", Text),
    ("arguments", Text),
    ("risk", Text),
    ("state", Text),
    ("state-text", Text),
    ("proposed-by", Text),
    ("reason", Text),
    ("evidence", List(&Text)),
    ("undo", Text),
    ("approvers", Text),
    ("expires-ms", Number),
    ("answers", List(&Text)),
    ("result", Text),
    ("digest", Text),
]);

/// `notification.json`.
pub(super) const NOTIFICATION: Shape = Object(&[
    ("delivery-id", Text),
    ("message-id", Text),
    ("incident-id", Text),
    ("occasion", OCCASION),
    ("stage", Word(&["first", "update", "end"])),
    ("earlier", List(&SENT)),
    ("severity", Text),
    ("outcome", Text),
    ("title", Text),
    ("summary", Text),
    ("description", Text),
    ("objects", List(&TARGET)),
    ("objects-left-out", Number),
    ("cause", CAUSE),
    ("actions", List(&ACTION)),
    ("body-markdown", Text),
    ("facts", Texts),
    ("links", List(&LINK)),
    ("alerts", List(&ALERT)),
    ("alerts-left-out", Number),
    ("language", Text),
    ("now-ms", Number),
]);

/// `incident.json`.
pub(super) const INCIDENT: Shape = Object(&[
    ("id", Text),
    ("title", Text),
    ("severity", Text),
    ("labels", Texts),
    ("alerts", List(&ALERT)),
    ("now-ms", Number),
]);

/// `action.json`.
pub(super) const OWN_ACTION: Shape =
    Object(&[("name", Text), ("arguments", Any), ("attempt-id", Text), ("call", Word(&["execute", "undo", "probe"]))]);

/// `request.json`.
pub(super) const REQUEST: Shape =
    Object(&[("method", Text), ("headers", Texts), ("query", Texts), ("received-at-ms", Number)]);

/// `http.json`.
pub(super) const ANSWERS: Shape =
    List(&Object(&[("status", Number), ("headers", Texts), ("body", Any), ("error", Any)]));

/// `mail.json`.
pub(super) const MAILS: Shape = List(&Object(&[
    ("ok", Object(&[("refused", List(&Object(&[("address", Text), ("reason", Text), ("temporary", Bool)])))])),
    ("error", Object(&[("rejected", Text), ("auth", Text), ("unavailable", Text)])),
]));

/// `bus.json`.
pub(super) const PUBLISHED: Shape = List(&Object(&[
    ("ok", Object(&[("duplicate", Bool)])),
    ("error", Object(&[("rejected", Text), ("forbidden", Text), ("unavailable", Text), ("too-large", Number)])),
]));

/// `tools.json`.
pub(super) const TOOLS: Shape = Object(&[
    ("catalogue", List(&Object(&[("name", Text), ("read-only", Bool)]))),
    (
        "looks",
        List(&Object(&[
            ("tool", Text),
            ("arguments", Any),
            ("json", Any),
            ("text", Text),
            ("error", Object(&[("failed", Text), ("unavailable", Text), ("denied", Text)])),
        ])),
    ),
]);

impl Shape {
    /// A sentence about the first thing that nobody would read, with its place in the file.
    pub fn problem(&self, value: &Value) -> Option<String> {
        self.at("", value)
    }

    fn at(&self, place: &str, value: &Value) -> Option<String> {
        let here = || if place.is_empty() { "it".to_string() } else { format!("`{place}`") };
        let wrong = |what: &str| Some(format!("{} must be {what}", here()));
        match (self, value) {
            (Any, _) | (_, Value::Null) | (Text, Value::String(_)) | (Bool, Value::Bool(_)) => None,
            (Number, number) if number.is_u64() => None,
            (Word(words), Value::String(word)) if words.contains(&word.as_str()) => None,
            (Word(words), _) => wrong(&format!("one of {}", words.join(", "))),
            (Texts, Value::Object(members)) => {
                let odd = members.iter().find(|(_, value)| !value.is_string())?;
                Some(format!("`{}` must be a text", joined(place, odd.0)))
            }
            (List(of), Value::Array(items)) => {
                items.iter().enumerate().find_map(|(i, item)| of.at(&format!("{place}[{i}]"), item))
            }
            (Object(known), Value::Object(members)) => members.iter().find_map(|(key, value)| {
                let shape = known.iter().find(|(name, _)| name == key).map(|(_, shape)| shape);
                match shape {
                    Some(shape) => shape.at(&joined(place, key), value),
                    None if key == "extra" => None,
                    None => Some(format!("`{}` is no key that is read: {}", joined(place, key), meant(key, known))),
                }
            }),
            (Text, _) => wrong("a text"),
            (Number, _) => wrong("a whole number"),
            (Bool, _) => wrong("true or false"),
            (Texts, _) => wrong("an object of texts"),
            (List(_), _) => wrong("a list"),
            (Object(_), _) => wrong("an object"),
        }
    }
}

fn joined(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_string() } else { format!("{place}.{key}") }
}

fn meant(key: &str, known: &[(&'static str, Shape)]) -> String {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    match closest(key, &names, LIKE) {
        Some(name) => format!("is `{name}` meant?"),
        None => format!("there are {}", names.join(", ")),
    }
}

/// From here on a key or a file is taken for a known one misspelt.
pub(super) const LIKE: f32 = 0.7;

/// The name that somebody may have meant: the one that is most alike, if it is more than so much alike (0 to 1).
pub fn closest<'a>(word: &str, names: &[&'a str], like_enough: f32) -> Option<&'a str> {
    let like = |name: &str| similar::TextDiff::from_chars(word, name).ratio();
    let best = names.iter().copied().max_by(|a, b| like(a).total_cmp(&like(b)))?;
    (like(best) > like_enough).then_some(best)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_would_read_is_named_with_its_place() {
        for (shape, value, want) in [
            (&NOTIFICATION, json!({"titel": "a"}), "`titel` is no key that is read: is `title` meant?"),
            (&NOTIFICATION, json!({"ocasion": "report", "title": "a"}), "is `occasion` meant?"),
            (&NOTIFICATION, json!({"occasion": "aproval"}), "`occasion` must be one of approval, report"),
            (
                &INCIDENT,
                json!({"alerts": [{}, {"status": "resovled"}]}),
                "`alerts[1].status` must be one of firing, resolved",
            ),
            (&INCIDENT, json!({"alerts": [{"labels": {"a": 1}}]}), "`alerts[0].labels.a` must be a text"),
            (&INCIDENT, json!({"now-ms": "soon"}), "`now-ms` must be a whole number"),
            (
                &TOOLS,
                json!({"looks": [{"tool": "a", "awnser": 1}]}),
                "`looks[0].awnser` is no key that is read: there are tool, ",
            ),
            (&ANSWERS, json!({"status": 200}), "it must be a list"),
            (&REQUEST, json!({"header": {}}), "is `headers` meant?"),
            (&OWN_ACTION, json!({"name": "a", "call": "do"}), "`call` must be one of execute, undo, probe"),
        ] {
            let problem = shape.problem(&value).unwrap_or_default();
            assert!(problem.contains(want), "{value}: {problem}");
        }
    }

    #[test]
    fn what_says_nothing_and_the_open_end_may_stand_there() {
        let value =
            json!({"cause": null, "extra": {"a": "b"}, "alerts": [{"name": "a", "extra": {}, "severity": null}]});
        assert_eq!(NOTIFICATION.problem(&value), None);
    }
}
