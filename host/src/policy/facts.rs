//! What `on` matchers are held against: the fields of an incident, or of an action.

use serde_json::Value;

use super::matcher::Matcher;
use super::normal::normal;
use super::on::{Field, On};
use crate::domain::conversation::SOURCE;
use crate::domain::{Action, Alert, Call, Clusters, Incident, Mode, Origin, Proof, Proven, Severity, Target, restores};

/// Values that an explanation shows of one field; an incident can have hundreds.
const SHOWN: usize = 4;

/// Something that has fields. A field has no, one or many values; `None` stands for an alert that
/// lacks the label.
pub(super) trait Facts {
    /// Shows every value of a field.
    fn each(&self, field: &Field, visit: &mut dyn FnMut(Option<&str>));

    /// The values as a text, for explanations: first those that are not what is wanted.
    fn shown(&self, field: &Field, wanted: &Matcher) -> String {
        let (mut seen, mut good): (Vec<String>, Vec<String>) = Default::default();
        self.each(field, &mut |value| {
            let list = if wanted.accepts(value) { &mut good } else { &mut seen };
            let value = value.map_or("nothing".to_string(), |value| format!("{value:?}"));
            if !list.contains(&value) {
                list.push(value);
            }
        });
        seen.append(&mut good);
        let more = seen.len().saturating_sub(SHOWN);
        seen.truncate(SHOWN);
        if more > 0 {
            seen.push(format!("and {more} more"));
        }
        if seen.is_empty() { "nothing".into() } else { seen.join(", ") }
    }
}

/// An incident's alerts, as rules see them.
pub(super) struct AlertFacts<'a> {
    /// Those that fire; all of them when none does.
    pub alerts: Vec<&'a Alert>,
    severity: Severity,
    outcome: &'static str,
    /// Causes that the host named; none before it has looked.
    causes: Option<Vec<&'static str>>,
}

impl<'a> AlertFacts<'a> {
    /// Reads an incident.
    pub fn new(incident: &'a Incident) -> Self {
        let mut alerts: Vec<&Alert> = incident.firing().collect();
        if alerts.is_empty() {
            alerts = incident.alerts.iter().collect();
        }
        let outcome = incident.outcome().map(|outcome| outcome.as_str()).unwrap_or_default();
        let causes = incident.causes().map(|all| all.iter().map(|one| one.cause.as_str()).collect());
        Self { alerts, severity: incident.severity(), outcome, causes }
    }

    /// A single alert, before it belongs to an incident.
    pub fn of_alert(alert: &'a Alert) -> Self {
        Self { alerts: vec![alert], severity: alert.severity, outcome: "", causes: None }
    }

    /// The value of a field that decides which rules can match: since a matcher must hold for
    /// every alert, it must hold for the first.
    pub fn first(&self, field: &Field) -> Option<&str> {
        let first = self.alerts.first()?;
        match field {
            Field::Name => Some(&first.name),
            Field::Severity => Some(self.severity.as_str()),
            Field::Source => Some(&first.source),
            Field::Outcome => Some(self.outcome),
            Field::Label(label) => first.labels.get(label),
            _ => None,
        }
    }

    /// What is wrong, as far as the host has looked; none before.
    pub fn causes(&self) -> Option<&[&'static str]> {
        self.causes.as_deref()
    }

    /// Whether one of several causes is what is wanted, or none of them is what must not be.
    fn shows(&self, matcher: &Matcher) -> bool {
        let causes = self.causes().unwrap_or_default();
        let mut each = causes.iter().copied().map(|cause| matcher.accepts(Some(cause)));
        match causes {
            [] => matcher.accepts(None),
            _ if matcher.negates() || matcher.wants_absence() => each.all(|holds| holds),
            _ => each.any(|holds| holds),
        }
    }

    /// The first matcher that does not hold for every alert.
    pub fn refuses<'o>(&self, on: &'o On) -> Option<&'o (Field, Matcher)> {
        on.conditions.iter().find(|condition| self.is_refused(condition))
    }

    /// The same, whatever is wrong: before anybody has looked.
    pub fn refuses_before_looking<'o>(&self, on: &'o On) -> Option<&'o (Field, Matcher)> {
        let others = on.conditions.iter().filter(|(field, _)| *field != Field::Finding);
        others.into_iter().find(|condition| self.is_refused(condition))
    }

    fn is_refused(&self, (field, matcher): &(Field, Matcher)) -> bool {
        if *field == Field::Finding {
            return !self.shows(matcher);
        }
        let mut holds = !self.alerts.is_empty();
        self.each(field, &mut |value| holds &= matcher.accepts(value));
        !holds
    }
}

