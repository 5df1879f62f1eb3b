//! What matchers can match: those that take nothing, entries of lists that another entry covers,
//! lists that take everything, and conditions that contradict each other.

use super::language::Languages;
use super::{Finding, finding, hint};
use crate::policy::items::Meta;
use crate::policy::matcher::Matcher;
use crate::policy::normal::normal;
use crate::policy::on::{Field, On};
use crate::policy::set::Set;

/// Patterns of one list that are compared each with each.
const COMPARED: usize = 64;

/// Everything about the matchers of a set, each by itself.
pub(super) fn lists(set: &Set, languages: &mut Languages, findings: &mut Vec<Finding>) {
    let items = &set.items;
    let gates = items.gates.iter().map(|gate| (&gate.meta, "gate", &gate.on, true));
    let checks = items.checks.iter().map(|check| (&check.meta, "check", &check.on, true));
    let rules = items.rules.iter().map(|rule| (&rule.meta, "rule", &rule.on, false));
    let routes = items.routes.iter().map(|route| (&route.meta, "route", &route.on, false));
    let evidence = items.evidence.iter().map(|one| (&one.meta, "evidence", &one.on, false));
    let groups = items.groups.iter().map(|group| (&group.meta, "group", &group.on, false));
    let silences = items.silences.iter().map(|one| (&one.meta, "silence", &one.on, false));
    let silence_gates = items.silence_gates.iter().map(|one| (&one.meta, "silence_gate", &one.on, false));
    let silences = silences.chain(silence_gates);
    let sources = items.inhibits.iter().map(|one| (&one.meta, "inhibit", &one.source, false));
    let targets = items.inhibits.iter().map(|one| (&one.meta, "inhibit", &one.target, false));
    let events = items.events.iter().map(|one| (&one.meta, "event", &one.on, false));
    let of_actions = gates.chain(checks);
    let of_alerts =
        rules.chain(routes).chain(evidence).chain(groups).chain(silences).chain(sources).chain(targets).chain(events);
    for (meta, kind, on, wide) in of_actions.chain(of_alerts) {
        let mut reader = Reader { meta, kind, wide, languages, findings };
        on.conditions.iter().for_each(|(field, matcher)| reader.matcher(field, matcher));
        reader.contradictions(on);
    }
}

