//! What somebody may do, and where: roles, what each of them permits, and the places that bound them. Pure.
//!
//! Who may say yes to a change is another question, which gates answer (`domain/requirement`): a role only lets somebody speak.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::text::pattern;
use super::{Alert, Incident, Matcher};

/// The labels that say where something is.
const CLUSTER: &str = "cluster";
const NAMESPACE: &str = "namespace";

/// What somebody is to the host. Each may do all that those before it may, but for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sends alerts, and nothing else.
    Sender,
    /// Looks, and changes nothing.
    Viewer,
    /// Answers questions, handles incidents, silences, asks the model, and stops execution.
    Responder,
    /// Lets execution go on, runs what is due, and has things done anew.
    Operator,
    /// Says who there is.
    Admin,
}

/// Something that a role permits or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Looks at what there is.
    Look,
    /// Reads metrics.
    Metrics,
    /// Acknowledges, comments on, closes and reruns incidents.
    Handle,
    /// Answers questions; whose yes counts, the gate says.
    Approve,
    /// Makes, changes and ends silences.
    Silence,
    /// Asks the model.
    Chat,
    /// Stops execution.
    Pause,
    /// Lets execution go on, runs what is due, has messages sent and plugins read anew.
    Operate,
    /// Reads who did what.
    Audit,
    /// Sees who there is, says who may do what, and ends the sessions of others.
    Administer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sender, Self::Viewer, Self::Responder, Self::Operator, Self::Admin];

    /// The word used in configurations, JSON and texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Viewer => "viewer",
            Self::Responder => "responder",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Whether it permits something.
    pub fn may(self, wanted: Permission) -> bool {
        self >= wanted.least()
    }
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Look,
        Self::Metrics,
        Self::Handle,
        Self::Approve,
        Self::Silence,
        Self::Chat,
        Self::Pause,
        Self::Operate,
        Self::Audit,
        Self::Administer,
    ];

    /// The word used in configurations, JSON and texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Metrics => "metrics",
            Self::Handle => "handle",
            Self::Approve => "approve",
            Self::Silence => "silence",
            Self::Chat => "chat",
            Self::Pause => "pause",
            Self::Operate => "operate",
            Self::Audit => "audit",
            Self::Administer => "administer",
        }
    }

    /// The permission of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == word)
    }

    /// The role that permits least of those that permit it.
    pub fn least(self) -> Role {
        match self {
            Self::Look | Self::Metrics => Role::Viewer,
            Self::Handle | Self::Approve | Self::Silence | Self::Chat | Self::Pause => Role::Responder,
            Self::Operate | Self::Audit => Role::Operator,
            Self::Administer => Role::Admin,
        }
    }

    /// What it lets somebody do, behind "may".
    pub fn does(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Metrics => "read metrics",
            Self::Handle => "acknowledge, comment on, close and rerun incidents",
            Self::Approve => "answer questions",
            Self::Silence => "make, change and end silences",
            Self::Chat => "ask the model",
            Self::Pause => "stop execution",
            Self::Operate => "let execution go on, run what is due and have things done anew",
            Self::Audit => "read who did what",
            Self::Administer => "see who there is, say who may do what and end the sessions of others",
        }
    }

    /// Who may, in a sentence.
    pub fn who_may(self) -> String {
        let roles: Vec<&str> = Role::ALL.into_iter().filter(|role| role.may(self)).map(Role::as_str).collect();
        format!("the roles that may {}: {}", self.does(), roles.join(", "))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Longest name of a cluster or namespace.
const LONGEST: usize = 253;

/// Whether a text can be the name of a cluster or namespace, in which `*` stands for any letters.
pub fn is_place(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    !text.is_empty() && text.len() <= LONGEST && text.chars().all(plain)
}

/// What bounds a role: names of clusters and namespaces, in which `*` stands for any letters. What names neither is everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl Scope {
    /// Whether it bounds nothing.
    pub fn are_none(&self) -> bool {
        self.cluster.is_none() && self.namespace.is_none()
    }

    /// Reads `namespace=pay*` or `cluster=prod-eu,namespace=pay*`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bounds = Self::default();
        for part in text.split(',') {
            let (name, wanted) = part.split_once('=')?;
            let place = match name.trim() {
                CLUSTER => &mut bounds.cluster,
                NAMESPACE => &mut bounds.namespace,
                _ => return None,
            };
            let wanted = Some(wanted.trim().to_string()).filter(|wanted| is_place(wanted))?;
            if place.replace(wanted).is_some() {
                return None;
            }
        }
        Some(bounds)
    }

    fn each(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let cluster = self.cluster.iter().map(|pattern| (CLUSTER, pattern.as_str()));
        cluster.chain(self.namespace.iter().map(|pattern| (NAMESPACE, pattern.as_str())))
    }

    /// Whether an alert is within. One that does not say where it is, is not.
    pub fn hold(&self, alert: &Alert) -> bool {
        self.each().all(|(name, wanted)| {
            let value = alert.labels.get(name).unwrap_or_default();
            !value.is_empty() && pattern::matches(wanted, value)
        })
    }

    /// Whether all that these matchers can cover is within: they must name each value that they take.
    fn cover(&self, matchers: &[Matcher]) -> bool {
        self.each().all(|(name, wanted)| {
            let mut own = matchers.iter().filter(|matcher| matcher.name() == name);
            own.any(|matcher| {
                let values = values(matcher);
                !values.is_empty() && values.iter().all(|value| !value.is_empty() && pattern::matches(wanted, value))
            })
        })
    }
}

