//! What is known of tools and people while a set is read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::Catalogue;

/// What is known of tools and people. The default knows nothing, and so finds nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    /// The tools that there are.
    pub catalogue: Arc<Catalogue>,
    /// Tools that exist and are not offered: `server.tool`, and a sentence that says why.
    pub withheld: BTreeMap<String, String>,
    /// Tool servers and remediation plugins, and whether their tools could be listed.
    pub servers: BTreeMap<String, bool>,
    /// Those of them that no configuration names and nobody has called yet: which tools they will have, nobody can
    /// say.
    pub unloaded: BTreeSet<String>,
    /// Whether `servers` are all that there are.
    pub complete: bool,
    /// Names of tools, without their server, that servers are known to have elsewhere. A pattern
    /// over any server may be meant for those.
    pub elsewhere: Vec<&'static str>,
    /// Groups of people that gates may ask, as they are compared; none where that is not known.
    pub groups: Option<BTreeSet<String>>,
    /// Notifier targets that routes can name; none where that is not known.
    pub targets: Option<BTreeSet<String>>,
}

impl Inventory {
    /// Servers whose tools could not be listed.
    pub(super) fn unseen(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().filter(|(_, seen)| !**seen).map(|(name, _)| name.as_str())
    }

    /// Whether all tools that there are are known.
    pub(super) fn whole(&self) -> bool {
        self.complete && self.unseen().next().is_none()
    }
}
