//! Templates that users wrote before they read ours: a name and states as texts, under names of their own.

use serde_json::{Value, json};
use tidegate_plugin::source::Node;
use tidegate_plugin::source::fields::Fields;

/// The same as our template sends; none where there is no name, or no state of Argo CD.
pub(crate) fn application(body: Node<'_>) -> Option<Value> {
    let said = Fields::of(body);
    let first = |names: &[&str]| said.first(names).map(|text| text.into_owned());
    let name = first(&["app", "application", "appname", "applicationname", "name"])?;
    let health = first(&["health", "healthstatus", "apphealth", "apphealthstatus"]);
    let sync = first(&["sync", "syncstatus", "appsyncstatus"]);
    let phase = first(&["phase", "operationphase", "operationstate", "operationstatephase", "syncphase"]);
    health.as_ref().or(sync.as_ref()).or(phase.as_ref())?;
    let message = first(&["message", "description", "operationmessage", "operationstatemessage"]);
    Some(json!({
        "url": first(&["url", "link", "appurl", "targeturl"]),
        "instance": first(&["instance", "argocdurl"]),
        "app": {
            "metadata": {"name": name, "namespace": first(&["argocdnamespace", "appnamespace"])},
            "spec": {
                "project": first(&["project", "appproject"]),
                "source": {"repoURL": first(&["repo", "repourl", "repository"]), "path": first(&["path"])},
                "destination": {
                    "namespace": first(&["namespace", "destinationnamespace", "destnamespace"]),
                    "name": first(&["cluster", "clustername", "destinationname"]),
                    "server": first(&["server", "destinationserver", "destserver"]),
                },
            },
            "status": {
                "health": {"status": health, "message": first(&["healthmessage"])},
                "sync": {"status": sync, "revision": first(&["revision", "syncrevision"])},
                "operationState": {
                    "phase": phase,
                    "message": message,
                    "startedAt": first(&["startedat", "starttime"]),
                    "finishedAt": first(&["finishedat", "finishtime"]),
                },
            },
        },
    }))
}
