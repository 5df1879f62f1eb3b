//! From HTTP to the cluster and back: records the request, lets faults strike, and answers.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::time::Instant;

use super::api::{self, Answer};
use super::fault::{self, Trouble};
use super::kubelet;
use super::status::Refusal;
use super::store::Cluster;
use super::watch;
use crate::Request;
use crate::clock::lock;
use crate::server::Connection;

type Shared = Arc<Mutex<Cluster>>;

/// The one route: paths are taken apart by hand, as their shape depends on discovery.
pub fn routes(cluster: Shared) -> Router {
    Router::new().fallback(handle).with_state(cluster)
}

async fn handle(
    State(cluster): State<Shared>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new(&method, &uri, &headers, &body);
    let (index, trouble, answer) = {
        let mut cluster = lock(&cluster);
        kubelet::advance(&mut cluster, Instant::now());
        let index = cluster.requests.len();
        cluster.requests.push(request.clone());
        let trouble = fault::next(&mut cluster.faults, &request);
        let refusal = trouble.as_ref().and_then(|trouble| trouble.refusal(&request));
        let answer = match (refusal, &trouble) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(Trouble::CutBefore)) => Ok(Answer::Text(String::new())),
            (None, _) => api::answer(&mut cluster, &request),
        };
        (index, trouble, answer)
    };
    match &trouble {
        Some(Trouble::Latency(delay)) => tokio::time::sleep(*delay).await,
        Some(Trouble::CutBefore | Trouble::CutAfter) => {
            connection.cut();
            return StatusCode::NO_CONTENT.into_response();
        }
        _ => {}
    }
    let response = match answer {
        Ok(Answer::Object(status, object)) => json(status, &object),
        Ok(Answer::Text(text)) => text.into_response(),
        Ok(Answer::Watch(_)) if matches!(trouble, Some(Trouble::EmptyWatch)) => response(200, Body::empty()),
        Ok(Answer::Watch(target)) => match watch::body(&cluster, request, target) {
            Ok(body) => response(200, body),
            Err(Refusal { code, body }) => json(code, &body),
        },
        Err(Refusal { code, body }) => json(code, &body),
    };
    if let Some(recorded) = lock(&cluster).requests.get_mut(index) {
        recorded.status = Some(response.status().as_u16());
    }
    response
}

fn json(status: u16, object: &Value) -> Response {
    response(status, Body::from(object.to_string()))
}

fn response(status: u16, body: Body) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
