//! Who there is: accounts, what proves their names, and the groups that gates may ask.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::person::{Person, Proof, Proven, fold, group_key};
use crate::domain::{Access, Grant, Incident, Permission};

/// Somebody whose name can be proven, and by what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: String,
    /// Public ids of their tokens.
    pub tokens: BTreeSet<String>,
    /// They are the user of `server.auth`.
    pub password: bool,
    /// Links are made for them alone.
    pub link: bool,
    /// What they may do, and where.
    pub access: Access,
}

impl Account {
    fn has(&self, proof: &Proof) -> bool {
        match proof {
            Proof::Token(id) => self.tokens.contains(id),
            Proof::Password => self.password,
            Proof::Link => self.link,
            // Whom others name, they say themselves.
            Proof::Proxy | Proof::Oidc { .. } => false,
        }
    }

    /// Whether anything proves the name of somebody who may answer.
    fn can_answer(&self) -> bool {
        self.access.may(Permission::Approve) && (!self.tokens.is_empty() || self.password || self.link)
    }
}

/// Accounts and groups, as the configuration has them now.
#[derive(Clone, Debug, Default)]
pub struct People {
    accounts: BTreeMap<String, Account>,
    groups: BTreeMap<String, BTreeSet<String>>,
    /// Whoever else is trusted to say who somebody is.
    outside: ExternalIdentities,
}

/// Who is trusted to say who somebody is of whom the host knows nothing itself.
#[derive(Clone, Debug, Default)]
pub struct ExternalIdentities {
    /// A proxy in front of the host is.
    pub proxy: bool,
    /// So is the provider of this name.
    pub issuer: Option<String>,
    /// Who is not let in, whoever says so.
    pub kept_out: BTreeSet<String>,
    /// Who may do what, by name or by group.
    pub rules: Vec<ExternalRule>,
}

/// What people may do whom others name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalRule {
    /// Of these names, which count as a proxy says them and not as a provider does.
    pub people: BTreeSet<String>,
    /// In one of these groups.
    pub groups: BTreeSet<String>,
    /// What.
    pub grant: Grant,
}

impl ExternalIdentities {
    /// Whether anybody else is.
    pub fn names_people(&self) -> bool {
        self.proxy || self.issuer.is_some()
    }

    /// Whether the word of whoever named somebody still counts.
    fn vouches_for(&self, person: &Proven) -> bool {
        let trusted = match person.proof() {
            Proof::Proxy => self.proxy,
            Proof::Oidc { issuer, .. } => self.issuer.as_ref() == Some(issuer),
            Proof::Token(_) | Proof::Password | Proof::Link => false,
        };
        trusted && !self.kept_out.contains(&person.id())
    }

    fn access(&self, person: &Proven) -> Access {
        let by_name = *person.proof() == Proof::Proxy;
        let is_about = |rule: &&ExternalRule| {
            by_name && rule.people.contains(&person.id()) || rule.groups.iter().any(|group| person.is_in(group))
        };
        Access::new(self.rules.iter().filter(is_about).map(|rule| rule.grant.clone()))
    }
}

impl People {
    /// People by the names of their groups, and those of them whose names can be proven.
    pub fn new(groups: &BTreeMap<String, Vec<String>>, accounts: impl IntoIterator<Item = Account>) -> Self {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (group, names) in groups {
            all.entry(group_key(group)).or_default().extend(names.iter().map(|name| fold(name)));
        }
        Self {
            accounts: accounts.into_iter().map(|account| (fold(&account.name), account)).collect(),
            groups: all,
            outside: ExternalIdentities::default(),
        }
    }

    /// The same where others say who somebody is, too.
    #[must_use]
    pub fn with_outside(self, outside: ExternalIdentities) -> Self {
        Self { outside, ..self }
    }

    /// Whether there may be people of whom nothing is known here, so that nobody can count those of a group.
    pub fn may_be_more(&self) -> bool {
        self.outside.names_people()
    }

    /// The person whom a proof names, with their groups; none when they have no such proof (any more).
    pub fn prove(&self, name: &str, proof: Proof) -> Option<Proven> {
        let id = fold(name);
        let account = self.accounts.get(&id).filter(|account| account.has(&proof))?;
        let groups = self.groups.iter().filter(|(_, members)| members.contains(&id));
        Proven::new(&account.name, proof, groups.map(|(group, _)| group.clone()).collect())
    }

    /// What is known of a person now: somebody whose account, token or right to answer is gone is
    /// somebody of whom nothing is known.
    pub fn now(&self, person: &Person) -> Person {
        let Some(proven) = person.proven() else { return person.clone() };
        // Which groups they are in nobody here can know anew.
        if matches!(proven.proof(), Proof::Proxy | Proof::Oidc { .. }) {
            return if self.outside.vouches_for(proven) { person.clone() } else { Person::typed(proven.name()) };
        }
        let answers = self.accounts.get(&proven.id()).is_some_and(|account| account.access.may(Permission::Approve));
        let now = self.prove(proven.name(), proven.proof().clone()).filter(|_| answers);
        now.map_or_else(|| Person::typed(proven.name()), |now| now.saying(proven.said()).into())
    }

    /// The same where it is about an incident: a yes is one of somebody who may still give it there. A role that was taken away
    /// between the yes and the deed, or bound to other places, takes the yes with it, because it is the deed that matters, and
    /// whoever takes a role from somebody means that nothing more happens by their word. Others are asked then.
    pub fn now_about(&self, person: &Person, incident: &Incident) -> Person {
        let now = self.now(person);
        let Some(proven) = now.proven() else { return now };
        let access = match proven.proof() {
            Proof::Proxy | Proof::Oidc { .. } => self.outside.access(proven),
            Proof::Token(_) | Proof::Password | Proof::Link => {
                self.accounts.get(&proven.id()).map(|account| account.access.clone()).unwrap_or_default()
            }
        };
        if access.may_on_incident(Permission::Approve, incident) { now } else { Person::typed(proven.name()) }
    }

    /// The first of these groups that there is not.
    pub fn unknown<'a>(&self, groups: &'a [String]) -> Option<&'a str> {
        groups.iter().find(|group| !self.groups.contains_key(&group_key(group))).map(String::as_str)
    }

    /// All groups, as they are compared ([`group_key`]).
    pub fn groups(&self) -> BTreeSet<String> {
        self.groups.keys().cloned().collect()
    }

    /// How many people can answer with a proven name: those of a group, or all.
    pub fn able(&self, group: Option<&str>) -> usize {
        let able = self.accounts.iter().filter(|(_, account)| account.can_answer());
        match group {
            None => able.count(),
            Some(group) => {
                let members = self.groups.get(&group_key(group));
                able.filter(|(id, _)| members.is_some_and(|members| members.contains(*id))).count()
            }
        }
    }

    /// Whether anything proves this name and lets its owner answer.
    pub fn is_able(&self, name: &str) -> bool {
        self.accounts.get(&fold(name)).is_some_and(Account::can_answer)
    }

    /// Whether somebody is in one of these groups.
    pub fn is_in_any(&self, name: &str, groups: &[&str]) -> bool {
        let id = fold(name);
        groups.iter().any(|group| self.groups.get(&group_key(group)).is_some_and(|members| members.contains(&id)))
    }
}