/// One declaration under the eyes of the lint.
struct Reader<'a> {
    meta: &'a Meta,
    kind: &'static str,
    /// Whether a value may also count in its normal spelling.
    wide: bool,
    languages: &'a mut Languages,
    findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn matcher(&mut self, field: &Field, matcher: &Matcher) {
        let (kind, name) = (self.kind, &self.meta.name);
        if let Matcher::Any(list) = matcher {
            return self.list(field, list, matcher);
        }
        if interesting(matcher) && self.takes_nothing(matcher) {
            let text = format!("{kind} `{name}` can never match: no text is {matcher}, which {field} should be");
            self.findings.push(finding(self.meta, text));
        }
        if let Matcher::Not(inner) = matcher
            && let Matcher::Any(list) = inner.as_ref()
        {
            self.entries(field, list);
        }
    }

    fn list(&mut self, field: &Field, list: &[Matcher], whole: &Matcher) {
        let (kind, name) = (self.kind, &self.meta.name);
        let all = |one: &Matcher, languages: &mut Languages| languages.empty(&[], &[one]) == Some(true);
        if list.iter().any(Matcher::negates)
            && all(whole, self.languages)
            && !list.iter().any(|one| all(one, self.languages))
        {
            let text = format!(
                "{kind} `{name}`: every {field} is one of {whole}, because an entry with `not` takes what the others are about; \
                 write not([…]) for none of several"
            );
            self.findings.push(finding(self.meta, text));
        }
        self.entries(field, list);
    }

    fn entries(&mut self, field: &Field, list: &[Matcher]) {
        let (kind, name) = (self.kind, &self.meta.name);
        let mut nothing = Vec::new();
        for one in list.iter().filter(|one| interesting(one)).take(COMPARED) {
            if self.takes_nothing(one) {
                let text = format!("{kind} `{name}`: no text is {one}, which {field} may be; remove it or correct it");
                self.findings.push(finding(self.meta, text));
                nothing.push(one.to_string());
            }
        }
        for (n, one) in list.iter().enumerate().filter(|(_, one)| !nothing.contains(&one.to_string())) {
            let by = list.iter().enumerate().take(COMPARED).find(|(other, wide)| {
                *other != n && self.covered(one, wide) && (*other < n || !self.covered(wide, one))
            });
            if let Some((_, by)) = by {
                let text = format!(
                    "{kind} `{name}`: {one} adds nothing to what {field} may be, because {by} takes it; remove one of the two"
                );
                self.findings.push(hint(self.meta, text));
            }
        }
    }

    fn takes_nothing(&mut self, matcher: &Matcher) -> bool {
        let nothing = self.languages.empty(&[matcher], &[]) == Some(true);
        nothing && (!self.wide || self.languages.empty(&[&matcher.normalised()], &[]) == Some(true))
    }

    fn exclude(&mut self, first: &Matcher, second: &Matcher) -> bool {
        let exact = self.languages.empty(&[first, second], &[]) == Some(true);
        let loud = [&first.normalised(), &second.normalised()];
        exact && (!self.wide || self.languages.empty(&loud, &[]) == Some(true))
    }

    fn covered(&mut self, narrow: &Matcher, wide: &Matcher) -> bool {
        // All namespaces are more than every namespace that has a name.
        if narrow.accepts_everything() && !wide.accepts_everything() {
            return false;
        }
        if let Some(values) = narrow.literals() {
            let loud = wide.normalised();
            let takes = |text: &&str| wide.accepts(Some(text)) && (!self.wide || loud.accepts(Some(&normal(text))));
            // A literal beside literals is no more to read than they are.
            return wide.literals().is_none() && values.iter().all(takes);
        }
        // Of missing values automata know nothing.
        if narrow.accepts(None) {
            return false;
        }
        let exact = self.languages.empty(&[narrow], &[wide]) == Some(true);
        exact && (!self.wide || self.languages.empty(&[&narrow.normalised()], &[&wide.normalised()]) == Some(true))
    }

    /// A tool of one server and the name of another, and two conditions on one field, such as
    /// `name` and `alertname`.
    fn contradictions(&mut self, on: &On) {
        let of = |field: &Field| on.conditions.iter().find(|(other, _)| other == field).map(|(_, matcher)| matcher);
        if let (Some(tool), Some(server)) = (of(&Field::Tool), of(&Field::Server))
            && let Some(of_server) = tools_of(server)
            && self.exclude(tool, &of_server)
        {
            let (kind, name) = (self.kind, &self.meta.name);
            let text = format!("{kind} `{name}` can never match: no tool is {tool} and of a server that is {server}");
            self.findings.push(finding(self.meta, text));
        }
        for (n, (field, first)) in on.conditions.iter().enumerate() {
            for (_, second) in on.conditions.iter().skip(n + 1).filter(|(other, _)| other == field) {
                let absent = first.accepts(None) && second.accepts(None);
                if !absent && self.exclude(first, second) {
                    let (kind, name) = (self.kind, &self.meta.name);
                    let text = format!("{kind} `{name}` can never match: no {field} is both {first} and {second}");
                    self.findings.push(finding(self.meta, text));
                }
            }
        }
    }
}

/// What could take no text at all. What is negated takes at least a missing value.
fn interesting(matcher: &Matcher) -> bool {
    matches!(matcher, Matcher::Pattern { .. })
}

/// What the tools of servers are called, where the servers are named literally.
fn tools_of(servers: &Matcher) -> Option<Matcher> {
    let names = servers.literals()?;
    let of_each = names.iter().map(|name| Matcher::glob(&format!("{name}.*")).ok());
    of_each.collect::<Option<Vec<_>>>().map(Matcher::Any)
}
