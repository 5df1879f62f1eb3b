//! Tools over the host's own record: for the model in conversations with people, and for programs that speak MCP.
//!
//! They read, and nothing else. Each answers with JSON that the caller fits into its bound ([`fit`]); what stands in it came
//! from alerts, tools and people, and is data. [`RECORD`] needs nothing but the record; [`HOST`] a host that runs.

mod arguments;
mod fit;
mod host;
mod page;
mod record;

use serde_json::{Map, Value, json};

use crate::backend::silences::SilenceDraft;
use crate::backend::{Backend, Records};
use crate::domain::{Access, Matcher, Permission, Person, schema};
use crate::report::Language;

use arguments::Arguments;
pub use fit::fit;
pub use page::{Cursor, paginate, truncate_page};

/// A tool as it is offered.
#[derive(Clone, Copy)]
pub struct Tool {
    /// Its name, without the server's.
    pub name: &'static str,
    /// What it tells.
    pub about: &'static str,
    /// Its arguments by name.
    properties: fn() -> Value,
    /// Those without which it cannot be called.
    required: &'static [&'static str],
}

impl Tool {
    /// JSON Schema of its arguments: nothing else is taken.
    pub fn schema(&self) -> Value {
        json!({
            "type": "object", "properties": (self.properties)(), "additionalProperties": false, "required": self.required,
        })
    }
}

/// One incident: how it stands, what was found, done and said.
pub const INCIDENT: &str = "incident";
/// Why an incident was decided, and its actions ruled on, as they were.
pub const EXPLAIN: &str = "explain";

/// What a silence would cover.
pub const SILENCE_PREVIEW: &str = "silence_preview";

/// Most items of one answer.
const LISTED: u64 = 50;

fn text(about: &str) -> Value {
    json!({"type": "string", "description": about})
}

fn limit() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": LISTED, "description": "how many at most"})
}

fn cursor() -> Value {
    text("`next` of the page before; leave it out for the first page")
}

fn about_incident() -> Value {
    json!({"incident": text("the incident's full id")})
}

/// Tools over incidents, runbooks and what was looked at.
pub const RECORD: &[Tool] = &[
    Tool {
        name: "incidents",
        about: "Lists incidents that tidegate handles or has handled, the newest first.",
        properties: || {
            json!({
                "state": text("open, planning, investigating, awaiting_approval, acting, watching or closed"),
                "outcome": text("such as fixed or needs_person"),
                "severity": text("critical, error, warning or info"),
                "source": text("the source of the first alert"),
                "rule": text("the rule that decided"),
                "since": text("opened at or after this time, RFC 3339"),
                "limit": limit(),
                "cursor": cursor(),
            })
        },
        required: &[],
    },
    Tool {
        name: INCIDENT,
        about: "Tells how one incident stands: alerts, findings, evidence, actions, outcome.",
        properties: about_incident,
        required: &["incident"],
    },
    Tool {
        name: EXPLAIN,
        about: "Tells why an incident was decided as it was, and why its actions were allowed, asked about or denied.",
        properties: about_incident,
        required: &["incident"],
    },
    Tool {
        name: "search",
        about: "Searches runbooks and closed incidents.",
        properties: || json!({"words": text("words that must all stand in it")}),
        required: &["words"],
    },
    Tool {
        name: "similar",
        about: "Tells which runbooks apply to an incident, which closed incidents are like it, and how they were fixed.",
        properties: about_incident,
        required: &["incident"],
    },
];

/// More of the same for programs, which have no prompt that is short of room.
pub const PROGRAMS: &[Tool] = &[
    Tool {
        name: "timeline",
        about: "Tells what happened to an incident, one line an event, the oldest first.",
        properties: || json!({"incident": text("the incident's full id"), "limit": limit(), "cursor": cursor()}),
        required: &["incident"],
    },
    Tool {
        name: "report",
        about: "The report of an incident as Markdown.",
        properties: about_incident,
        required: &["incident"],
    },
    Tool {
        name: "evidence",
        about: "What was looked at for an incident: excerpts, or with a number one whole answer.",
        properties: || {
            json!({
                "incident": text("the incident's full id"),
                "number": {"type": "integer", "minimum": 1, "description": "one piece, from 1"},
            })
        },
        required: &["incident"],
    },
];

