//! Whose yes counts, and when there are enough of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::domain::incident::{ActionRecord, identity};
use crate::domain::{Action, Origin, Ruling};

/// How an answer over a signed link is marked. Such a link proves no name, so it counts once.
pub const LINK: &str = "link";

/// Groups of people that gates may name in `who`.
#[derive(Clone, Debug, Default)]
pub struct People(BTreeMap<String, BTreeSet<String>>);

impl People {
    /// People by the name of their group.
    pub fn new(groups: &BTreeMap<String, Vec<String>>) -> Self {
        let members = |names: &Vec<String>| names.iter().map(|name| identity(name)).collect();
        Self(groups.iter().map(|(group, names)| (identity(group), members(names))).collect())
    }

    /// How many people a group has; none when it is not configured.
    pub fn count(&self, group: &str) -> Option<usize> {
        self.0.get(&identity(group)).map(BTreeSet::len)
    }

    /// Why a person's yes to an action does not count; none when it does.
    pub fn refusal(&self, ruling: &Ruling, action: &Action, person: &str) -> Option<String> {
        let name = identity(person);
        if name.is_empty() {
            return Some("an answer needs the name of a person".into());
        }
        if let Origin::Person { name: author } = &action.origin
            && !ruling.own
            && identity(author) == name
        {
            let gate = &ruling.rule;
            return Some(format!("{author} proposed {} and cannot approve it too; gate {gate} wants somebody else", action.id));
        }
        let missing = parts(&ruling.who).find(|group| self.0.get(&identity(group)).is_some_and(|members| !members.contains(&name)))?;
        Some(format!("{person} is not in the group {missing}, which gate {} asks; [people] in the configuration says who is", ruling.rule))
    }
}

/// The groups in `who`: several gates that ask are joined by `and`.
pub fn parts(who: &str) -> impl Iterator<Item = &str> {
    who.split(" and ").map(str::trim).filter(|part| !part.is_empty())
}

/// Joins the `who` of several gates: each of them must be content.
pub fn join<'a>(whos: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<&str> = Vec::new();
    for who in whos.flat_map(parts) {
        if !all.contains(&who) {
            all.push(who);
        }
    }
    all.join(" and ")
}

/// Checks that enough different people said yes to exactly this action, and not too long ago.
///
/// # Errors
/// How many did.
pub fn approved(people: &People, record: &ActionRecord, ruling: &Ruling, now: Timestamp) -> Result<(), String> {
    // A yes is good for as long as the question was: what is asked now would expire at `until`.
    let good_for = ruling.until.map(|until| until.duration_since(now)).unwrap_or(SignedDuration::MAX);
    let since = now.saturating_sub(good_for).unwrap_or(Timestamp::MIN);
    let approvers = record.approvers(since, ruling.approvals).into_iter();
    let given = approvers.filter(|person| people.refusal(ruling, &record.action, person).is_none()).count();
    let wanted = usize::try_from(ruling.approvals).unwrap_or(usize::MAX);
    if given >= wanted {
        return Ok(());
    }
    Err(format!(
        "{given} of {wanted} approvals bind to these exact arguments, are still good and come from people who may give them"
    ))
}
