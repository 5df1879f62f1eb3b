//! Argo CD's API.

use serde_json::{Value, json};
use tidegate_plugin::http::{Login, Said, Secret, Success, Template, segment};
use tidegate_plugin::kubernetes::{object, quote, time};
use tidegate_plugin::remediation::CallError;

use crate::settings::Settings;

/// Under which an operation says that it was asked for by this plugin, and in which attempt.
const MARK: &str = "tidegate";

/// An Application, as Argo CD shows it.
pub(crate) struct Application {
    object: Value,
}

/// One deployment of an Application's history.
#[derive(Clone, Copy)]
pub(crate) struct Deployment<'a> {
    pub id: u64,
    pub revision: &'a str,
    deployed_at: &'a str,
}

impl Deployment<'_> {
    /// When it was deployed, in milliseconds since the epoch.
    pub fn deployed_ms(&self) -> Option<u64> {
        time::millis(self.deployed_at)
    }
}

impl Application {
    pub fn text(&self, pointer: &str) -> &str {
        object::text(&self.object, pointer)
    }

    pub fn list(&self, pointer: &str) -> &[Value] {
        object::list(&self.object, pointer)
    }

    /// `Synced`, `OutOfSync` or `Unknown`.
    pub fn sync(&self) -> &str {
        self.text("/status/sync/status")
    }

    pub fn health(&self) -> &str {
        self.text("/status/health/status")
    }

    /// Of the last operation: `Succeeded`, `Failed`, `Error`, `Running`, `Terminating`.
    pub fn phase(&self) -> &str {
        self.text("/status/operationState/phase")
    }

    /// When the last operation began, as it is written.
    pub fn began(&self) -> &str {
        self.text("/status/operationState/startedAt")
    }

    /// Whether an operation is under way or about to be.
    pub fn is_busy(&self) -> bool {
        self.object.get("operation").is_some_and(Value::is_object) || matches!(self.phase(), "Running" | "Terminating")
    }

    /// Whether Argo CD syncs it by itself.
    pub fn is_automated(&self) -> bool {
        let automated = self.object.pointer("/spec/syncPolicy/automated");
        automated
            .is_some_and(|automated| automated.is_object() && automated.get("enabled") != Some(&Value::Bool(false)))
    }

    /// Whether it has several sources, and so several revisions.
    pub fn has_several_sources(&self) -> bool {
        !self.list("/spec/sources").is_empty()
    }

    /// The attempt of this plugin's that the last operation, or the one that waits, was asked for by.
    pub fn asked_in(&self) -> Option<&str> {
        let waiting = self.list("/operation/info").iter();
        let last = self.list("/status/operationState/operation/info").iter();
        let mark = waiting.chain(last).find(|info| object::text(info, "/name") == MARK)?;
        Some(object::text(mark, "/value"))
    }

    /// Its deployments, the last first.
    pub fn history(&self) -> Vec<Deployment<'_>> {
        let mut history: Vec<_> = self
            .list("/status/history")
            .iter()
            .filter_map(|one| {
                // Argo CD leaves out the number of the first, which is zero.
                let id = one.get("id").map_or(Some(0), Value::as_u64)?;
                let (revision, deployed_at) = (object::text(one, "/revision"), object::text(one, "/deployedAt"));
                Some(Deployment { id, revision, deployed_at }).filter(|one| !one.revision.is_empty())
            })
            .collect();
        history.sort_by_key(|one| std::cmp::Reverse(one.id));
        history
    }
}

/// The first signs of a revision.
pub(crate) fn short(revision: &str) -> String {
    let hash = revision.len() >= 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hash { quote::commit(revision) } else { quote::short(revision) }
}

/// Argo CD, with the operator's token.
pub(crate) struct ArgoCd {
    login: Login,
    now_ms: u64,
}

impl ArgoCd {
    /// The API at the address of the settings; `now_ms` is the host's clock, or 0.
    pub fn new(settings: &Settings, now_ms: u64) -> Result<Self, CallError> {
        settings.checked()?;
        Ok(Self { login: Login::new(&settings.url, None, Secret::named("token"))?, now_ms })
    }

    /// An Application of the settings.
    pub fn application(&self, application: &str) -> Result<Application, CallError> {
        self.get(application, false)
    }

    /// Has Argo CD compare it with its repository anew.
    pub fn refresh(&self, application: &str) -> Result<Application, CallError> {
        self.get(application, true)
    }

    /// Syncs it to a revision, without deleting what is no longer in the repository.
    pub fn sync(&self, application: &str, revision: &str, attempt_id: &str) -> Result<(), CallError> {
        let infos = json!([{"name": MARK, "value": attempt_id}]);
        self.post(application, "sync", json!({"revision": revision, "prune": false, "infos": infos}))
    }

    /// Deploys an entry of the history again, without deleting what it did not have.
    pub fn roll_back(&self, application: &str, id: u64) -> Result<(), CallError> {
        self.post(application, "rollback", json!({"id": id, "prune": false}))
    }

    fn get(&self, application: &str, refresh: bool) -> Result<Application, CallError> {
        let (namespace, name) = parts(application);
        let mut path = Template::from("/api/v1/applications/") + segment(name);
        for (at, (key, value)) in
            [("appNamespace", namespace), ("refresh", refresh.then_some("normal"))].into_iter().enumerate()
        {
            let Some(value) = value else { continue };
            let sign = if at == 0 || namespace.is_none() { "?" } else { "&" };
            path = path + sign + key + "=" + segment(value);
        }
        let body = self.send(self.login.request("GET", path), application)?;
        let object: Value = serde_json::from_str(&body)
            .map_err(|error| CallError::Other(format!("Argo CD's answer could not be read: {error}")))?;
        if object::name(&object) != name {
            return Err(CallError::Other(format!("Argo CD answered with another Application than {application}")));
        }
        Ok(Application { object })
    }

    fn post(&self, application: &str, what: &str, mut body: Value) -> Result<(), CallError> {
        let (namespace, name) = parts(application);
        if let Some(map) = body.as_object_mut() {
            map.insert("name".into(), json!(name));
            map.extend(namespace.map(|namespace| ("appNamespace".into(), json!(namespace))));
        }
        let path = Template::from("/api/v1/applications/") + segment(name) + "/" + what;
        self.send(self.login.request("POST", path).json(body), application).map(drop)
    }

    fn send(&self, request: tidegate_plugin::http::Request, application: &str) -> Result<String, CallError> {
        let response = request.send("Argo CD", self.now_ms).judged(Success::AnyForm, |status, body| {
            let text = object::text(body, "/message");
            match status {
                401 => Said::Misconfigured("refuses the token: see the secret token".into()),
                // It says so as well of an Application that it does not have.
                403 | 404 if !body.is_null() => {
                    Said::Failed(format!("does not have {application}, or the token may not do that: {text}"))
                }
                400 => Said::Refused(format!("refuses that: {text}")),
                _ => Said::Nothing,
            }
        })?;
        Ok(response.body)
    }
}

fn parts(application: &str) -> (Option<&str>, &str) {
    application.split_once('/').map_or((None, application), |(namespace, name)| (Some(namespace), name))
}