impl Facts for AlertFacts<'_> {
    fn each(&self, field: &Field, visit: &mut dyn FnMut(Option<&str>)) {
        match field {
            Field::Severity => visit(Some(self.severity.as_str())),
            Field::Outcome => visit(Some(self.outcome)),
            Field::Finding => match self.causes() {
                None | Some([]) => visit(None),
                Some(causes) => causes.iter().copied().for_each(|cause| visit(Some(cause))),
            },
            Field::Name => self.alerts.iter().for_each(|alert| visit(Some(&alert.name))),
            Field::Source => self.alerts.iter().for_each(|alert| visit(Some(&alert.source))),
            Field::Label(label) => {
                self.alerts.iter().for_each(|alert| visit(alert.labels.get(label)));
            }
            _ => {}
        }
    }
}

/// An action or a call, as gates and checks see it.
pub(super) struct CallFacts<'a> {
    pub call: &'a Call,
    pub touches: &'a Target,
    pub incident: AlertFacts<'a>,
    risk: &'static str,
    origin: &'static str,
    pub origin_name: String,
    /// The origin of what is undone, where the undo does not restore what was there.
    undone: &'static str,
    restores: &'static str,
    mode: &'static str,
    /// The cluster that the tool reaches; its server where no cluster is known.
    pub cluster: &'a str,
}

impl<'a> CallFacts<'a> {
    /// Reads a call that nobody has proposed yet.
    pub fn new(call: &'a Call, touches: &'a Target, incident: &'a Incident, mode: Mode) -> Self {
        let mode = if mode == Mode::Observe { "observe" } else { "enforce" };
        let incident = AlertFacts::new(incident);
        let origin_name = String::new();
        Self {
            call,
            touches,
            incident,
            risk: "",
            origin: "",
            origin_name,
            undone: "",
            restores: "",
            mode,
            cluster: &touches.server,
        }
    }

    /// Reads an action.
    pub fn of_action(action: &'a Action, incident: &'a Incident, mode: Mode) -> Self {
        let origin_name = match &action.origin {
            Origin::Policy { rule } => rule.clone(),
            Origin::Plugin { name, .. } => name.clone(),
            // A name that nothing proves must open no gate.
            // One that a provider gives is no name of here.
            Origin::Person { person } => person.proven().map(origin_name).unwrap_or_default(),
            Origin::Model => "model".into(),
            Origin::Chat { .. } => SOURCE.into(),
            Origin::Undo { action } => action.0.clone(),
        };
        let facts = Self::new(&action.proposal.call, &action.touches, incident, mode);
        let restores = restores(incident, action);
        let undone = match &action.origin {
            Origin::Undo { action } if !restores => incident.action(action).map(|record| record.action.origin.kind()),
            _ => None,
        };
        Self {
            risk: action.risk.as_str(),
            origin: action.origin.kind(),
            origin_name,
            undone: undone.unwrap_or_default(),
            restores: if restores { "true" } else { "false" },
            ..facts
        }
    }

    /// With the cluster that the tool reaches.
    pub fn at(self, clusters: &'a Clusters) -> Self {
        Self { cluster: clusters.label(&self.touches.server), ..self }
    }

