//! Arguments that lead elsewhere: to another cluster than the server's own, to another identity, to
//! an address or a file. Servers write them in many ways, so families of names are known rather than
//! names; what none of them covers and the tool's own schema does not explain counts as well.

use serde_json::{Map, Value};

use super::vocabulary::plain;

/// How surely a name says that its value leads elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Elsewhere {
    /// Whatever the tool: another context, a kubeconfig, somebody to act as, a file.
    Always,
    /// Where the tool is about a cluster, or nobody knows what it is about: a cluster, a project, a
    /// server, a token.
    InClusters,
}

/// What follows the name of a thing: `clusterName`, `server_url`, `project-id`.
const ENDINGS: [&str; 14] =
    ["", "s", "name", "names", "id", "ids", "url", "uri", "path", "address", "endpoint", "alias", "arn", "ref"];

/// What an argument may name that decides where a call goes or as whom.
const PLACES: [&str; 18] = [
    "cluster",
    "workspace",
    "server",
    "project",
    "host",
    "tenant",
    "account",
    "subscription",
    "organization",
    "organisation",
    "org",
    "realm",
    "region",
    "profile",
    "datacenter",
    "fleet",
    "master",
    "proxy",
];

/// What comes before: `targetCluster`, `kube_server`.
const BEGINNINGS: [&str; 16] = [
    "",
    "kube",
    "k8s",
    "kubernetes",
    "target",
    "remote",
    "other",
    "member",
    "managed",
    "destination",
    "dest",
    "source",
    "api",
    "current",
    "use",
    "all",
];

/// Words that stand alone.
const WORDS: [&str; 27] = [
    "as",
    "asuid",
    "user",
    "username",
    "runas",
    "onbehalfof",
    "sudo",
    "identity",
    "token",
    "bearertoken",
    "accesstoken",
    "authtoken",
    "authorization",
    "credentials",
    "password",
    "clientcertificate",
    "clientkey",
    "certificateauthority",
    "insecureskiptlsverify",
    "tlsservername",
    "url",
    "uri",
    "baseurl",
    "apiendpoint",
    "apiurl",
    "apiaddress",
    "endpointurl",
];

/// Whether, and how surely, an argument of this plain name leads elsewhere.
pub(super) fn leads_away(word: &str) -> Option<Elsewhere> {
    if is_unmistakable(word) || is_file(word) {
        return Some(Elsewhere::Always);
    }
    let place = PLACES.iter().any(|place| {
        word.match_indices(place).any(|(at, _)| {
            let (before, rest) = word.split_at(at);
            let after = rest.strip_prefix(place).unwrap_or_default();
            BEGINNINGS.contains(&before) && ENDINGS.contains(&after)
        })
    });
    let cluster = ENDINGS.iter().any(|end| word.strip_suffix(end).is_some_and(|rest| rest.ends_with("cluster")));
    (place || cluster || WORDS.contains(&word)).then_some(Elsewhere::InClusters)
}

/// Another context or kubeconfig, or somebody to act as, under a name that means nothing else.
pub(super) fn is_unmistakable(word: &str) -> bool {
    let context = word.strip_suffix("s").unwrap_or(word);
    let context = context.strip_suffix("name").or_else(|| context.strip_suffix("id")).unwrap_or(context);
    // `securityContext` is a part of a pod.
    (context.ends_with("context") && !context.ends_with("securitycontext"))
        || matches!(context, "ctx" | "kubectx" | "kctx")
        || word.contains("kubeconfig")
        || word.contains("impersonat")
        || word.contains("apiserver")
        || ["asuser", "asgroup", "asgroups", "asserviceaccount"].contains(&word)
}

/// What the server reads from its own disk or from an address.
fn is_file(word: &str) -> bool {
    matches!(
        word,
        "patchfile" | "filename" | "file" | "manifestfile" | "valuesfile" | "fromfile" | "fromenvfile" | "manifesturl"
    )
}

/// Whether an argument has a value at all: an empty one leads nowhere.
pub(super) fn is_given(value: &Value) -> bool {
    !super::is_empty(value) && *value != Value::Bool(false)
}

/// Whether an object is a kubeconfig, whatever the argument is called in which it stands.
pub(super) fn is_kubeconfig(map: &Map<String, Value>) -> bool {
    let has = |wanted: &str| map.keys().any(|key| plain(key) == wanted);
    has("currentcontext") || has("clusters") && (has("users") || has("contexts"))
}

/// The name in `{"name": "context", "value": "prod"}`, as lists of options are written.
pub(super) fn option_name(map: &Map<String, Value>) -> Option<&str> {
    let text = |wanted: &str| map.iter().find(|(key, _)| plain(key) == wanted).map(|(_, value)| value);
    let name = ["name", "key", "flag", "option"].iter().find_map(|key| text(key)).and_then(Value::as_str)?;
    text("value").filter(|value| is_given(value)).map(|_| name)
}