/// The values that a matcher takes, where it names each; none where it may take others.
fn values(matcher: &Matcher) -> Vec<&str> {
    if let Some(only) = matcher.only() {
        return vec![only];
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '|');
    let named = matcher.is_equal() && matcher.is_regex() && matcher.value().chars().all(plain);
    if named { matcher.value().split('|').collect() } else { Vec::new() }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.each().map(|(name, wanted)| format!("{name}={wanted}")).collect();
        f.write_str(&all.join(" "))
    }
}

/// A role, and where it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where.
    #[serde(flatten)]
    pub bounds: Scope,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bounds.are_none() {
            true => fmt::Display::fmt(&self.role, f),
            false => write!(f, "{} where {}", self.role, self.bounds),
        }
    }
}

/// All that somebody may do. Nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    grants: Arc<[Grant]>,
    /// What their token permits of it; none for all.
    only: Option<BTreeSet<Permission>>,
}

impl Access {
    /// What these grants let somebody do.
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Self {
        Self { grants: grants.into_iter().collect(), only: None }
    }

    /// A role everywhere.
    pub fn of(role: Role) -> Self {
        Self::new([Grant { role, bounds: Scope::default() }])
    }

    /// No more of it than this.
    #[must_use]
    pub fn only(self, permitted: impl IntoIterator<Item = Permission>) -> Self {
        Self { only: Some(permitted.into_iter().collect()), ..self }
    }

    fn with(&self, wanted: Permission) -> impl Iterator<Item = &Grant> {
        let permitted = self.only.as_ref().is_none_or(|only| only.contains(&wanted));
        self.grants.iter().filter(move |grant| permitted && grant.role.may(wanted))
    }

    /// Whether they may do it somewhere.
    pub fn may(&self, wanted: Permission) -> bool {
        self.with(wanted).next().is_some()
    }

    /// Whether they may do it everywhere.
    pub fn may_everywhere(&self, wanted: Permission) -> bool {
        self.with(wanted).any(|grant| grant.bounds.are_none())
    }

    /// Whether they may do it to what an alert is about.
    pub fn may_on_alert(&self, wanted: Permission, alert: &Alert) -> bool {
        self.with(wanted).any(|grant| grant.bounds.hold(alert))
    }

    /// Whether they may do it to an incident: one grant must hold all its alerts, and none may be counted only.
    pub fn may_on_incident(&self, wanted: Permission, incident: &Incident) -> bool {
        self.with(wanted).any(|grant| {
            let known = incident.counted.is_empty() && !incident.alerts.is_empty();
            grant.bounds.are_none() || known && incident.alerts.iter().all(|alert| grant.bounds.hold(alert))
        })
    }

    /// Whether they may do it to all that these matchers can cover.
    pub fn may_cover(&self, wanted: Permission, matchers: &[Matcher]) -> bool {
        self.with(wanted).any(|grant| grant.bounds.cover(matchers))
    }

    /// Whether they may send alerts and nothing else.
    pub fn sends_only(&self) -> bool {
        !self.grants.is_empty() && self.grants.iter().all(|grant| grant.role == Role::Sender)
    }

    /// What their token permits of it; none for all.
    pub fn scopes(&self) -> Option<&BTreeSet<Permission>> {
        self.only.as_ref()
    }

