//! The subjects of hooks: which can be met, and where an event goes that a hook sends on.

use crate::domain::event::Pattern;

/// How a subject is listened on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subscription {
    /// The subjects that a rule names: as it was written, and as publishers of other times write the same.
    pub patterns: Vec<String>,
    /// Why nothing can ever be heard there.
    pub never: Option<String>,
    /// What is odd about it.
    pub notes: Vec<String>,
}

/// Words for the same observation, the present one first.
const ALIKE: [(&str, &str); 2] = [(".events", ".event"), (".findings", ".reports")];
/// Kinds of whose status nobody tells.
const NO_STATUS: [&str; 6] = ["pods", "nodes", "deployments", "services", "statefulsets", "daemonsets"];

impl Subscription {
    /// Reads a subject, in lower case.
    pub fn of(subject: &str) -> Self {
        let mut own = Self::default();
        if subject.is_empty() {
            own.never = Some("its subject is empty, and ops leaves such a hook out".into());
            return own;
        }
        if let Err(why) = Pattern::parse(subject) {
            own.never = Some(format!("no event can have such a subject: {why}"));
            return own;
        }
        own.patterns.push(subject.to_string());
        for (now, once) in ALIKE {
            if let Some(front) = subject.strip_suffix(now) {
                own.patterns.push(format!("{front}{once}"));
            } else if let Some(front) = subject.strip_suffix(once) {
                own.patterns.insert(0, format!("{front}{now}"));
                own.notes.push(format!(
                    "`{once}` is what it was called once: a present ops publishes `{now}`, where this hook hears nothing; here both are heard"
                ));
            }
        }
        own.oddities(subject);
        own
    }

    fn oddities(&mut self, subject: &str) {
        let words: Vec<&str> = subject.split('.').collect();
        let mut note = |text: String| self.notes.push(text);
        if !matches!(words.first(), Some(&("ops" | "*" | ">"))) {
            note("nothing that ops publishes begins otherwise than with `ops.`: there it hears nothing".into());
        }
        if words.len() == 4 && subject.starts_with("ops.clusters.") && *words.last().unwrap_or(&"") != ">" {
            note(format!(
                "nobody publishes there: findings and alerts are about a node, a host or a run, such as ops.clusters.*.namespaces.*.hosts.*.{}",
                words.last().unwrap_or(&"findings")
            ));
        }
        if let Some(kind) = dotted_name(&words) {
            let front: Vec<&str> = words.iter().take(words.len().saturating_sub(2)).copied().collect();
            note(format!(
                "`*` is one word: {kind} whose names have dots are missed, here as in ops; ops names them all as {}.>",
                front.join(".")
            ));
        }
        if let Some(at) = words.iter().position(|word| matches!(*word, "taskruns" | "pipelineruns"))
            && words.get(at + 1).is_some_and(|name| !matches!(*name, "*" | ">"))
        {
            note(
                "it names one run exactly, and runs of a schedule get five letters of chance behind their names: it hears those that were made by hand alone"
                    .into(),
            );
        }
        if let [.., kind, _, "status"] = words.as_slice()
            && NO_STATUS.contains(kind)
        {
            note(format!("nobody publishes the status of {kind}; ops tells of them by .events alone"));
        }
        if matches!(words.last(), Some(&("metrics" | "logs" | "traces"))) {
            note("nobody publishes such observations".into());
        }
    }
}

/// The kind whose names have dots now and then, where one word stands for the name.
fn dotted_name<'a>(words: &[&'a str]) -> Option<&'a str> {
    let [.., kind, "*", _] = words else { return None };
    (!words.contains(&">") && matches!(*kind, "nodes" | "hosts")).then_some(kind)
}

/// A subject that a pattern means.
pub(super) fn example(pattern: &str) -> String {
    let word = |(n, word): (usize, &str)| match word {
        "*" => format!("x{n}"),
        ">" => "namespaces.x.pods.y.events".to_string(),
        word => word.to_string(),
    };
    pattern.split('.').enumerate().map(word).collect::<Vec<_>>().join(".")
}

/// Where an event goes that a hook of type event sends on, by the rules of ops.
pub(super) fn target(url: &str, source: &str) -> String {
    let filled = if url.contains('*') {
        let sources: Vec<&str> = source.split('.').collect();
        let mut at = 0;
        let fill = |word: &str| {
            let there = sources.get(at).copied();
            if word == "*" {
                at += usize::from(there.is_some());
                there.unwrap_or("*").to_string()
            } else {
                at += usize::from(there == Some(word));
                word.to_string()
            }
        };
        url.split('.').map(fill).collect::<Vec<_>>().join(".")
    } else if url.starts_with("ops.") {
        url.to_string()
    } else {
        let front = source.rsplit_once('.').map_or("", |(front, _)| front);
        format!("{front}.{url}")
    };
    filled.to_lowercase()
}

/// How a rule sends an event on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Forwarding {
    /// One word takes the place of the last of its own subject.
    Last(String),
    /// Under this subject.
    Whole(String),
}

