//! Whose yes a gate that asks wants, and whether it has it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::person::{Person, Proven, group_key};

/// What one asking gate wants. Several gates that ask must each be content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// The gate rule's name.
    pub gate: String,
    /// Groups of people, each of which must say yes; empty for anybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub who: Vec<String>,
    /// How many different people of each group; at least 1.
    #[serde(default = "one")]
    pub approvals: u32,
    /// Whether a person may approve what they proposed themselves, where one yes is enough.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

fn one() -> u32 {
    1
}

/// Who said yes to exactly one action.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    /// Different people by who they are.
    proven: BTreeMap<String, Proven>,
    /// Somebody of whom nothing is known but that they could answer.
    unproven: bool,
}

impl Approvals {
    /// Everybody who said yes. Answers without a proven name are one, whatever names were typed.
    pub fn new(people: impl IntoIterator<Item = Person>) -> Self {
        let mut given = Self::default();
        for person in people {
            match person {
                Person::Proven(proven) => drop(given.proven.entry(proven.id()).or_insert(proven)),
                Person::Typed(_) => given.unproven = true,
            }
        }
        given
    }
}

/// What a requirement still lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingApproval {
    /// The group; none for anybody.
    pub group: Option<String>,
    /// How many count.
    pub given: usize,
    /// How many are wanted.
    pub wanted: usize,
}

/// Of whom a yes is wanted, and of how many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approvers<'a> {
    /// The group; none for anybody.
    pub group: Option<&'a str>,
    /// How many people; at least 1.
    pub count: usize,
    /// Whose own yes does not count.
    pub but: Option<&'a Person>,
}

impl Approvers<'_> {
    /// Whether a name that was merely typed counts.
    pub fn takes_typed(&self) -> bool {
        self.group.is_none() && self.but.is_none() && self.count == 1
    }
}

impl Requirement {
    /// Whether one person may both propose and approve.
    fn own(&self) -> bool {
        self.own && self.approvals <= 1
    }

    /// Who must not be among those who say yes.
    fn barred<'a>(&self, proposer: Option<&'a Person>) -> Option<&'a Person> {
        proposer.filter(|_| !self.own())
    }

    /// How many people are wanted. A proposer whose name was not proven may be any one of those who
    /// answer, so one more must.
    fn wanted(&self, barred: Option<&Person>) -> usize {
        let stranger = barred.is_some_and(|proposer| proposer.proven().is_none());
        usize::try_from(self.approvals.max(1)).unwrap_or(usize::MAX).saturating_add(usize::from(stranger))
    }

    /// Whose yes it wants of what this person proposed, each group by itself.
    pub fn asks<'a>(&'a self, proposer: Option<&'a Person>) -> Vec<Approvers<'a>> {
        let but = self.barred(proposer);
        let count = self.wanted(but);
        let asked = |group| Approvers { group, count, but };
        match self.who.as_slice() {
            [] => vec![asked(None)],
            groups => groups.iter().map(|group| asked(Some(group.as_str()))).collect(),
        }
    }

    /// What is missing from what was given; none when the gate is content.
    pub fn lacks(&self, given: &Approvals, proposer: Option<&Person>) -> Option<MissingApproval> {
        let barred = self.barred(proposer);
        let wanted = self.wanted(barred);
        let people = || given.proven.values().filter(|person| barred.is_none_or(|barred| !person.may_be(barred)));
        if self.who.is_empty() {
            // Who answers without a name may be one of the others, or who proposed it.
            let unproven = given.unproven && Approvers { group: None, count: wanted, but: barred }.takes_typed();
            let given = people().count() + usize::from(unproven);
            return (given < wanted).then_some(MissingApproval { group: None, given, wanted });
        }
        self.who.iter().find_map(|group| {
            let given = people().filter(|person| person.is_in(group)).count();
            (given < wanted).then(|| MissingApproval { group: Some(group.clone()), given, wanted })
        })
    }

    /// Whether a person's yes adds anything to what this gate wants.
    ///
    /// # Errors
    /// Why it does not.
    pub fn takes(&self, person: &Person, proposer: Option<&Person>) -> Result<(), ApprovalRefusal> {
        let barred = self.barred(proposer);
        let Some(proven) = person.proven() else {
            let anybody = self.asks(proposer).iter().any(Approvers::takes_typed);
            return if anybody { Ok(()) } else { Err(ApprovalRefusal::Unproven { gate: self.gate.clone() }) };
        };
        if let Some(author) = barred.filter(|author| proven.may_be(author)) {
            return Err(ApprovalRefusal::Proposer { name: author.shown(), gate: self.gate.clone() });
        }
        if self.who.is_empty() || self.who.iter().any(|group| proven.is_in(group)) {
            return Ok(());
        }
        let (name, gate) = (proven.shown(), self.gate.clone());
        Err(ApprovalRefusal::NotAsked { name, gate, groups: self.who.clone() })
    }
}

/// Why a person's yes does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalRefusal {
    /// Nothing proves the name, and the gate wants to know who it is.
    #[error("gate {gate} takes the yes of people who prove their name; answer with a token of your own")]
    Unproven {
        /// The gate.
        gate: String,
    },
    /// They proposed it.
    #[error("{name} proposed it and cannot approve it too; gate {gate} wants somebody else")]
    Proposer {
        /// Who.
        name: String,
        /// The gate.
        gate: String,
    },
    /// They are in none of the groups.
    #[error("{name} is not in {}, which gate {gate} asks; [people] and `tidegate user set {name} --groups` say who is", of(.groups))]
    NotAsked {
        /// Who.
        name: String,
        /// The gate.
        gate: String,
        /// The groups that it asks.
        groups: Vec<String>,
    },
}

impl ApprovalRefusal {
    /// The same for somebody who need not know whom the gate asks.
    pub fn discreet(&self) -> String {
        match self {
            Self::NotAsked { name, .. } => format!("{name} is not among those who are asked"),
            Self::Proposer { name, .. } => format!("{name} proposed it and cannot approve it too"),
            Self::Unproven { .. } => "only people who prove their name can approve this".into(),
        }
    }
}

fn of(groups: &[String]) -> String {
    match groups {
        [one] => format!("the group {one}"),
        several => format!("any of the groups {}", several.join(", ")),
    }
}

/// Groups in the order in which gates name them, each once.
pub fn groups(requirements: &[Requirement]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let all = requirements.iter().flat_map(|requirement| &requirement.who);
    all.map(String::as_str).filter(|group| seen.insert(group_key(group))).collect()
}
