//! The words in which tools speak of objects: names of arguments, kinds with their short names, and
//! what a namespace or a name may look like.

use crate::domain::text::letters::is_invisible;

/// What an argument is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// One or several namespaces.
    Namespace,
    /// Whether all of them.
    AllNamespaces,
    /// One or several kinds.
    Kind,
    /// Names of objects, of this kind if it says one.
    Name(Option<&'static str>),
    /// A choice by labels or fields.
    Selector,
    /// Whether all objects.
    All,
    /// A command line.
    Command,
    /// A package of manifests that is not in the call.
    Chart,
    /// A manifest, a patch or values.
    Manifest,
    /// Text for people.
    Prose,
    /// Anything else.
    Other,
}

/// A name of an argument without what different tools write differently.
pub(super) fn plain(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What an argument of this plain name is.
pub(super) fn role(word: &str) -> Role {
    match word {
        "ns" => Role::Namespace,
        "allnamespaces" | "allnamespace" | "everynamespace" | "anynamespace" => Role::AllNamespaces,
        // They say whether to create the namespace, or which kinds to list.
        "createnamespace" | "namespaced" => Role::Other,
        "kind" | "kinds" | "resourcetype" | "resourcetypes" | "resourcekind" | "objectkind" => Role::Kind,
        "name" | "names" | "resourcename" | "resourcenames" | "objectname" | "objectnames" => Role::Name(None),
        "all" | "deleteall" => Role::All,
        "command" | "cmd" | "args" | "arguments" | "flags" | "options" | "script" | "shell" | "extraargs" => {
            Role::Command
        }
        "chart" => Role::Chart,
        "manifest" | "manifests" | "resource" | "resources" | "object" | "objects" | "yaml" | "json" | "body"
        | "patch" | "patchdata" | "patches" | "values" | "spec" | "template" | "config" | "content" => Role::Manifest,
        "text" | "message" | "description" | "reason" | "comment" | "summary" | "title" | "note" | "notes" => {
            Role::Prose
        }
        word if ends_in_namespace(word) => Role::Namespace,
        word if word.ends_with("selector") => Role::Selector,
        word => {
            let bare = word.strip_suffix("names").or_else(|| word.strip_suffix("name")).unwrap_or(word);
            builtin(bare).map_or(Role::Other, |kind| Role::Name(Some(kind)))
        }
    }
}

/// Whether an argument of this plain name holds what is searched for, which may be any text.
pub(super) fn searches(word: &str) -> bool {
    ["query", "search", "filter", "pattern", "expression", "expr", "sql", "promql", "logql", "input", "q"]
        .iter()
        .any(|end| word == *end || (end.len() > 1 && word.ends_with(end)))
}

/// Whether an argument of this plain name is a sign that the tool is about objects in a cluster.
pub(super) fn speaks_of_clusters(word: &str) -> bool {
    matches!(role(word), Role::Namespace | Role::AllNamespaces | Role::Kind)
        || matches!(role(word), Role::Name(Some(_)))
        || matches!(word, "manifest" | "manifests" | "resource" | "patchdata" | "kubeconfig" | "labelselector")
}

/// Whether a tool says by its name that it is about objects in a cluster. Events and jobs exist elsewhere too.
pub(super) fn names_clusters(tool: &str) -> bool {
    let telling = ["pod", "node", "deployment", "statefulset", "daemonset", "replicaset", "configmap", "secret"];
    tool.to_lowercase().split(['_', '-', '.']).any(|word| {
        word == "kubectl"
            || word == "helm"
            || builtin(word).is_some_and(|kind| word.len() > 2 && telling.contains(&kind))
    })
}

/// `namespace`, `targetNamespace`, `namespaces`.
pub(super) fn ends_in_namespace(word: &str) -> bool {
    (word.ends_with("namespace") || word.ends_with("namespaces")) && !matches!(word, "createnamespace")
}

/// Whether a namespace can have this name.
pub(super) fn is_namespace(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// Whether an object can have this name.
pub(super) fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | ':');
    !text.is_empty()
        && text.len() <= 253
        && text.chars().all(inner)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.contains("..")
}

