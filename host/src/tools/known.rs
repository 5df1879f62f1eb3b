//! What is known of the tools of the two Kubernetes MCP servers, and which tools are not offered
//! unless the operator names them.

use crate::domain::Risk;

/// Tools that hand out credentials, run anything, or change what later calls reach.
const WITHHELD: [(&str, &str); 9] = [
    ("configuration_view", "it returns the kubeconfig with its private key"),
    ("pods_exec", "it runs any command inside a pod"),
    ("exec_in_pod", "it runs any command inside a pod"),
    ("port_forward", "it opens a way into the cluster"),
    ("stop_port_forward", "it belongs to port_forward"),
    ("kubectl_generic", "it runs any command of kubectl, on which no gate can rule"),
    ("kubectl_context", "it changes which cluster later calls reach"),
    ("kubectl_reconnect", "it changes which cluster later calls reach"),
    ("cleanup", "it deletes everything that the server ever created"),
];

/// Why a tool is not offered unless it is named.
pub(super) fn withheld(tool: &str) -> Option<&'static str> {
    WITHHELD.iter().find(|(name, _)| *name == tool).map(|(_, why)| *why)
}

/// Risk and whether a repeat is harmless, for a server of this name by its own account.
pub(super) fn risk(server: &str, tool: &str) -> Option<(Risk, bool)> {
    let table = match server {
        "kubernetes-mcp-server" => CONTAINERS,
        "kubernetes" | "mcp-server-kubernetes" => FLUX159,
        _ => return None,
    };
    table.iter().find(|(name, ..)| *name == tool).map(|(_, risk, repeatable)| (*risk, *repeatable))
}

/// Names of the tools of the known servers, each once.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = CONTAINERS.iter().chain(FLUX159).map(|(name, ..)| *name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

type Table = &'static [(&'static str, Risk, bool)];

const CONTAINERS: Table = &[
    ("configuration_view", Risk::Read, true),
    ("events_list", Risk::Read, true),
    ("namespaces_list", Risk::Read, true),
    ("nodes_log", Risk::Read, true),
    ("nodes_stats_summary", Risk::Read, true),
    ("nodes_top", Risk::Read, true),
    // The name may have come back, as with a StatefulSet: a repeat would delete a second pod.
    ("pods_delete", Risk::High, false),
    ("pods_exec", Risk::Irreversible, false),
    ("pods_get", Risk::Read, true),
    ("pods_list", Risk::Read, true),
    ("pods_list_in_namespace", Risk::Read, true),
    ("pods_log", Risk::Read, true),
    ("pods_run", Risk::High, false),
    ("pods_top", Risk::Read, true),
    ("projects_list", Risk::Read, true),
    ("resources_create_or_update", Risk::High, true),
    ("resources_delete", Risk::High, false),
    ("resources_get", Risk::Read, true),
    ("resources_list", Risk::Read, true),
    ("resources_scale", Risk::High, true),
];

const FLUX159: Table = &[
    ("cleanup", Risk::Irreversible, false),
    ("exec_in_pod", Risk::Irreversible, false),
    ("explain_resource", Risk::Read, true),
    ("install_helm_chart", Risk::High, false),
    ("kubectl_apply", Risk::High, true),
    // Its hint says read-only, but `set` changes what every later call reaches.
    ("kubectl_context", Risk::High, false),
    ("kubectl_create", Risk::High, false),
    ("kubectl_delete", Risk::High, false),
    ("kubectl_describe", Risk::Read, true),
    ("kubectl_generic", Risk::Irreversible, false),
    ("kubectl_get", Risk::Read, true),
    ("kubectl_logs", Risk::Read, true),
    // A JSON patch may append: a repeat is not the same.
    ("kubectl_patch", Risk::High, false),
    ("kubectl_reconnect", Risk::High, false),
    ("kubectl_rollout", Risk::High, false),
    ("kubectl_scale", Risk::High, true),
    ("list_api_resources", Risk::Read, true),
    ("node_management", Risk::Irreversible, false),
    ("ping", Risk::Read, true),
    ("port_forward", Risk::High, false),
    ("stop_port_forward", Risk::High, false),
    ("uninstall_helm_chart", Risk::Irreversible, false),
    ("upgrade_helm_chart", Risk::High, false),
];