impl Forwarding {
    /// What the url of a hook of type event means for events of this subject; both in lower case.
    ///
    /// # Errors
    /// Why a rule cannot do the same.
    pub fn of(url: &str, subject: &str) -> Result<Self, String> {
        let literal = |text: &str| Pattern::parse(text).is_ok_and(|pattern| pattern.is_literal());
        if url.is_empty() {
            return Err("it is empty, so ops sends the event to no subject".into());
        }
        if !url.contains('*') {
            return match (url.starts_with("ops."), url.contains('.')) {
                _ if !literal(url) => Err(format!("{url:?} is no subject that an event can have")),
                (true, _) => Ok(Self::Whole(url.into())),
                (false, false) => Ok(Self::Last(url.into())),
                (false, true) => Err(format!(
                    "{url:?} puts several words in place of the last one of the event's subject, and a rule can put one there"
                )),
            };
        }
        // The url repeats the subject, up to its last word.
        let (front, last) = url.rsplit_once('.').unwrap_or(("", url));
        if subject.rsplit_once('.').is_some_and(|(own, _)| own == front) && !subject.ends_with('>') && literal(last) {
            return Ok(Self::Last(last.into()));
        }
        let filled = target(url, subject);
        if literal(&filled) && literal(subject) {
            return Ok(Self::Whole(filled));
        }
        Err(format!(
            "a rule sends an event on under a whole subject, or with another last word, and {url:?} takes other words out of {subject:?}"
        ))
    }

    /// What comes of an event that is sent on like this and then like that.
    pub fn then(&self, next: &Self) -> Self {
        match (self, next) {
            (Self::Whole(subject), Self::Last(word)) => {
                let front = subject.rsplit_once('.').map(|(front, _)| format!("{front}."));
                Self::Whole(format!("{}{word}", front.unwrap_or_default()))
            }
            (_, next) => next.clone(),
        }
    }

    /// The word for the rule.
    pub fn text(&self) -> &str {
        let (Self::Last(text) | Self::Whole(text)) = self;
        text
    }
}

/// Whether a subject is one of those that a pattern means.
pub(super) fn hears(pattern: &str, subject: &str) -> bool {
    Pattern::parse(pattern).is_ok_and(|pattern| pattern.matches(subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_filled_as_in_ops() {
        for (url, source, wanted) in [
            (
                "ops.clusters.*.namespaces.*.pods.*.alerts",
                "ops.clusters.k.namespaces.a.pods.p.events",
                "ops.clusters.k.namespaces.a.pods.p.alerts",
            ),
            ("ops.alerts.*", "ops.clusters.c1.nodes.n.events", "ops.alerts.clusters"),
            ("alerts", "ops.clusters.k.nodes.n.events", "ops.clusters.k.nodes.n.alerts"),
            ("ops.Copy", "ops.a.b", "ops.copy"),
        ] {
            assert_eq!(target(url, source), wanted, "{url}");
        }
    }

    #[test]
    fn what_a_hook_sends_on_a_rule_sends_on_or_it_is_said_why_not() {
        let pods = "ops.clusters.*.namespaces.*.pods.*.";
        let last = |word: &str| Ok(Forwarding::Last(word.into()));
        let whole = |subject: &str| Ok(Forwarding::Whole(subject.into()));
        let events = format!("{pods}events");
        for (url, subject, wanted) in [
            (format!("{pods}alerts"), events.as_str(), last("alerts")),
            ("alerts".into(), "ops.clusters.*.nodes.>", last("alerts")),
            ("ops.copy".into(), "ops.>", whole("ops.copy")),
            ("ops.clusters.*.copy".into(), "ops.clusters.k.events", whole("ops.clusters.k.copy")),
        ] {
            assert_eq!(Forwarding::of(&url, subject), wanted, "{url}");
            if let (Ok(Forwarding::Whole(filled)), false) = (&wanted, subject.contains(['*', '>'])) {
                assert_eq!(target(&url, subject), *filled, "as in ops");
            }
        }
        for (url, part) in [
            ("", "empty"),
            ("ops.alerts.*", "other words"),
            ("node.alerts", "several words"),
            ("ops..alerts", "no subject"),
            ("ops.>", "no subject"),
            ("a b", "no subject"),
        ] {
            let why = Forwarding::of(url, &events).unwrap_err();
            assert!(why.contains(part), "{url}: {why}");
        }
        let copy = Forwarding::Whole("ops.a.events".into());
        assert_eq!(copy.then(&Forwarding::Last("alerts".into())), Forwarding::Whole("ops.a.alerts".into()));
    }

    #[test]
    fn what_nobody_publishes_is_named() {
        let notes = |subject: &str| Subscription::of(subject).notes.join(" ");
        assert!(notes("ops.clusters.*.findings").contains("nobody publishes there"));
        assert!(notes("ops.clusters.*.nodes.*.events").contains("names have dots"));
        assert!(notes("ops.clusters.*.namespaces.*.pods.*.status").contains("status of pods"));
        assert!(notes("ops.clusters.*.namespaces.ops-system.taskruns.alert-x.findings").contains("five letters"));
        assert!(notes("shop.>").contains("`ops.`"));
        for fine in ["ops.clusters.*.nodes.>", "ops.>", "ops.clusters.*.namespaces.*.pods.*.events"] {
            assert_eq!(Subscription::of(fine).notes, [""; 0], "{fine}");
        }
        for never in ["", "ops..x", "ops.pods.web-*"] {
            assert!(Subscription::of(never).never.is_some(), "{never}");
        }
        assert_eq!(Subscription::of("ops.a.reports").patterns, ["ops.a.findings", "ops.a.reports"]);
    }
}
