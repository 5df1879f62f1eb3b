//! Where a message goes: a subject with words of the message in it, of which none means more than one word.

use tidegate_plugin::notifier::{CallError, Notification, Stage};
use tidegate_plugin::settings::wrong;
use tidegate_plugin::text::{Limit, cut};

/// Bytes of a word.
const WORD: Limit = Limit::bytes(120);
/// What stands where a message has no such word.
const NONE: &str = "-";

/// The subject of a message; that of ops in lower case, as all of its subjects are.
pub(crate) fn of(template: &str, message: &Notification, lower: bool) -> Result<String, CallError> {
    let mut subject = String::new();
    let mut rest = template;
    while let Some((before, name, behind)) = rest
        .split_once('{')
        .and_then(|(before, rest)| rest.split_once('}').map(|(name, behind)| (before, name, behind)))
    {
        subject.push_str(before);
        let value = value(name, message).ok_or_else(|| {
            wrong("subject", format!("{{{name}}} stands for nothing: there are {}", NAMES.join(", ")))
        })?;
        subject.push_str(&word(&value));
        rest = behind;
    }
    subject.push_str(rest);
    if subject.split('.').any(str::is_empty) {
        return Err(wrong("subject", "a part between two dots is empty"));
    }
    Ok(if lower { subject.to_lowercase() } else { subject })
}

const NAMES: [&str; 9] =
    ["{severity}", "{occasion}", "{stage}", "{outcome}", "{incident}", "{cluster}", "{namespace}", "{kind}", "{name}"];

fn value(name: &str, message: &Notification) -> Option<String> {
    let object = message.objects.first();
    Some(match name {
        "severity" => message.severity.clone(),
        "occasion" => message.occasion.name().to_string(),
        "stage" => stage(message.stage).to_string(),
        "outcome" => message.outcome.clone(),
        "incident" => message.incident_key().to_string(),
        "cluster" => cluster(message).to_string(),
        "namespace" => object.map(|object| object.namespace.clone()).unwrap_or_default(),
        "kind" => object.map(|object| object.kind.clone()).unwrap_or_default(),
        "name" => object.map(|object| object.name.clone()).unwrap_or_default(),
        _ => return None,
    })
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::First => "first",
        Stage::Update => "update",
        Stage::End => "end",
    }
}

/// The cluster that the first alert with one names.
pub(crate) fn cluster(message: &Notification) -> &str {
    let mut labels = message.alerts.iter().flat_map(|alert| &alert.labels);
    labels.find(|(name, _)| name == "cluster").map(|(_, cluster)| cluster.as_str()).unwrap_or_default()
}

/// One word between dots: no letter of it means something else in a subject.
fn word(text: &str) -> String {
    let plain = |c: char| if c.is_whitespace() || c.is_control() || matches!(c, '*' | '>' | '.') { '-' } else { c };
    let text: String = cut(text, WORD).chars().map(plain).collect();
    if text.is_empty() { NONE.into() } else { text }
}

/// The word behind another one in a subject, such as that behind `channels`.
pub(crate) fn behind<'a>(subject: &'a str, word: &str) -> Option<&'a str> {
    let mut words = subject.split('.');
    words.by_ref().find(|one| one.eq_ignore_ascii_case(word))?;
    words.next()
}
