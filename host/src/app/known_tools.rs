//! What the host knows of tools while policies are read: what it can call now, what it withholds,
//! and which servers have not said yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::Catalogue;
use crate::plugin::{Kind, Plugins, Status};
use crate::policy::lint::Inventory;
use crate::tools::{self, Phase, Servers};

/// Everything of a running host.
pub fn tools(catalogue: &Arc<Catalogue>, servers: &Servers, plugins: &Plugins) -> Inventory {
    let mut all = of_plugins(plugins);
    // The name of an MCP server goes before that of a plugin.
    let status = servers.status().into_iter();
    all.extend(status.map(|status| (status.server, status.phase == Phase::Ready || status.tools > 0)));
    Inventory {
        catalogue: Arc::clone(catalogue),
        withheld: servers.withheld(),
        servers: all,
        unloaded: unloaded(plugins),
        complete: true,
        elsewhere: tools::names(),
        groups: None,
        targets: Some(plugins.target_names()),
    }
}

/// Remediation plugins, and whether they could be asked for their tools.
fn of_plugins(plugins: &Plugins) -> BTreeMap<String, bool> {
    let remediations = plugins.status().into_iter().filter(|status| status.kind == Kind::Remediation);
    let listed = |status: &Status| status.usable && (status.problems.is_empty() || !status.offers.is_empty());
    remediations.map(|status| (status.name.clone(), listed(&status))).collect()
}

/// Remediation plugins whose code nobody has needed yet.
fn unloaded(plugins: &Plugins) -> BTreeSet<String> {
    let remediations = plugins.status().into_iter().filter(|status| status.kind == Kind::Remediation);
    remediations.filter(|status| status.usable && status.sha256.is_none()).map(|status| status.name).collect()
}
