//! The `on` part of a declaration: which field must be what.

use std::fmt;

use rhai::Map;

use super::matcher::Matcher;
use super::problem::nearest;
use crate::domain::Cause;

/// Something about an incident or an action that `on` can name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Field {
    Name,
    Severity,
    Source,
    Outcome,
    Finding,
    Label(String),
    Tool,
    Server,
    Risk,
    Origin,
    OriginName,
    Restores,
    Mode,
    Namespace,
    Kind,
    TargetName,
    Elsewhere,
    Argument(Vec<String>),
    Subject,
    Type,
    Observation,
    Cluster,
    Reason,
    Message,
    Text,
    Rendered,
    Data(Vec<String>),
}

impl Field {
    /// Whether an action can have several of it, so that gates treat it asymmetrically.
    pub fn is_label(&self) -> bool {
        matches!(self, Self::Label(_))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "alertname",
            Self::Severity => "severity",
            Self::Source => "source",
            Self::Outcome => "outcome",
            Self::Finding => "finding",
            Self::Tool => "tool",
            Self::Server => "server",
            Self::Risk => "risk",
            Self::Origin => "origin",
            Self::OriginName => "origin_name",
            Self::Restores => "restores",
            Self::Mode => "mode",
            Self::Namespace => "namespace",
            Self::Kind => "kind",
            Self::TargetName => "target_name",
            Self::Elsewhere => "elsewhere",
            Self::Subject => "subject",
            Self::Type => "type",
            Self::Observation => "observation",
            Self::Cluster => "cluster",
            Self::Reason => "reason",
            Self::Message => "message",
            Self::Text => "text",
            Self::Rendered => "rendered",
            Self::Data(path) => return write!(f, "data.{}", path.join(".")),
            Self::Label(name) => return write!(f, "label {name}"),
            Self::Argument(path) => return write!(f, "argument {}", path.join(".")),
        })
    }
}

/// What a declaration is about, which decides what its `on` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeclarationKind {
    /// Groups, silences, inhibitions and evidence.
    Incident,
    /// Rules: an incident of which it can be found out what is wrong.
    Rule,
    /// Routes: an incident that may have ended.
    Message,
    /// Gates.
    Action,
    /// Checks.
    Call,
    /// What comes in as an event.
    Event,
    /// Gates on silences: what the alerts have that one would cover.
    Silence,
}

const OF_EVENTS: [(&str, Field); 12] = [
    ("subject", Field::Subject),
    ("type", Field::Type),
    ("source", Field::Source),
    ("observation", Field::Observation),
    ("cluster", Field::Cluster),
    ("namespace", Field::Namespace),
    ("kind", Field::Kind),
    ("name", Field::TargetName),
    ("reason", Field::Reason),
    ("message", Field::Message),
    ("text", Field::Text),
    ("rendered", Field::Rendered),
];

const OF_CALLS: [(&str, Field); 6] = [
    ("tool", Field::Tool),
    ("server", Field::Server),
    ("namespace", Field::Namespace),
    ("kind", Field::Kind),
    ("target_name", Field::TargetName),
    ("elsewhere", Field::Elsewhere),
];

const OF_ACTIONS: [(&str, Field); 8] = [
    ("risk", Field::Risk),
    ("origin", Field::Origin),
    ("origin_name", Field::OriginName),
    ("restores", Field::Restores),
    ("mode", Field::Mode),
    ("severity", Field::Severity),
    ("alertname", Field::Name),
    ("source", Field::Source),
];

