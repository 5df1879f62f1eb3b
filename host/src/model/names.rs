//! Tool names as endpoints take them, and back.
//!
//! Endpoints allow letters, digits, `_` and `-`, at most 64 of them; tools are called
//! `server.tool`.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::domain::Catalogue;

/// Longest name that endpoints take.
const LONGEST: usize = 64;

/// The offered names of all tools.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Names {
    real: BTreeMap<String, String>,
    offered: BTreeMap<String, String>,
}

impl Names {
    /// Names every tool.
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let mut names = Self::default();
        for name in catalogue.tools.keys() {
            let allowed = |c: char| {
                if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }
            };
            let plain: String = name.replace('.', "__").chars().map(allowed).collect();
            let offered = if plain.len() > LONGEST || names.real.contains_key(&plain) {
                let digest: String = Sha256::digest(name).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
                let kept: String = plain.chars().take(LONGEST - 9).collect();
                format!("{kept}_{digest}")
            } else {
                plain
            };
            names.real.insert(offered.clone(), name.clone());
            names.offered.insert(name.clone(), offered);
        }
        names
    }

    /// The name that is offered for a tool; a tool that is gone keeps a name that is harmless.
    pub(super) fn offered(&self, tool: &str) -> String {
        self.offered.get(tool).cloned().unwrap_or_else(|| tool.replace('.', "__"))
    }

    /// The tool that an answer means: by its full name, by the offered one, or by its bare name
    /// where only one server has it.
    pub(super) fn real(&self, said: &str) -> Option<&str> {
        let said = said.trim().trim_matches(['`', '"', '\'']);
        let said = ["functions.", "tools."].iter().find_map(|prefix| said.strip_prefix(prefix)).unwrap_or(said);
        if let Some((name, _)) = self.offered.get_key_value(said) {
            return Some(name);
        }
        if let Some(name) = self.real.get(said) {
            return Some(name);
        }
        let mut bare = self.offered.keys().filter(|name| name.split_once('.').is_some_and(|(_, tool)| tool == said));
        match (bare.next(), bare.next()) {
            (Some(name), None) => Some(name),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::catalogue;

    #[test]
    fn names_are_short_plain_and_lead_back() {
        let long = format!("k.{}", "x".repeat(100));
        let longer = format!("k.{}y", "x".repeat(100));
        let all = [long.as_str(), longer.as_str(), "k.get", "k.a/b", "k.a_b", "p.get", "p.only"];
        let names = Names::of(&catalogue(&all));
        for name in all {
            let offered = names.offered(name);
            assert!(offered.len() <= 64 && offered.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)));
            assert_eq!(names.real(&offered), Some(name));
            assert_eq!(names.real(name), Some(name));
        }
        assert_eq!(names.real("only"), Some("p.only"));
        assert_eq!(names.real("functions.p__only"), Some("p.only"));
        assert_eq!(names.real("get"), None, "two servers have it");
        assert_eq!(names.real("nothing"), None);
    }
}