    /// For what allows: every value must be accepted exactly as it is, and there must be one; one of which
    /// nobody can say whether it is the number or address that is asked for is not accepted. `*` is
    /// accepted only by what accepts every value. A matcher that says `not` must also let the normal
    /// spelling pass, or `not("kube-system")` would allow `Kube-System`.
    pub fn refuses<'o>(&self, on: &'o On, normalised: &On) -> Option<&'o (Field, Matcher)> {
        let both = on.conditions.iter().zip(&normalised.conditions);
        let mut refusing = both.filter(|((field, matcher), (_, wide))| {
            let (mut any, mut holds) = (false, true);
            self.each_of_its_own(field, &mut |value| {
                any |= value.is_some();
                holds &= match value {
                    None => matcher.wants_absence(),
                    Some("*") if !field.is_label() => matcher.accepts_everything(),
                    Some(text) => {
                        matcher.judges(value) == Some(true)
                            && (!matcher.negates() || wide.judges(Some(&normal(text))) == Some(true))
                    }
                };
            });
            !(holds && (any || matcher.wants_absence()))
        });
        refusing.next().map(|(condition, _)| condition)
    }

    /// Without the origin of what is undone: an undo is no proposal of that origin.
    fn each_of_its_own(&self, field: &Field, visit: &mut dyn FnMut(Option<&str>)) {
        match field {
            Field::Origin if !self.origin.is_empty() => visit(Some(self.origin)),
            _ => self.each(field, visit),
        }
    }

    /// For what forbids or asks: one value is enough, `*` is every value, and a value counts in its
    /// normal spelling as well as in its own. One that is not plainly a number or an address counts
    /// where one is asked for.
    pub fn refuses_widely<'o>(&self, on: &'o On, normalised: &On) -> Option<&'o (Field, Matcher)> {
        let both = on.conditions.iter().zip(&normalised.conditions);
        let mut refusing = both.filter(|((field, exact), (_, wide))| {
            let (mut any, mut holds) = (false, false);
            self.each(field, &mut |value| {
                any = true;
                let everything = value == Some("*") && !field.is_label();
                // What nobody can say for sure may be what is forbidden.
                let may = |matcher: &Matcher, value: Option<&str>| matcher.judges(value) != Some(false);
                holds |= everything || may(exact, value) || may(wide, value.map(normal).as_deref());
            });
            !(holds || (!any && exact.wants_absence()))
        });
        refusing.next().map(|(condition, _)| condition)
    }
}

impl Facts for CallFacts<'_> {
    fn each(&self, field: &Field, visit: &mut dyn FnMut(Option<&str>)) {
        let list = |items: &[String], visit: &mut dyn FnMut(Option<&str>)| {
            items.iter().for_each(|item| visit(Some(item)));
        };
        let one = |text: &str, visit: &mut dyn FnMut(Option<&str>)| {
            if !text.is_empty() {
                visit(Some(text));
            }
        };
        match field {
            Field::Tool => one(&self.call.tool, visit),
            Field::Server => one(&self.touches.server, visit),
            Field::Risk => one(self.risk, visit),
            Field::Origin => {
                one(self.origin, visit);
                // What restores nothing is one more change of whoever proposed the first.
                one(self.undone, visit);
            }
            Field::Restores => one(self.restores, visit),
            Field::OriginName => one(&self.origin_name, visit),
            Field::Mode => one(self.mode, visit),
            Field::Namespace => list(&self.touches.namespaces, visit),
            Field::Kind => list(&self.touches.kinds, visit),
            Field::TargetName => list(&self.touches.names, visit),
            Field::Elsewhere => list(&self.touches.elsewhere, visit),
            Field::Argument(path) => {
                if let Some((first, rest)) = path.split_first()
                    && let Some(value) = self.call.arguments.get(first)
                {
                    argument(value, rest, visit);
                }
            }
            of_incident => self.incident.each(of_incident, visit),
        }
    }
}

/// What gates call somebody: of whom a provider says who they are, with that beside the name.
fn origin_name(person: &Proven) -> String {
    match person.proof() {
        Proof::Oidc { .. } => person.shown(),
        Proof::Token(_) | Proof::Password | Proof::Link | Proof::Proxy => person.name().to_string(),
    }
}

/// Every value at a path of arguments; a list counts with each of its items.
pub(super) fn argument(value: &Value, path: &[String], visit: &mut dyn FnMut(Option<&str>)) {
    match (value, path.split_first()) {
        // An empty list where a value is looked for is a value, and no plain one.
        (Value::Array(items), None) if items.is_empty() => visit(Some("[]")),
        (Value::Array(items), _) => items.iter().for_each(|item| argument(item, path, visit)),
        (Value::Object(map), Some((key, rest))) => {
            if let Some(value) = map.get(key) {
                argument(value, rest, visit);
            }
        }
        (_, Some(_)) => {}
        (Value::String(text), None) => visit(Some(text)),
        (other, None) => visit(Some(&other.to_string())),
    }
}

/// Turns the condition that refused into a sentence with the values that it saw.
pub(super) fn refusal(facts: &dyn Facts, refused: Option<&(Field, Matcher)>) -> Result<(), String> {
    match refused {
        None => Ok(()),
        Some((field, matcher)) => Err(format!("{field} is {}, wanted {matcher}", facts.shown(field, matcher))),
    }
}