/// Reads the name of a field.
pub(super) fn field(key: &str, about: DeclarationKind) -> Result<Field, String> {
    if about == DeclarationKind::Event {
        return of_event(key);
    }
    if let Some(label) = key.strip_prefix("label.") {
        return Ok(Field::Label(label.to_string()));
    }
    if about == DeclarationKind::Silence {
        return Ok(Field::Label(key.to_string()));
    }
    if matches!(about, DeclarationKind::Incident | DeclarationKind::Rule | DeclarationKind::Message) {
        return Ok(match key {
            "alertname" | "name" => Field::Name,
            "severity" => Field::Severity,
            "source" => Field::Source,
            "outcome" if about == DeclarationKind::Message => Field::Outcome,
            "finding" if about != DeclarationKind::Incident => Field::Finding,
            "finding" => {
                let label = "write `label.finding` for a label of that name";
                return Err(format!(
                    "`on` can name `finding` in rules and routes only, because nothing is found out before; {label}"
                ));
            }
            label => Field::Label(label.to_string()),
        });
    }
    if let Some(path) = key.strip_prefix("argument.") {
        return Ok(Field::Argument(path.split('.').map(str::to_string).collect()));
    }
    let mut known = OF_CALLS.to_vec();
    if about == DeclarationKind::Action {
        known.extend(OF_ACTIONS);
    }
    if let Some((_, field)) = known.iter().find(|(name, _)| *name == key) {
        return Ok(field.clone());
    }
    Err(no_field(key, &known, "argument.<path> and label.<name>"))
}

fn of_event(key: &str) -> Result<Field, String> {
    if let Some(path) = key.strip_prefix("data.") {
        return Ok(Field::Data(path.split('.').map(str::to_string).collect()));
    }
    let known = OF_EVENTS.iter().find(|(name, _)| *name == key).map(|(_, field)| field.clone());
    known.ok_or_else(|| no_field(key, &OF_EVENTS, "data.<path>"))
}

fn no_field(key: &str, known: &[(&str, Field)], more: &str) -> String {
    let names = || known.iter().map(|(name, _)| *name);
    let hint = nearest(key, names()).map(|near| format!("did you mean `{near}`?"));
    let all = || format!("it may name {}, {more}", names().collect::<Vec<_>>().join(", "));
    format!("`on` cannot name `{key}`; {}", hint.unwrap_or_else(all))
}

/// Names that no finding has.
fn unknown(matcher: &Matcher) -> Vec<String> {
    let names = matcher.literals().unwrap_or_default().into_iter().filter(|name| Cause::of(name).is_none());
    names.map(|name| format!("`on`, `finding`: {}", no_finding(name))).collect()
}

/// Says that no finding has this name.
pub(super) fn no_finding(name: &str) -> String {
    let hint = nearest(name, Cause::NAMES.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    let all = || "; README.md lists them".to_string();
    format!("no finding is called `{name}`{}", hint.unwrap_or_else(all))
}

/// All conditions of one declaration; each must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct On {
    pub conditions: Vec<(Field, Matcher)>,
}

impl On {
    /// Whether it asks for a value of a field: by what it must be, and not by what it must not.
    pub fn asks(&self, field: &Field, value: &str) -> bool {
        let mut of_field = self.conditions.iter().filter(|(of, _)| of == field);
        of_field.any(|(_, matcher)| !matcher.negates() && matcher.accepts(Some(value)))
    }

    /// Reads the map, collecting what is wrong with it.
    pub fn read(map: &Map, about: DeclarationKind, problems: &mut Vec<String>) -> Self {
        let mut conditions = Vec::new();
        for (key, value) in map {
            let read = if about == DeclarationKind::Event && key == "subject" {
                Matcher::of_subjects
            } else {
                Matcher::from_value
            };
            let matcher = read(value).map_err(|why| format!("`on`, `{key}`: {why}"));
            match field(key, about).and_then(|field| Ok((field, matcher?))) {
                Ok((Field::Finding, matcher)) => {
                    problems.extend(unknown(&matcher));
                    conditions.push((Field::Finding, matcher));
                }
                Ok(condition) => conditions.push(condition),
                Err(problem) => problems.push(problem),
            }
        }
        Self { conditions }
    }

    /// Whether it asks what is wrong.
    pub fn asks_what_is_wrong(&self) -> bool {
        self.conditions.iter().any(|(field, _)| *field == Field::Finding)
    }

    /// The same over normal spellings, for gates that forbid.
    pub fn normalised(&self) -> Self {
        let conditions = self.conditions.iter().map(|(field, matcher)| (field.clone(), matcher.normalised()));
        Self { conditions: conditions.collect() }
    }

    /// Fields that must have one of a few values, which is what an index can use.
    pub fn literals(&self) -> impl Iterator<Item = (&Field, Vec<&str>)> {
        self.conditions.iter().filter_map(|(field, matcher)| Some((field, matcher.literals()?)))
    }
}