/// Tools over a host that runs.
pub const HOST: &[Tool] = &[
    Tool {
        name: "alerts",
        about: "Lists alerts that fire now, with their incident and the silences that cover them.",
        properties: || {
            json!({
                "match": text("matchers such as namespace=\"shop\", severity=~\"critical|error\": all must match"),
                "limit": limit(),
                "cursor": cursor(),
            })
        },
        required: &[],
    },
    Tool {
        name: "silences",
        about: "Lists silences: what each covers, until when, by whom, how much it hides now and has hidden.",
        properties: || {
            json!({
                "state": {"type": "string", "enum": ["active", "pending", "expired"]},
                "limit": limit(),
                "cursor": cursor(),
            })
        },
        required: &[],
    },
    Tool {
        name: SILENCE_PREVIEW,
        about: "Tells what a silence would cover now, and what speaks against it. Makes none.",
        properties: host::silence_properties,
        required: &["match", "for"],
    },
    Tool {
        name: "approvals",
        about: "Lists actions that wait for a person's answer. Answers are given by people, not here.",
        properties: || json!({"limit": limit(), "cursor": cursor()}),
        required: &[],
    },
    Tool {
        name: "policies",
        about: "Lists what the policies in force declare: rules, gates, routes, silences and so on, with file and line.",
        properties: || {
            json!({
                "kind": text("rule, gate, route, silence, silence_gate, inhibit, evidence, check, event or group"),
                "limit": limit(),
                "cursor": cursor(),
            })
        },
        required: &[],
    },
    Tool {
        name: "tools",
        about: "Lists what may be called in clusters and by plugins, with the risk of each. Gates rule on every call.",
        properties: || {
            json!({
                "risk": {"type": "string", "enum": ["read", "low", "high", "irreversible"]},
                "tool": text("one tool by its full name: with the schema of its arguments"),
                "limit": limit(),
                "cursor": cursor(),
            })
        },
        required: &[],
    },
    Tool {
        name: "costs",
        about: "Tells what language models have cost by day, rule and model, and what was decided without them.",
        properties: || json!({"days": {"type": "integer", "minimum": 1, "maximum": 31, "description": "so many days, today included"}}),
        required: &[],
    },
    Tool {
        name: "status",
        about: "Tells how the host itself is: what is wrong, paused or stopped, how many incidents stand where.",
        properties: || json!({}),
        required: &[],
    },
    Tool {
        name: "inspections",
        about: "Lists inspections of whole clusters: when each is due and what it found.",
        properties: || json!({}),
        required: &[],
    },
];

/// Those that tell of what lies somewhere, and so tell whoever is bound to places of what lies there. The others tell of the host
/// as a whole, or, as runbooks and what helped before, of what lies elsewhere.
const OF_PLACES: [&str; 10] = [
    "incidents",
    INCIDENT,
    EXPLAIN,
    "timeline",
    "report",
    "evidence",
    "alerts",
    "silences",
    SILENCE_PREVIEW,
    "approvals",
];

/// Everything that programs are offered who may look there, in the order in which it is listed.
pub fn all(access: &Access) -> impl Iterator<Item = &'static Tool> {
    let bound = access.is_bound();
    RECORD.iter().chain(PROGRAMS).chain(HOST).filter(move |tool| !bound || OF_PLACES.contains(&tool.name))
}

/// Whether there is a tool of this name.
pub fn is_tool(name: &str) -> bool {
    RECORD.iter().chain(PROGRAMS).chain(HOST).any(|tool| tool.name == name)
}

/// What answers.
#[derive(Clone, Copy)]
pub struct Inquiry<'a> {
    /// The record.
    pub records: &'a dyn Records,
    /// The host that runs, where tools over it are offered.
    pub host: Option<&'a dyn Backend>,
    /// The language of sentences.
    pub language: Language,
    /// Where whoever asks may look: nothing else is told.
    pub access: &'a Access,
}

impl<'a> Inquiry<'a> {
    /// Of the record alone.
    pub fn of_record(records: &'a dyn Records, access: &'a Access) -> Self {
        Self { records, host: None, language: Language::En, access }
    }

    /// Of a host that runs.
    pub fn of_host(host: &'a dyn Backend, language: Language, access: &'a Access) -> Self {
        Self { records: host, host: Some(host), language, access }
    }

    /// Answers a call.
    ///
    /// # Errors
    /// What is wrong with it, or why nothing can be read now, as a sentence for whoever called.
    pub fn answer(&self, tool: &str, arguments: &Map<String, Value>) -> Result<Value, String> {
        let arguments = Arguments(arguments);
        if self.access.is_bound() && !OF_PLACES.contains(&tool) {
            let places = self.access.places(Permission::Look);
            return Err(format!("{tool} tells of the host as a whole, and you may look only where {places}"));
        }
        match (record::answer(self, tool, &arguments), self.host) {
            (Some(answer), _) => answer,
            (None, Some(host)) => host::answer(self, host, tool, &arguments),
            (None, None) => Err(format!("there is no tool {tool}")),
        }
    }
}

/// Arguments that say what a silence covers, and for how long.
pub fn silence_properties() -> Value {
    host::silence_properties()
}

/// What the silence covers that a call speaks of.
///
/// # Errors
/// When that cannot be read.
pub fn matchers(arguments: &Map<String, Value>) -> Result<Vec<Matcher>, String> {
    Arguments(arguments).matchers("match")
}

/// The silence that a call speaks of.
///
/// # Errors
/// When it speaks of none.
pub fn draft(
    host: &dyn Backend,
    arguments: &Map<String, Value>,
    person: Person,
    comment: &str,
) -> Result<SilenceDraft, String> {
    host::draft(host, &Arguments(arguments), person, comment)
}

/// Whether arguments are those that a schema declares.
///
/// # Errors
/// What is wrong with them, as a sentence.
pub fn check(schema: &Value, arguments: &Map<String, Value>) -> Result<(), String> {
    schema::validation_error(schema, arguments).map_or(Ok(()), Err)
}
