//! Who there is: accounts, what proves their names, and the groups that gates may ask.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::person::{Person, Proof, Proven, fold};

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
    /// Whether they may answer, or only look or send.
    pub answers: bool,
}

impl Account {
    fn has(&self, proof: &Proof) -> bool {
        match proof {
            Proof::Token(id) => self.tokens.contains(id),
            Proof::Password => self.password,
            Proof::Link => self.link,
            // Whom it names, it says anew with each request.
            Proof::Proxy => false,
        }
    }

    /// Whether anything proves the name of somebody who may answer.
    fn can_answer(&self) -> bool {
        self.answers && (!self.tokens.is_empty() || self.password || self.link)
    }
}

/// Accounts and groups, as the configuration has them now.
#[derive(Clone, Debug, Default)]
pub struct People {
    accounts: BTreeMap<String, Account>,
    groups: BTreeMap<String, BTreeSet<String>>,
    /// Who is not let in, where a proxy says who others are; none where no proxy is trusted.
    by_proxy: Option<BTreeSet<String>>,
}

impl People {
    /// People by the names of their groups, and those of them whose names can be proven.
    pub fn new(groups: &BTreeMap<String, Vec<String>>, accounts: impl IntoIterator<Item = Account>) -> Self {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (group, names) in groups {
            all.entry(fold(group)).or_default().extend(names.iter().map(|name| fold(name)));
        }
        Self {
            accounts: accounts.into_iter().map(|account| (fold(&account.name), account)).collect(),
            groups: all,
            by_proxy: None,
        }
    }

    /// The same where a proxy proves names, but for these.
    #[must_use]
    pub fn with_proxy(self, but: BTreeSet<String>) -> Self {
        Self { by_proxy: Some(but), ..self }
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
        // What they may do was looked at when they said it; nobody else knows of them since.
        if *proven.proof() == Proof::Proxy {
            let trusted = self.by_proxy.as_ref().is_some_and(|but| !but.contains(&proven.id()));
            return if trusted { person.clone() } else { Person::typed(proven.name()) };
        }
        let answers = self.accounts.get(&proven.id()).is_some_and(|account| account.answers);
        let now = self.prove(proven.name(), proven.proof().clone()).filter(|_| answers);
        now.map_or_else(|| Person::typed(proven.name()), |now| now.saying(proven.said()).into())
    }

    /// The first of these groups that there is not.
    pub fn unknown<'a>(&self, groups: &'a [String]) -> Option<&'a str> {
        groups.iter().find(|group| !self.groups.contains_key(&fold(group))).map(String::as_str)
    }

    /// All groups, as they are compared.
    pub fn groups(&self) -> BTreeSet<String> {
        self.groups.keys().cloned().collect()
    }

    /// How many people can answer with a proven name: those of a group, or all.
    pub fn able(&self, group: Option<&str>) -> usize {
        let able = self.accounts.iter().filter(|(_, account)| account.can_answer());
        match group.map(fold) {
            None => able.count(),
            Some(group) => {
                let members = self.groups.get(&group);
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
        groups.iter().any(|group| self.groups.get(&fold(group)).is_some_and(|members| members.contains(&id)))
    }
}
