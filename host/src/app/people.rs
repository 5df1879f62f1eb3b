//! Questions that could never be answered as the configuration stands.

use crate::config::{Config, Problem};
use crate::domain::Requirement;
use crate::policy::Set;

/// Says of every gate and group which people it lacks.
pub fn unmet(config: &Config, set: &Set) -> Vec<Problem> {
    let mut problems = Vec::new();
    let accounts = crate::accounts::read(&config.accounts_file()).unwrap_or_else(|error| {
        problems.push(config.problem(&["sign_in", "accounts"], error));
        crate::accounts::AccountsFile::default()
    });
    let people = config.people_of(&accounts);
    let declared = set.declared();
    for Requirement { gate, who, approvals, .. } in set.asks() {
        let wanted = usize::try_from(approvals).unwrap_or(usize::MAX);
        let place = declared.iter().find(|one| one.kind == "gate" && one.name == gate);
        let place = place.map(|one| format!("{}: ", one.place)).unwrap_or_default();
        let mut wrong = |text: String| problems.push(config.problem(&["policies", "path"], format!("{place}{text}")));
        if let Some(group) = people.unknown(&who) {
            wrong(format!(
                "gate {gate} asks {group:?}, which is no group in [people] or [users], so it denies whatever it is asked \
                 about; name the group there, or let the gate ask \"anybody\""
            ));
            continue;
        }
        for group in &who {
            let able = people.able(Some(group));
            // Nobody can count those of whom a proxy or a provider will say that they are in the group.
            if able < wanted && !people.may_be_more() {
                wrong(format!(
                    "gate {gate} wants {wanted} of {group:?}, but {able} of them can prove their name, so nobody can ever \
                     approve; give its members [users.NAME] with a token (`tidegate user section`)"
                ));
            }
        }
        let able = people.able(None);
        if who.is_empty() && wanted > 1 && able < wanted && !people.may_be_more() {
            wrong(format!(
                "gate {gate} wants {wanted} different people, but {able} can prove their name, and names that are only \
                 typed are not several; add [users.NAME] (`tidegate user section`)"
            ));
        }
    }
    for (group, names) in &config.people {
        for name in names.iter().filter(|name| !people.is_able(name)) {
            let text = format!(
                "{name} has no way to prove this name, so their yes never counts for {group}; add [users.{name}] \
                 (`tidegate user section {name}`)"
            );
            problems.push(config.problem(&["people", group], text));
        }
    }
    for (name, user) in config.users.iter().filter(|(name, user)| !user.groups.is_empty() && !people.is_able(name)) {
        let text = format!(
            "{name} has no way to prove this name, so their yes never counts for {}; give it tokens (`tidegate user \
             section {name}`) and a role that answers",
            user.groups.join(", ")
        );
        problems.push(config.problem(&["users", name], text));
    }
    problems
}
