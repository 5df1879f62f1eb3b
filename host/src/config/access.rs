//! `[[access]]`: who may do what in which clusters and namespaces.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::problem::Report;
use crate::domain::access::is_place;
use crate::domain::person::fold;
use crate::domain::{Access, Grant, Role, Scope};
use crate::gate::people::ExternalRule;

/// What a user is who has no role of their own and whom no `[[access]]` names, as it was before there were roles.
const UNSAID: Role = Role::Operator;

/// Who has which role where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    people: Vec<String>,
    groups: Vec<String>,
    grant: Grant,
}

/// All that `[[access]]` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights(Vec<Rule>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    role: Role,
    cluster: Option<String>,
    namespace: Option<String>,
}

/// Checks rules.
pub fn build(raw: Vec<Raw>, report: &mut Report) -> Rights {
    let mut rules = Vec::new();
    for Raw { people, groups, role, cluster, namespace } in raw {
        let names = || people.iter().chain(&groups);
        if names().next().is_none() || names().any(|name| fold(name).is_empty()) {
            report(&["access"], "an [[access]] names people or groups, each by a name".into());
        }
        for (key, pattern) in [("cluster", &cluster), ("namespace", &namespace)] {
            if pattern.as_ref().is_some_and(|pattern| !is_place(pattern)) {
                report(&["access"], format!("{key} is a name such as \"prod-eu\", in which * stands for any letters"));
            }
        }
        let bounds = Scope { cluster, namespace };
        if role == Role::Sender && !bounds.are_none() {
            report(&["access"], "a sender sends alerts of any place; leave cluster and namespace out".into());
        }
        rules.push(Rule { people, groups, grant: Grant { role, bounds } });
    }
    Rights(rules)
}

/// Why somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleSource {
    /// Their section or account has the role.
    Own,
    /// Nothing is said of a user of the configuration.
    Unsaid,
    /// An `[[access]]` names them.
    Named,
    /// An `[[access]]` names a group that they are in.
    Group(String),
}

/// A role that counts everywhere.
pub fn everywhere(role: Role) -> Grant {
    Grant { role, bounds: Scope::default() }
}

impl Rights {
    /// What somebody may do who is known by this (`Proven::id`; nothing where no name counts) and in these groups, besides what is
    /// their own.
    pub fn of(&self, id: &str, is_in: &dyn Fn(&str) -> bool, own: Vec<Grant>, user: bool) -> Access {
        Access::new(self.why(id, is_in, own, user).into_iter().map(|(grant, _)| grant))
    }

    /// The same, and what each of it comes of. A user of the configuration of whom nothing at all is said is what users were
    /// before there were roles.
    pub fn why(&self, id: &str, is_in: &dyn Fn(&str) -> bool, own: Vec<Grant>, user: bool) -> Vec<(Grant, RoleSource)> {
        let named = |rule: &Rule| {
            if rule.people.iter().any(|person| fold(person) == id) {
                return Some(RoleSource::Named);
            }
            rule.groups.iter().find(|group| is_in(group)).map(|group| RoleSource::Group(group.clone()))
        };
        let said = self.0.iter().filter_map(|rule| Some((rule.grant.clone(), named(rule)?)));
        let said: Vec<(Grant, RoleSource)> = said.collect();
        let unsaid = user && said.is_empty() && own.is_empty();
        let own = own.into_iter().map(|grant| (grant, RoleSource::Own));
        own.chain(unsaid.then(|| (everywhere(UNSAID), RoleSource::Unsaid))).chain(said).collect()
    }

    /// The same for whoever knows people by their names and groups alone.
    pub fn rules(&self) -> impl Iterator<Item = ExternalRule> {
        self.0.iter().map(|Rule { people, groups, grant }| ExternalRule {
            people: people.iter().map(|name| fold(name)).collect(),
            groups: groups.iter().cloned().collect(),
            grant: grant.clone(),
        })
    }

    /// Whether any of it is about groups.
    pub fn name_groups(&self) -> bool {
        self.0.iter().any(|rule| !rule.groups.is_empty())
    }

    /// The groups that it is about.
    pub fn groups(&self) -> impl Iterator<Item = &String> {
        self.0.iter().flat_map(|rule| &rule.groups)
    }

    /// Names in them that are nobody's, so that a rule says nothing.
    pub fn unknown<'a>(&'a self, people: &BTreeMap<String, impl Sized>, groups: impl Fn(&str) -> bool) -> Vec<&'a str> {
        let known = |name: &str| people.keys().any(|known| fold(known) == fold(name));
        let of = |rule: &'a Rule| {
            let people = rule.people.iter().filter(|name| !known(name));
            people.chain(rule.groups.iter().filter(|group| !groups(group))).map(String::as_str)
        };
        self.0.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};
    use crate::domain::Permission;

    #[test]
    fn what_is_said_of_nobody_is_as_it_was_and_what_is_said_counts() {
        let text = r#"
            [users.old]
            [users.eve]
            groups = ["payments"]
            [users.vic]
            role = "viewer"
            groups = ["payments"]
            [[access]]
            groups = ["Payments"]
            role = "responder"
            namespace = "pay*"
            [[access]]
            groups = ["pay ments", " payments"]
            role = "admin"
        "#;
        let config = Config::parse(text.into(), None, &Overrides::default()).unwrap();
        let of = |name: &str| config.access(name);
        assert_eq!(of("old"), Access::of(Role::Operator));
        assert!(of("eve").may(Permission::Approve) && !of("eve").may_everywhere(Permission::Look));
        assert!(of("vic").may_everywhere(Permission::Look) && !of("vic").may_everywhere(Permission::Approve));
        assert!(of("vic").may(Permission::Approve) && !of("nobody").may(Permission::Look));
    }

    #[test]
    fn mistakes_are_told() {
        for (text, part) in [
            ("role = \"viewer\"", "names people or groups"),
            ("people = [\"a\"]\nrole = \"viewer\"\ncluster = \"\"", "cluster is a name"),
            ("people = [\"a\"]\nrole = \"viewer\"\nnamespace = \"a b\"", "namespace is a name"),
            ("people = [\"a\"]\nrole = \"sender\"\ncluster = \"a\"", "any place"),
            ("people = [\"a\"]\nrole = \"root\"", "root"),
        ] {
            let problems = Config::parse(format!("[[access]]\n{text}"), None, &Overrides::default()).unwrap_err();
            assert!(problems.to_string().contains(part), "{text}: {problems}");
        }
    }
}
