//! `POST /api/v1/namespaces/{namespace}/events/{subject}`: events as scripts post them to ops-server.
//!
//! What is posted is wrapped as ops-server does it, as a CloudEvent whose subject the path names, and goes the way of
//! every event. The answer comes once that is durable, or known to mean nothing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Shared;
use super::answer::Failure;
use super::receive::{Answer, taken};
use crate::backend::ReceiveReport;
use crate::domain::event::object::UNNAMED;
use crate::domain::event::{ATTRIBUTE, SOURCE};
use crate::ports::Inbound;

/// Who says it, as ops-server puts it.
const SENDER: &str = "https://github.com/shaowenchen/ops";
/// What it is where the body names no type.
const DEFAULT: &str = "Default";

/// `POST …/events/{subject}`.
pub async fn posted(
    State(state): State<Arc<Shared>>,
    Path((namespace, path)): Path<(String, String)>,
    request: Request,
) -> Response {
    let cluster = state.cluster.clone();
    let shape = |inbound: Inbound| {
        let subject = subject(&cluster, &namespace, &path).map_err(Failure::invalid)?;
        wrapped(inbound, &cluster, &subject).map_err(Failure::invalid)
    };
    match taken(&state, SOURCE, request, shape).await {
        Ok(Answer::Given(response)) => response,
        Ok(Answer::Received(received)) => success(&received),
        Err(failure) => failure.enveloped(),
    }
}

fn success(received: &ReceiveReport) -> Response {
    let ReceiveReport { alerts, incidents, .. } = received;
    let data = json!({ "alerts": alerts, "incidents": incidents });
    (StatusCode::OK, Json(json!({ "code": 0, "message": "success", "data": data }))).into_response()
}

/// The subject that a path stands for: whole where it begins with `ops.`, else of the cluster, and of the namespace where it
/// is about no node. In lower case, as all subjects of ops.
fn subject(cluster: &str, namespace: &str, path: &str) -> Result<String, String> {
    let cluster = if cluster.is_empty() { UNNAMED } else { cluster };
    let subject = if path.starts_with("ops.") {
        path.to_string()
    } else if path.starts_with("nodes.") {
        format!("ops.clusters.{cluster}.{path}")
    } else {
        format!("ops.clusters.{cluster}.namespaces.{namespace}.{path}")
    };
    let subject = subject.to_lowercase();
    if subject.len() > ATTRIBUTE {
        return Err(format!("the subject has {} bytes, and {ATTRIBUTE} are the most", subject.len()));
    }
    if subject.split('.').any(str::is_empty) {
        return Err(format!("{subject:?} is no subject: two dots stand side by side, or one at an end"));
    }
    if let Some(letter) = subject.chars().find(|c| c.is_whitespace() || c.is_control() || matches!(c, '*' | '>')) {
        return Err(format!("{subject:?} is no subject: {letter:?} stands for others, or is none of its letters"));
    }
    Ok(subject)
}

/// The request with what was posted as the data of a CloudEvent.
fn wrapped(inbound: Inbound, cluster: &str, subject: &str) -> Result<Inbound, String> {
    let data: Map<String, Value> = serde_json::from_str(&inbound.body)
        .map_err(|error| format!("the body must be a JSON object, which becomes the data of the event: {error}"))?;
    let kind = match data.get("type") {
        None => DEFAULT,
        Some(Value::String(kind)) if kind.is_empty() => {
            return Err("`type` is empty; leave it out, or name what kind of event it is".into());
        }
        Some(Value::String(kind)) => kind,
        Some(_) => DEFAULT,
    };
    let hash = Sha256::new().chain_update(subject).chain_update(&inbound.body);
    let hash = hash.chain_update(inbound.received_at.to_string()).finalize();
    let event = json!({
        "specversion": "1.0",
        "id": hex::encode(hash.get(..16).unwrap_or_default()),
        "source": SENDER,
        "type": kind,
        "subject": subject,
        "datacontenttype": "application/json",
        "time": inbound.received_at.to_string(),
        "cluster": cluster,
        "data": data,
    });
    let mut headers = inbound.headers;
    headers.retain(|name, _| !name.starts_with("ce-"));
    headers.insert(header::CONTENT_TYPE.as_str(), "application/cloudevents+json");
    Ok(Inbound { headers, body: event.to_string(), ..inbound })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_for_a_subject_as_in_ops_server() {
        for (cluster, path, wanted) in [
            ("Kestrel", "hosts.db-02.findings", "ops.clusters.kestrel.namespaces.shop.hosts.db-02.findings"),
            ("kestrel", "nodes.gpu-07.rack3.lan.alerts", "ops.clusters.kestrel.nodes.gpu-07.rack3.lan.alerts"),
            ("kestrel", "ops.notifications.providers.p", "ops.notifications.providers.p"),
            ("", "Deploy", "ops.clusters.-.namespaces.shop.deploy"),
        ] {
            assert_eq!(subject(cluster, "shop", path).unwrap(), wanted);
        }
        for wrong in ["a..b", "a.", "a b", "a.*", "ops.>", "a\u{7}"] {
            assert!(subject("k", "shop", wrong).unwrap_err().contains("is no subject"), "{wrong}");
        }
        assert!(subject("k", "shop", &"x".repeat(2_000)).unwrap_err().contains("bytes"));
    }

    #[test]
    fn what_is_posted_is_the_data_of_a_cloudevent() {
        let inbound = |body: &str| Inbound {
            method: "POST".into(),
            headers: [("ce-specversion", "1.0"), ("user-agent", "curl")].into(),
            query: Vec::new(),
            body: body.into(),
            received_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let kind = |body: &str| {
            let wrapped = wrapped(inbound(body), "k", "ops.a").unwrap();
            assert!(!wrapped.headers.contains_key("ce-specversion"));
            let read = crate::events::cloudevent::read(&wrapped.headers, &wrapped.body).unwrap();
            assert_eq!((read.events.len(), read.events[0].said.subject.as_str()), (1, "ops.a"));
            read.events[0].said.kind.clone()
        };
        assert_eq!(kind(r#"{"type":"TaskRunReport","status":"alerting"}"#), "TaskRunReport");
        assert_eq!((kind("{}").as_str(), kind(r#"{"type":7}"#).as_str()), (DEFAULT, DEFAULT));
        for (body, part) in [("[]", "JSON object"), ("", "JSON object"), (r#"{"type":""}"#, "is empty")] {
            assert!(wrapped(inbound(body), "k", "ops.a").unwrap_err().contains(part), "{body}");
        }
    }
}
