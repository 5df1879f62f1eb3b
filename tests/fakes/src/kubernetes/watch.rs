//! Watches: first what is there, if asked for, then every change in order, from the log.
//!
//! A version that was compacted away is answered as the real API does: 200, and an error with the code 410 in the stream. Of
//! events no bookmark comes before the end, because no API keeps them in a cache.

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
    /// Counts how often all watches were ended.
    ends: u64,
    request: Request,
    target: Target,
    from: u64,
    until: Instant,
    first: Option<Vec<Value>>,
    over: bool,
}

/// The body of a watch.
pub fn body(cluster: &Arc<Mutex<Cluster>>, request: Request, target: Target) -> Result<Body, Refusal> {
    let state = lock(cluster);
    let from = api::version(&request)?;
    if from > state.version() {
        return Err(Refusal::too_large_version(from, state.version()));
    }
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
        let mut mark = mark(&target, state.version());
        tree::set(&mut mark, "/metadata/annotations", json!({ "k8s.io/initial-events-end": "true" }));
        first.push(json!({ "type": "BOOKMARK", "object": mark }));
    }
    let too_old = from > 0 && from < state.compacted;
    if too_old {
        let status = Refusal::expired(&format!("too old resource version: {from} ({})", state.compacted));
        first.push(json!({ "type": "ERROR", "object": status.body }));
    }
    let seconds = api::seconds(&request)?.unwrap_or(1800);
    let watch = Watch {
        cluster: Arc::clone(cluster),
        changes: state.changes(),
        ends: state.ends,
        from: if from > 0 && !bookmark { from } else { state.version() },
        until: Instant::now() + Duration::from_secs(seconds),
        first: Some(first),
        request,
        target,
        over: too_old,
    };
    drop(state);
    let lines = futures::stream::unfold(watch, next).map(Ok::<_, std::io::Error>);
    Ok(Body::from_stream(lines))
}

fn mark(target: &Target, version: u64) -> Value {
    let mut mark = json!({ "kind": target.resource.kind, "apiVersion": target.resource.api_version() });
    tree::set(&mut mark, "/metadata/resourceVersion", version.to_string());
    mark
}

async fn next(mut watch: Watch) -> Option<(String, Watch)> {
    if let Some(first) = watch.first.take() {
        // Also when empty: the client waits for the headers, which leave with the first piece.
        return Some((lines(&first), watch));
    }
    if watch.over {
        return None;
    }
    loop {
        watch.changes.borrow_and_update();
        let news = watch.news();
        if !news.is_empty() {
            return Some((lines(&news), watch));
        }
        let ended = lock(&watch.cluster).ends != watch.ends;
        let waits = !ended && matches!(tokio::time::timeout_at(watch.until, watch.changes.changed()).await, Ok(Ok(())));
        if !waits {
            watch.over = true;
            let cached = watch.target.resource.plural != "events";
            let wanted = matches!(watch.request.parameter("allowWatchBookmarks"), "true" | "1");
            let last = json!({ "type": "BOOKMARK", "object": mark(&watch.target, watch.from) });
            return (cached && wanted).then(|| (lines(&[last]), watch));
        }
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