    /// Roles and places.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The most that they are anywhere.
    pub fn role(&self) -> Option<Role> {
        self.grants.iter().map(|grant| grant.role).max()
    }

    /// Whether there are places where they may not look.
    pub fn is_bound(&self) -> bool {
        !self.may_everywhere(Permission::Look)
    }

    /// Where they may do it, for people: places, or nothing where it is everywhere.
    pub fn places(&self, wanted: Permission) -> String {
        let places: Vec<String> = self.with(wanted).map(|grant| grant.bounds.to_string()).collect();
        if places.iter().any(String::is_empty) { String::new() } else { places.join(", or ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Labels, Severity, Status};

    fn alert(labels: &[(&str, &str)]) -> Alert {
        Alert {
            source: "s".into(),
            name: "n".into(),
            status: Status::Firing,
            severity: Severity::Error,
            labels: labels.iter().fold(Labels::new(), |mut all, (name, value)| {
                all.insert(*name, *value);
                all
            }),
            annotations: Labels::new(),
            starts_at: None,
            ends_at: None,
            fingerprint: format!("{labels:?}"),
            link: None,
        }
    }

    fn bound(role: Role, cluster: Option<&str>, namespace: Option<&str>) -> Grant {
        Grant { role, bounds: Scope { cluster: cluster.map(str::to_string), namespace: namespace.map(str::to_string) } }
    }

    #[test]
    fn each_role_may_what_the_ones_before_it_may_and_a_token_no_more_than_its_scopes() {
        for permission in Permission::ALL {
            let may: Vec<bool> = Role::ALL.into_iter().map(|role| role.may(permission)).collect();
            assert!(may.is_sorted() && !may[0] && may[4], "{permission:?}: {may:?}");
            assert_eq!(Permission::of(permission.as_str()), Some(permission));
        }
        let some = Access::of(Role::Viewer).only([Permission::Look, Permission::Operate]);
        assert!(some.may(Permission::Look) && !some.may(Permission::Metrics) && !some.may(Permission::Operate));
        assert!(!Access::default().may(Permission::Look) && Access::of(Role::Sender).sends_only());
    }

    #[test]
    fn bounds_hold_what_says_that_it_is_within() {
        let access = Access::new([bound(Role::Responder, Some("a"), Some("pay*"))]);
        for (labels, wanted) in [
            (vec![("cluster", "a"), ("namespace", "pay")], true),
            (vec![("cluster", "a"), ("namespace", "payments")], true),
            (vec![("cluster", "b"), ("namespace", "payments")], false),
            (vec![("cluster", "a"), ("namespace", "shop")], false),
            (vec![("namespace", "payments")], false),
            (vec![("cluster", "a")], false),
            (vec![], false),
        ] {
            assert_eq!(access.may_on_alert(Permission::Approve, &alert(&labels)), wanted, "{labels:?}");
        }
        assert!(access.may(Permission::Look) && !access.may_everywhere(Permission::Look) && access.is_bound());
        // Who looks everywhere and answers somewhere is both.
        let both = Access::new([bound(Role::Viewer, None, None), bound(Role::Responder, None, Some("pay*"))]);
        let shop = alert(&[("namespace", "shop")]);
        assert!(both.may_on_alert(Permission::Look, &shop) && !both.may_on_alert(Permission::Approve, &shop));
        assert!(!both.is_bound());
        // Any pattern wants a value.
        assert!(!Access::new([bound(Role::Viewer, Some("*"), None)]).may_on_alert(Permission::Look, &alert(&[])));
    }

    #[test]
    fn a_silence_must_name_all_that_it_takes() {
        let access = Access::new([bound(Role::Responder, None, Some("pay*"))]);
        for (text, wanted) in [
            ("namespace=pay", true),
            ("namespace=payments, alertname=~.*", true),
            ("namespace=~pay|payments", true),
            ("namespace=~pay|shop", false),
            ("namespace=~pay.*", false),
            ("namespace=~pay|", false),
            ("namespace!=shop", false),
            ("namespace=shop", false),
            ("cluster=pay", false),
            ("alertname=x", false),
        ] {
            let matchers = Matcher::parse_all(&format!("{{{text}}}")).unwrap();
            assert_eq!(access.may_cover(Permission::Silence, &matchers), wanted, "{text}");
        }
        assert!(Access::of(Role::Responder).may_cover(Permission::Silence, &[]));
    }
}
