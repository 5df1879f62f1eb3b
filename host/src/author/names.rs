//! Names that mean something already where a plugin would stand: a bundled plugin's, a built-in source's, the
//! target's of the shipped routes.

use crate::domain::event::SOURCE;
use crate::plugin::Kind;
use crate::source::BuiltIn;

/// The target that the shipped routes name. A target cannot have the name of another plugin.
pub(super) const ROUTED: &str = "default";

/// Refuses a name that is taken; one of a bundled plugin only where it is not meant to `replace` that. `bundled` are the
/// plugins inside the host.
///
/// # Errors
/// A sentence.
pub fn check(name: &str, kind: Kind, bundled: &[(String, Kind)], replace: bool) -> Result<(), String> {
    match taken(name, kind, bundled) {
        Some(NameConflict::Bundled(_)) if replace => Ok(()),
        Some(NameConflict::Bundled(text) | NameConflict::Never(text)) => Err(text),
        None => Ok(()),
    }
}

/// What a name means already.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NameConflict {
    /// No plugin of this name could be used: a sentence.
    Never(String),
    /// A plugin of this name takes the place of a bundled one: a sentence.
    Bundled(String),
}

/// What a name means already for a plugin of this kind; none where it is free.
fn taken(name: &str, kind: Kind, bundled: &[(String, Kind)]) -> Option<NameConflict> {
    let free = free(name, bundled);
    if kind == Kind::Source && (BuiltIn::has(name) || name == SOURCE) {
        return Some(NameConflict::Never(format!(
            "the source `{name}` is built into the host and is asked first, so that a plugin of this name would never \
             be called: choose another name, such as `{free}`"
        )));
    }
    if name == ROUTED {
        return Some(NameConflict::Never(format!(
            "`{name}` is the target that the shipped routes name, and a target cannot have the name of a plugin that it \
             is not of: choose another name, such as `{free}`"
        )));
    }
    let (_, theirs) = bundled.iter().find(|(known, _)| known == name)?;
    if *theirs != kind {
        return Some(NameConflict::Never(format!(
            "`{name}` is the name of a bundled {theirs}, which a {kind} of this name would take away from whoever uses \
             it: choose another name, such as `{free}`"
        )));
    }
    Some(NameConflict::Bundled(format!(
        "`{name}` is the name of a bundled {theirs}, and a plugin of the folder of [plugins] takes the place of the \
         bundled one: choose another name, such as `{free}`; if that is what you want, say --replace"
    )))
}

fn free(name: &str, bundled: &[(String, Kind)]) -> String {
    let known = |name: &str| BuiltIn::has(name) || bundled.iter().any(|(known, _)| known == name);
    let first = format!("own-{name}");
    let others = (2..).map(|n| format!("own-{name}-{n}"));
    std::iter::once(first).chain(others).find(|name| !known(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_means_something_is_told_with_one_that_would_do() {
        let bundled = [("slack", Kind::Notifier), ("grafana", Kind::Source), ("own-grafana", Kind::Source)];
        let bundled = bundled.map(|(name, kind)| (name.to_string(), kind));
        let taken = |name: &str, kind| taken(name, kind, &bundled);
        let never = |name: &str, kind| match taken(name, kind) {
            Some(NameConflict::Never(text)) => text,
            other => panic!("{name}: {other:?}"),
        };
        assert!(never("alertmanager", Kind::Source).contains("such as `own-alertmanager`"));
        assert!(never("default", Kind::Remediation).contains("shipped routes"));
        assert!(never("slack", Kind::Source).contains("a bundled notifier"));
        let Some(NameConflict::Bundled(text)) = taken("grafana", Kind::Source) else {
            panic!("a bundled name is taken")
        };
        assert!(text.contains("such as `own-grafana-2`") && text.contains("--replace"), "{text}");
        assert_eq!(taken("pager", Kind::Source), None);
        assert_eq!(taken("alertmanager", Kind::Notifier), None, "it is a source that is built in");
    }
}