/// Whether a kind or resource can be written like this.
pub(super) fn is_kind(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    !text.is_empty()
        && text.len() <= 253
        && text.chars().all(inner)
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// A text that a command line or an address would take apart: options, control characters, ways up.
pub(super) fn is_suspicious(text: &str) -> bool {
    let option = |token: &str| {
        let rest = token.trim_start_matches(['"', '\'', '`', '$', '(', '=']).strip_prefix('-');
        rest.is_some_and(|rest| rest.starts_with(|c: char| c == '-' || c.is_ascii_alphabetic()))
    };
    let lower = text.to_ascii_lowercase();
    text.chars().any(is_invisible)
        || text.split_whitespace().any(option)
        || ["../", "/..", "%2e", "%2f", "%00", "$(", "`"].iter().any(|mark| lower.contains(mark))
}

/// Kinds of Kubernetes itself, with their short names.
const BUILTIN: [(&str, &[&str]); 41] = [
    ("pod", &["po"]),
    ("deployment", &["deploy"]),
    ("replicaset", &["rs"]),
    ("statefulset", &["sts"]),
    ("daemonset", &["ds"]),
    ("replicationcontroller", &["rc"]),
    ("job", &[]),
    ("cronjob", &["cj"]),
    ("service", &["svc"]),
    ("endpoints", &["ep", "endpoint"]),
    ("endpointslice", &[]),
    ("ingress", &["ing"]),
    ("networkpolicy", &["netpol"]),
    ("configmap", &["cm"]),
    ("secret", &[]),
    ("serviceaccount", &["sa"]),
    ("role", &[]),
    ("rolebinding", &[]),
    ("persistentvolumeclaim", &["pvc"]),
    ("poddisruptionbudget", &["pdb"]),
    ("horizontalpodautoscaler", &["hpa"]),
    ("resourcequota", &["quota"]),
    ("limitrange", &["limits"]),
    ("lease", &[]),
    ("event", &["ev"]),
    ("podtemplate", &[]),
    ("controllerrevision", &[]),
    ("namespace", &["ns"]),
    ("node", &["no"]),
    ("persistentvolume", &["pv"]),
    ("clusterrole", &[]),
    ("clusterrolebinding", &[]),
    ("customresourcedefinition", &["crd", "crds"]),
    ("storageclass", &["sc"]),
    ("priorityclass", &["pc"]),
    ("ingressclass", &[]),
    ("runtimeclass", &[]),
    ("apiservice", &[]),
    ("mutatingwebhookconfiguration", &[]),
    ("validatingwebhookconfiguration", &[]),
    ("certificatesigningrequest", &["csr"]),
];

/// Kinds that lie in no namespace, besides all that begin with `cluster`.
const WIDE: [&str; 31] = [
    "namespace",
    "node",
    "persistentvolume",
    "customresourcedefinition",
    "storageclass",
    "priorityclass",
    "ingressclass",
    "runtimeclass",
    "apiservice",
    "mutatingwebhookconfiguration",
    "validatingwebhookconfiguration",
    "validatingadmissionpolicy",
    "validatingadmissionpolicybinding",
    "mutatingadmissionpolicy",
    "mutatingadmissionpolicybinding",
    "certificatesigningrequest",
    "csidriver",
    "csinode",
    "volumeattachment",
    "volumeattributesclass",
    "flowschema",
    "prioritylevelconfiguration",
    "componentstatus",
    "gatewayclass",
    "podsecuritypolicy",
    "tokenreview",
    "subjectaccessreview",
    "ipaddress",
    "servicecidr",
    "deviceclass",
    "resourceslice",
];

/// Groups of the API that Kubernetes brings along.
const GROUPS: [&str; 6] = ["apps", "batch", "autoscaling", "policy", "extensions", "core"];

/// A kind of Kubernetes itself by its name, plural or short name.
pub(super) fn builtin(word: &str) -> Option<&'static str> {
    let single = singular(&word.to_lowercase());
    BUILTIN.iter().find(|(kind, short)| *kind == single || short.contains(&word)).map(|(kind, _)| *kind)
}

/// Whether objects of a kind, in the form of [`kinds`], lie in no namespace.
pub(crate) fn is_cluster_wide(kind: &str) -> bool {
    WIDE.contains(&kind) || kind.starts_with("cluster")
}

/// The same for a kind as a manifest writes it.
pub(super) fn is_cluster_wide_kind(kind: &str) -> bool {
    kinds(kind).iter().any(|kind| is_cluster_wide(kind))
}

/// `Deployments`, `deployment.apps`, `deploy` and `DeploymentList` are one kind. A kind of another
/// group that is only called like one of Kubernetes' own has two names, so that it is not taken for it.
pub(super) fn kinds(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let (kind, group) = lower.split_once('.').unwrap_or((&lower, ""));
    let kind = kind.strip_suffix("list").filter(|rest| !rest.is_empty()).unwrap_or(kind);
    if kind == "list" {
        return Vec::new();
    }
    match builtin(kind) {
        Some(known) if is_own(group) => vec![known.to_string()],
        Some(known) => vec![known.to_string(), format!("{known}.{group}")],
        None => vec![singular(kind)],
    }
}

/// The second name of a manifest's kind of another group; see [`kinds`].
pub(super) fn foreign(kind: &str, version: &str) -> Option<String> {
    let (group, _) = version.split_once('/')?;
    let known = builtin(&kind.to_lowercase())?;
    (!is_own(&group.to_lowercase())).then(|| format!("{known}.{}", group.to_lowercase()))
}

/// Whether a group, perhaps behind a version such as `v1.apps`, is Kubernetes' own.
fn is_own(group: &str) -> bool {
    let version =
        |part: &str| part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let group = match group.split_once('.') {
        Some((first, rest)) if version(first) => rest,
        None if version(group) => "",
        _ => group,
    };
    let own = [
        "networking",
        "rbac.authorization",
        "storage",
        "apiextensions",
        "apiregistration",
        "admissionregistration",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "node",
        "scheduling",
    ];
    group.is_empty() || GROUPS.contains(&group) || group.strip_suffix(".k8s.io").is_some_and(|name| own.contains(&name))
}

fn singular(kind: &str) -> String {
    if let Some(stem) = kind.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for end in ["sses", "xes", "ches"] {
        if kind.ends_with(end) {
            return kind.strip_suffix("es").unwrap_or(kind).to_string();
        }
    }
    let kept = kind.ends_with("ss") || kind.ends_with("us") || kind == "endpoints";
    kind.strip_suffix('s').filter(|_| !kept).unwrap_or(kind).to_string()
}
