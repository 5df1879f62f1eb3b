//! An Application: Argo CD's own object, whole or the part of it that the template sends.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoding, Node, Status};

/// Whether a body has an Application, or is one.
pub(crate) fn is(body: Node<'_>) -> bool {
    within(body).is_some()
}

fn within(body: Node<'_>) -> Option<Node<'_>> {
    [body.get("app"), body.get("application"), body].into_iter().find(|app| app.get("metadata").exists())
}

/// Decodes a body with an Application in `app`, or that is one.
pub(crate) fn decode(body: Node<'_>) -> Decoding {
    let Some(app) = within(body) else { return Err(body.get("app").expected("an Application")) };
    let application = Application { body, app, name: app.path("metadata.name").need_text()? };
    let alerts = [application.health(), application.sync(), application.comparison()].into_iter().flatten();
    let alerts: Vec<Alert> = alerts.collect();
    if alerts.is_empty() && !app.get("status").exists() {
        return Err(app.get("status").expected("an object"));
    }
    Ok(alerts.into())
}

struct Application<'a> {
    body: Node<'a>,
    app: Node<'a>,
    name: Cow<'a, str>,
}

impl<'a> Application<'a> {
    fn health(&self) -> Option<Alert> {
        let health = self.app.path("status.health");
        let (status, severity) = match health.get("status").word().as_str() {
            "healthy" => (Status::Resolved, "error"),
            "degraded" => (Status::Firing, "error"),
            "missing" => (Status::Firing, "warning"),
            // It is on its way, was paused by a person, or nobody knows.
            _ => return None,
        };
        let word = health.get("status").scalar().unwrap_or_default();
        let alert = self.alert("ArgoCdAppUnhealthy", "health", status, severity, &format!("is {word}"));
        let alert = alert.annotation("description", health.get("message").scalar());
        Some(times(alert, health.get("lastTransitionTime").scalar(), None))
    }

    fn sync(&self) -> Option<Alert> {
        let last = self.app.path("status.operationState");
        let (status, said) = match last.get("phase").word().as_str() {
            "succeeded" => (Status::Resolved, "was synced"),
            "failed" | "error" => (Status::Firing, "could not be synced"),
            _ => return None,
        };
        let alert = self.alert("ArgoCdAppSyncFailed", "sync", status, "error", said);
        let alert = alert
            .annotation("description", last.get("message").scalar())
            .annotation("phase", last.get("phase").scalar());
        let ended = last.get("finishedAt").scalar();
        Some(times(alert, ended.clone().or_else(|| last.get("startedAt").scalar()), ended))
    }

    /// Whether what Git says is known at all.
    fn comparison(&self) -> Option<Alert> {
        let (status, said) = match self.app.path("status.sync.status").word().as_str() {
            "synced" | "outofsync" => (Status::Resolved, "can be compared with its repository"),
            "unknown" => (Status::Firing, "cannot be compared with its repository"),
            _ => return None,
        };
        let alert = self.alert("ArgoCdAppSyncUnknown", "comparison", status, "warning", said);
        let errors = self.app.path("status.conditions").items();
        let error = errors.filter(|condition| condition.get("type").word().ends_with("error")).last();
        let (message, since) = error
            .map_or((None, None), |error| (error.get("message").scalar(), error.get("lastTransitionTime").scalar()));
        Some(times(alert.annotation("description", message), since, None))
    }

    fn alert(&self, name: &str, what: &str, status: Status, severity: &'static str, said: &str) -> Alert {
        let (spec, app) = (self.app.get("spec"), self.app);
        let home = app.path("metadata.namespace").scalar();
        let server = spec.path("destination.server").scalar();
        let (place, cluster) = (home.as_deref().unwrap_or_default(), spec.path("destination.name").scalar());
        // One Argo CD has one Application of a name in a namespace; several may send here.
        let instance = self.body.any_of(&["instance", "context.argocdUrl"]).map(|url| format!("{url}:"));
        let fingerprint = format!("{}{place}/{}:{what}", instance.unwrap_or_default(), self.name);
        let in_cluster = server.as_deref().is_some_and(|server| server.contains("kubernetes.default.svc"));
        Alert::firing(name)
            .status(status)
            .severity(Some(severity.into()))
            .label("application", Some(self.name.clone()))
            .label("project", spec.get("project").scalar())
            .label("namespace", spec.path("destination.namespace").scalar())
            .label("cluster", cluster.or_else(|| server.filter(|_| !in_cluster)))
            .label("argocd_namespace", home)
            .annotation("summary", Some(format!("Application {} {said}", self.name).into()))
            .annotation("health", app.path("status.health.status").scalar())
            .annotation("sync", app.path("status.sync.status").scalar())
            .annotation("revision", app.path("status.sync.revision").scalar())
            .annotation("repository", spec.path("source.repoURL").scalar())
            .annotation("path", spec.path("source.path").scalar())
            .fingerprint(Some(fingerprint.into()))
            .link(self.body.any_of(&["url", "link"]))
    }
}

fn times(alert: Alert, starts: Option<Cow<'_, str>>, ends: Option<Cow<'_, str>>) -> Alert {
    match alert.status {
        Status::Firing => alert.starts(starts),
        Status::Resolved => alert.ends(ends.or(starts)),
    }
}
