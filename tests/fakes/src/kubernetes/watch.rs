//! Watches: first what is there, if asked for, then every change in order, from the log.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::api;
use super::route::Target;
use super::status::Refusal;
use super::store::Cluster;
use super::{json as tree, table};
use crate::Request;
use crate::clock::lock;

struct Watch {
    cluster: Arc<Mutex<Cluster>>,
    changes: Receiver<u64>,
    request: Request,
    target: Target,
    from: u64,
    until: Instant,
    first: Option<Vec<Value>>,
}

/// The body of a watch.
pub fn body(cluster: &Arc<Mutex<Cluster>>, request: Request, target: Target) -> Result<Body, Refusal> {
    let state = lock(cluster);
    let from = request.parameter("resourceVersion").parse().unwrap_or(0);
    let bookmark = request.parameter("sendInitialEvents") == "true";
    let mut first = Vec::new();
    if from == 0 || bookmark {
        for (key, object) in state.all(target.resource.plural) {
            if api::in_scope(&target, key) && api::chosen(&request, object)? {
                first.push(event("ADDED", &request, &target, object));
            }
        }
    }
    if bookmark {
        let mut mark = json!({ "kind": target.resource.kind, "apiVersion": target.resource.api_version() });
        tree::set(&mut mark, "/metadata/resourceVersion", state.version().to_string());
        tree::set(&mut mark, "/metadata/annotations", json!({ "k8s.io/initial-events-end": "true" }));
        first.push(json!({ "type": "BOOKMARK", "object": mark }));
    }
    let seconds = request.parameter("timeoutSeconds").parse().unwrap_or(1800);
    let watch = Watch {
        cluster: Arc::clone(cluster),
        changes: state.changes(),
        from: if first.is_empty() && from > 0 { from } else { state.version() },
        until: Instant::now() + Duration::from_secs(seconds),
        first: Some(first),
        request,
        target,
    };
    drop(state);
    let lines = futures::stream::unfold(watch, next).map(Ok::<_, std::io::Error>);
    Ok(Body::from_stream(lines))
}

async fn next(mut watch: Watch) -> Option<(String, Watch)> {
    if let Some(first) = watch.first.take() {
        // Also when empty: the client waits for the headers, which leave with the first piece.
        return Some((lines(&first), watch));
    }
    loop {
        watch.changes.borrow_and_update();
        let news = watch.news();
        if !news.is_empty() {
            return Some((lines(&news), watch));
        }
        tokio::time::timeout_at(watch.until, watch.changes.changed()).await.ok()?.ok()?;
    }
}

impl Watch {
    fn news(&mut self) -> Vec<Value> {
        let cluster = lock(&self.cluster);
        let mut news = Vec::new();
        for change in cluster.log.iter().filter(|change| change.version > self.from) {
            let chosen = api::chosen(&self.request, &change.object).unwrap_or_default();
            if api::in_scope(&self.target, &change.key) && chosen {
                news.push(event(change.action, &self.request, &self.target, &change.object));
            }
        }
        self.from = cluster.version();
        news
    }
}

fn event(action: &str, request: &Request, target: &Target, object: &Value) -> Value {
    let object = table::one_if_asked(request, target, api::in_group(target, object));
    json!({ "type": action, "object": object })
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}
