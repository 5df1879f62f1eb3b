//! Names of targets and rules: what a hook is called here where its own name is taken already or is none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{ExistingNames, Hook, manifest};
use crate::policy::{RoutedBy, Set};

/// The plugin of all targets that are made, and the target of the shipped routes.
pub(super) const PLUGIN: &str = "webhook";
const ROUTED: &str = "default";
/// Letters of a name: with what rules put around it, it stays one that a rule may have.
const LONGEST: usize = 80;

/// The names that were given, and to which hook each.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// A name for this hook, and what there is to say about it. `is_same` says whether a target of the configuration is
    /// what this hook becomes under that name.
    pub fn give(
        &mut self,
        hook: &Hook,
        taken: &ExistingNames,
        is_same: &dyn Fn(&str) -> bool,
    ) -> (String, Option<String>) {
        let plain = plain(&hook.name);
        let own = |name: &str| (name != hook.name).then(|| format!("its name is {:?}", hook.name));
        let with_namespace = Some(&hook.namespace).filter(|text| !text.is_empty());
        let with_namespace = with_namespace.map(|namespace| self::plain(&format!("{namespace}-{}", hook.name)));
        let short: String = plain.chars().take(LONGEST - 5).collect();
        let others = with_namespace.into_iter().chain((2..).map(|n| format!("{short}-{n}")));
        let mut because = own(&plain);
        for name in std::iter::once(plain).chain(others) {
            match self.taken_by(&name, taken, is_same) {
                None => {
                    self.0.insert(name.clone(), hook.place());
                    let said = because.map(|because| format!("it is called {name} here, because {because}"));
                    return (name, said);
                }
                Some(why) => because = because.or(Some(why)),
            }
        }
        (String::new(), None)
    }

    fn taken_by(&self, name: &str, taken: &ExistingNames, is_same: &dyn Fn(&str) -> bool) -> Option<String> {
        if let Some(other) = self.0.get(name) {
            return Some(format!("{name} is what {other} is called"));
        }
        if name == ROUTED {
            return Some(format!("{name} is the target of the shipped routes"));
        }
        if name != PLUGIN && taken.plugins.contains(name) {
            return Some(format!("{name} is the name of a plugin"));
        }
        if taken.targets.contains_key(name) && !is_same(name) {
            return Some(format!("the configuration has another [notifiers.{name}]"));
        }
        let rule = taken.rules.contains(&format!("hook-{name}"));
        rule.then(|| format!("the policies in force have another hook-{name}"))
    }
}

/// A name of letters, digits, `-` and `_`.
fn plain(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let name: String = name.chars().map(letter).take(LONGEST).collect();
    if name.contains(|c: char| c.is_ascii_alphanumeric()) { name } else { "hook".into() }
}

/// What the policies in force have: names of rules about hooks in other files than an import writes, and to whom their routes
/// lead alone. Nothing where they cannot be loaded, which `check` says.
pub fn in_force(policies: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let Ok(set) = Set::load(policies) else { return Default::default() };
    let own = set.declared().into_iter().filter(|one| !manifest::is_own(&one.place.file));
    let rules = own.map(|one| one.name).filter(|name| name.starts_with("hook-")).collect();
    let alone = |told: RoutedBy| <[String; 1]>::try_from(told.to).ok().filter(|_| !told.goes_on).map(|[to]| to);
    (rules, set.told().into_iter().filter_map(alone).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_of_two_gets_a_free_name_and_it_is_said() {
        let mut names = Names::default();
        let taken = ExistingNames {
            plugins: ["slack".to_string(), PLUGIN.to_string()].into(),
            rules: ["hook-mine".to_string()].into(),
            ..ExistingNames::default()
        };
        let mut give = |namespace: &str, name: &str| {
            let hook = Hook { name: name.into(), namespace: namespace.into(), ..Hook::default() };
            let (name, said) = names.give(&hook, &taken, &|_| false);
            (name, said.unwrap_or_default())
        };
        assert_eq!(give("x", "a-b"), ("a-b".into(), String::new()));
        let (name, said) = give("x", "a.b");
        assert!(name == "x-a-b" && said.contains("its name is \"a.b\""), "{name}: {said}");
        let (name, said) = give("x", "a-b");
        assert!(name == "a-b-2" && said.contains("x/a-b"), "{name}: {said}");
        assert!(give("", "slack").1.contains("the name of a plugin"));
        assert!(give("", "default").1.contains("shipped routes"));
        assert!(give("", "mine").1.contains("another hook-mine"));
        assert_eq!(give("", "webhook").0, "webhook");
        assert_eq!(give("", "告警").0, "hook");
        let long = "x".repeat(200);
        assert_eq!(give("", &long).0.len(), LONGEST);
        let (name, _) = give("", &long);
        assert!(name.len() <= LONGEST && name.ends_with("-2"), "{name}");
    }
}
