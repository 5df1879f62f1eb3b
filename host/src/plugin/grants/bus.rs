//! What a plugin may publish, on which of the operator's message buses: `[notifiers.NAME.bus]`.

use serde::Deserialize;

use super::Grants;
use super::lines::quoted;
use crate::domain::event::Pattern;

/// `[notifiers.NAME.bus]`: what a target may publish.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusGrant {
    /// The name of one of `[[bus.nats]]`.
    pub name: String,
    /// Where it may publish: `ops.notifications.>`, with `*` for one word and `>` for the rest.
    pub subjects: Vec<String>,
    /// Whether a stream must have taken a message before it counts as delivered.
    #[serde(default = "acknowledged")]
    pub acknowledged: bool,
}

fn acknowledged() -> bool {
    true
}

/// A grant that can be used.
#[derive(Clone, Debug)]
pub struct GrantedBus {
    pub name: String,
    pub acknowledged: bool,
    subjects: Vec<Pattern>,
}

impl BusGrant {
    /// Sentences about what cannot be used.
    pub fn problems(&self) -> Vec<String> {
        self.open().err().unwrap_or_default()
    }

    /// Reads it.
    ///
    /// # Errors
    /// Sentences about everything that cannot be used.
    pub fn open(&self) -> Result<GrantedBus, Vec<String>> {
        let mut problems = Vec::new();
        if self.subjects.is_empty() {
            problems.push("subjects is empty: nothing may be published".to_string());
        }
        let mut subjects = Vec::new();
        for subject in &self.subjects {
            match Pattern::parse(subject) {
                Ok(_) if is_servers_own(subject) => problems.push(format!("{subject:?} belongs to the server itself")),
                Ok(pattern) => subjects.push(pattern),
                Err(error) => problems.push(error),
            }
        }
        let (name, acknowledged) = (self.name.clone(), self.acknowledged);
        if problems.is_empty() { Ok(GrantedBus { name, acknowledged, subjects }) } else { Err(problems) }
    }
}

/// Whether a subject is one by which servers and clients speak to each other: what is published there commands.
pub fn is_servers_own(subject: &str) -> bool {
    subject.starts_with('$') || subject.starts_with("_INBOX.")
}

impl Grants {
    /// The bus on which this plugin asks to publish and may. The error says what would allow it.
    pub fn permit_bus<'a>(&self, granted: Option<&'a GrantedBus>) -> Result<&'a GrantedBus, String> {
        if !self.asks.bus {
            return Err(format!(
                "publishing on a bus was not asked for by plugin {}; its plugin.toml would need: [asks] bus = true",
                self.plugin
            ));
        }
        granted.ok_or_else(|| self.bus_needed())
    }

    /// Whether it may publish on a subject. The error says what would allow it.
    pub fn permit_subject(&self, granted: &GrantedBus, subject: &str) -> Result<(), String> {
        if granted.subjects.iter().any(|pattern| pattern.matches(subject)) {
            return Ok(());
        }
        let all = granted.subjects.iter().map(ToString::to_string).chain([subject.to_string()]);
        Err(format!(
            "publishing on {subject} is not granted to plugin {}; the host's configuration would need: [{}.bus] \
             subjects = [{}]",
            self.plugin,
            self.place,
            quoted(&all.collect::<Vec<_>>())
        ))
    }

    /// The sentence about a bus that is not granted at all.
    pub(super) fn bus_needed(&self) -> String {
        format!(
            "publishing on a bus is not granted to plugin {}; the host's configuration would need: [{}.bus] {}",
            self.plugin,
            self.place,
            LINES.join(", ")
        )
    }
}

/// A grant as it stands in the configuration, to be filled in.
pub(in crate::plugin) const LINES: [&str; 2] = ["name = \"ops\"", "subjects = [\"ops.notifications.>\"]"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::asks::Asks;

    fn grant(subjects: &[&str]) -> BusGrant {
        let subjects = subjects.iter().map(ToString::to_string).collect();
        BusGrant { name: "ops".into(), subjects, acknowledged: true }
    }

    #[test]
    fn subjects_are_those_that_are_named() {
        let granted = grant(&["ops.notifications.>", "ops.*.told"]).open().unwrap();
        let grants = Grants::new("nats", "notifiers.bus", &Asks { bus: true, ..Asks::default() }, &[]).unwrap();
        for subject in ["ops.notifications.a.b", "ops.x.told"] {
            assert_eq!(grants.permit_subject(&granted, subject), Ok(()), "{subject}");
        }
        for subject in ["ops.notifications", "Ops.notifications.a", "ops.x.y.told", "other"] {
            assert!(grants.permit_subject(&granted, subject).is_err(), "{subject}");
        }
        assert_eq!(
            grants.permit_subject(&granted, "other").unwrap_err(),
            "publishing on other is not granted to plugin nats; the host's configuration would need: \
             [notifiers.bus.bus] subjects = [\"ops.notifications.>\", \"ops.*.told\", \"other\"]"
        );
    }

    #[test]
    fn a_refusal_prints_the_line_that_would_allow_it() {
        let without = Grants::new("chat", "plugins.chat", &Asks::default(), &[]).unwrap();
        assert!(without.permit_bus(None).err().unwrap().ends_with("[asks] bus = true"));
        let asked = Grants::new("nats", "plugins.nats", &Asks { bus: true, ..Asks::default() }, &[]).unwrap();
        assert!(asked.permit_bus(None).err().unwrap().contains("[plugins.nats.bus] name = \"ops\""));
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        for (subjects, part) in [
            (&[][..], "nothing may be published"),
            (&["a..b"], "side by side"),
            (&["$JS.API.>"], "the server itself"),
            (&["_INBOX.x"], "the server itself"),
        ] {
            let problems = grant(subjects).problems();
            assert!(problems.iter().any(|problem| problem.contains(part)), "{subjects:?}: {problems:?}");
        }
        assert!(toml::from_str::<BusGrant>("name = \"a\"\nsubjects = [\"a\"]\nsubject = \"b\"").is_err());
        assert!(toml::from_str::<BusGrant>("name = \"a\"\nsubjects = [\"a\"]").unwrap().acknowledged);
    }
}
