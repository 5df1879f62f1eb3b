//! What clients ask before they ask for anything: versions, groups, resources, schemas.

use serde_json::{Value, json};

use super::api::Answer;
use super::json as tree;
use super::resources::{GROUPS, RESOURCES};
use super::status::Refusal;
use crate::Request;

/// Answers a request for a document about the API itself; none when it is about objects.
pub fn answer(request: &Request) -> Option<Result<Answer, Refusal>> {
    let path = request.path.trim_end_matches('/');
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let document = match parts.as_slice() {
        ["version"] => version(),
        ["healthz" | "livez" | "readyz"] => return Some(Ok(Answer::Text("ok".to_owned()))),
        ["api"] => {
            json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })
        }
        ["apis"] => {
            let groups = GROUPS.iter().filter(|(group, _)| !group.is_empty()).map(|(group, _)| api_group(group));
            let groups: Vec<Value> = groups.chain([reviews()]).collect();
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
        }
        ["apis", "authorization.k8s.io", "v1"] => json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "authorization.k8s.io/v1",
            "resources": [{
                "name": "selfsubjectaccessreviews", "singularName": "selfsubjectaccessreview", "namespaced": false,
                "kind": "SelfSubjectAccessReview", "verbs": ["create"],
            }],
        }),
        ["api", "v1"] => resource_list(""),
        ["apis", group] if known(group) => {
            let mut document = api_group(group);
            tree::set(&mut document, "/kind", "APIGroup");
            tree::set(&mut document, "/apiVersion", "v1");
            document
        }
        ["apis", group, version] if version_of(group) == Some(version) => resource_list(group),
        ["openapi", "v3"] => {
            let entry =
                |path: &str| (path.to_owned(), json!({ "serverRelativeURL": format!("/openapi/v3/{path}?hash=1") }));
            let groups = GROUPS.iter().map(|(group, version)| match *group {
                "" => entry("api/v1"),
                group => entry(&format!("apis/{group}/{version}")),
            });
            json!({ "paths": groups.collect::<serde_json::Map<_, _>>() })
        }
        ["openapi", "v3", "api", "v1"] => open_api(""),
        ["openapi", "v3", "apis", group, version] if version_of(group) == Some(version) => open_api(group),
        // Only in protobuf on a real server: clients that need it have to skip validation.
        ["openapi", ..] => {
            return Some(Err(Refusal::new(406, "NotAcceptable", "only protobuf, which is not offered")));
        }
        ["apis" | "api", ..] | [..] if path.is_empty() || parts.len() < 3 => {
            return Some(Err(Refusal::no_such_path()));
        }
        _ => return None,
    };
    Some(match request.method.as_str() {
        "GET" => Ok(Answer::Object(200, document)),
        _ => Err(Refusal::method_not_allowed()),
    })
}

/// The group in which clients ask what they may: they do not ask where it is not offered.
fn reviews() -> Value {
    let version = json!({ "groupVersion": "authorization.k8s.io/v1", "version": "v1" });
    json!({ "name": "authorization.k8s.io", "versions": [version], "preferredVersion": version })
}

fn known(group: &str) -> bool {
    !group.is_empty() && version_of(group).is_some()
}

/// The version that a group offers.
fn version_of(group: &str) -> Option<&'static str> {
    GROUPS.iter().find(|(known, _)| *known == group).map(|(_, version)| *version)
}

/// `group/version`, or only the version for the core group.
fn group_version(group: &str) -> String {
    let version = version_of(group).unwrap_or("v1");
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// What `kubectl get all` lists.
fn in_all(plural: &str) -> bool {
    matches!(
        plural,
        "pods" | "services" | "deployments" | "replicasets" | "statefulsets" | "daemonsets" | "jobs" | "cronjobs"
    )
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "gitVersion": "v1.36.0", "gitCommit": "0", "gitTreeState": "clean",
        "buildDate": "2026-04-22T00:00:00Z", "goVersion": "go1.26", "compiler": "gc", "platform": "linux/amd64",
    })
}

fn api_group(group: &str) -> Value {
    let version = json!({ "groupVersion": group_version(group), "version": version_of(group) });
    json!({ "name": group, "versions": [version], "preferredVersion": version })
}

fn resource_list(group: &str) -> Value {
    let mut resources = Vec::new();
    for known in RESOURCES.iter().filter(|known| known.group == group) {
        resources.push(json!({
            "name": known.plural, "singularName": known.singular, "namespaced": known.namespaced, "kind": known.kind,
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            "shortNames": known.short, "categories": if in_all(known.plural) { json!(["all"]) } else { json!([]) },
        }));
        for subresource in known.subresources {
            let mut entry = json!({
                "name": format!("{}/{subresource}", known.plural), "singularName": "", "namespaced": known.namespaced,
                "kind": known.kind, "verbs": ["get", "patch", "update"],
            });
            if *subresource == "scale" {
                tree::set(&mut entry, "/kind", "Scale");
                tree::set(&mut entry, "/group", "autoscaling");
                tree::set(&mut entry, "/version", "v1");
            }
            resources.push(entry);
        }
    }
    let version = group_version(group);
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources })
}

/// The least that lets a client find out that the server validates fields itself.
fn open_api(group: &str) -> Value {
    let mut paths = serde_json::Map::new();
    for known in RESOURCES.iter().filter(|known| known.group == group) {
        let base = format!("/{}/{}", if group.is_empty() { "api" } else { "apis" }, group_version(group));
        let scope = if known.namespaced { "/namespaces/{namespace}" } else { "" };
        let path = format!("{base}{scope}/{}/{{name}}", known.plural);
        let validation = json!({ "name": "fieldValidation", "in": "query", "schema": { "type": "string" } });
        let operation = json!({
            "parameters": [validation], "responses": { "200": { "description": "OK" } },
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": { "group": group, "version": known.version, "kind": known.kind },
        });
        paths.insert(path, json!({ "patch": operation }));
    }
    json!({ "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": "v1.36.0" }, "paths": paths })
}
