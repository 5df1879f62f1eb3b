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
        self.exactly(said).or_else(|| self.exactly(bare(said)))
    }

    /// What a call may be named when it goes back: the offered name of its tool, or else what is left of
    /// the words that endpoints take.
    pub(super) fn presentable(&self, said: &str) -> String {
        if let Some(tool) = self.real(said) {
            return self.offered(tool);
        }
        let plain: String = bare(said).replace('.', "__").chars().map(allowed).take(LONGEST).collect();
        let plain = plain.trim_matches('_');
        if plain.is_empty() { "unknown".into() } else { plain.into() }
    }

    fn exactly(&self, said: &str) -> Option<&str> {
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

fn allowed(c: char) -> char {
    if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }
}

/// A name without what models of some families put around it: the namespace of their training, the marks of a
/// channel that leak into it, the number of the call.
fn bare(said: &str) -> &str {
    let said = said.rsplit_once("to=").map_or(said, |(_, name)| name).trim();
    let prefixes = ["functions.", "tools.", "default_api.", "default_api:", "function."];
    let said = prefixes.iter().find_map(|prefix| said.strip_prefix(prefix)).unwrap_or(said);
    let said = said.split('<').next().unwrap_or_default().trim();
    let said =
        said.rsplit_once(':').filter(|(_, n)| n.bytes().all(|b| b.is_ascii_digit())).map_or(said, |(name, _)| name);
    // Behind a channel's mark the format of the arguments may stand.
    ["json", "code", "commentary"]
        .iter()
        .find_map(|word| said.strip_suffix(word)?.strip_suffix(' '))
        .unwrap_or(said)
        .trim()
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
        for said in [
            "p__only<|channel|>commentary",
            "functions.p__only<|constrain|>json",
            "p__only</channel/>commentary",
            "commentary to=functions.p__only json",
            "default_api:p__only",
            "functions.p__only:3",
        ] {
            assert_eq!(names.real(said), Some("p.only"), "{said}");
            assert_eq!(names.presentable(said), "p__only", "{said}");
        }
        assert_eq!(names.presentable("<|channel|>"), "unknown");
        assert!(names.presentable(&"é.".repeat(100)).len() <= 64);
        assert_eq!(names.real("get"), None, "two servers have it");
        assert_eq!(names.real("nothing"), None);
    }
}
