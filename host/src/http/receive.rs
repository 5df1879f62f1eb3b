//! `POST /alert` and `POST /v1/alerts/{source}`: alerts come in.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Uri, header};

use super::answer::Failure;
use super::encoding::Encoding;
use super::places::Peer;
use super::proof::Proof;
use super::signature::Verifier;
use super::{Shared, body, quotas};
use crate::backend::Received;
use crate::domain::Labels;
use crate::domain::text::cut;
use crate::ports::Inbound;
use crate::source::alertmanager;

/// `POST /alert`.
pub async fn alert(State(state): State<Arc<Shared>>, request: Request) -> Result<Json<Received>, Failure> {
    receive(&state, alertmanager::NAME, request).await
}

/// `POST /v1/alerts/{source}`.
pub async fn source(
    State(state): State<Arc<Shared>>,
    Path(source): Path<String>,
    request: Request,
) -> Result<Json<Received>, Failure> {
    receive(&state, &source, request).await
}

async fn receive(state: &Shared, source: &str, request: Request) -> Result<Json<Received>, Failure> {
    let (head, body) = request.into_parts();
    let gate = state.sources.get(source);
    let proof = gate.and_then(|gate| gate.proof.as_ref());
    // A token for sending is good for every source.
    let sends = state.callers.sends(&head.headers);
    match proof {
        _ if sends => {}
        Some(proof) => proof.head(&head.headers)?,
        // `admission` has seen that it comes from this machine.
        None if state.loopback => {}
        // As for the API: beyond loopback nothing is taken from anybody.
        None => {
            return Err(Failure::unauthorized(
                "no authentication is configured for this source",
                "Bearer realm=\"tidegate\"",
            ));
        }
    }
    if gate.is_some_and(|gate| gate.disabled) || !state.backend.sources().iter().any(|name| name == source) {
        return Err(unknown(state, source));
    }
    let (settings, quotas) = (&state.settings, &state.quotas);
    let mut verifier = match proof.filter(|_| !sends) {
        Some(proof) => proof.verifier(&head.headers, state.clock.now())?,
        None => None,
    };
    let encoding = Encoding::of(&head.headers)?;
    let peer = head.extensions.get::<Peer>().copied().unwrap_or(Peer::UNKNOWN);
    // Who has proven something keeps its place; the others give way to each other until they have.
    let proven = (sends || proof.is_some()) && verifier.is_none();
    let working = if proven { Some(quotas.sender(source)?) } else { None };
    let place = if proven { &quotas.proven } else { &quotas.unproven }.take(peer).ok_or_else(quotas::busy)?;
    if proven {
        place.hold();
    }
    let bounds = body::Bounds { max: settings.max_body, within: settings.body_timeout, place: Some(&place) };
    let each = |part: &[u8]| {
        if let Some(verifier) = &mut verifier {
            verifier.update(part);
        }
    };
    let bytes = body::read_within(&head.headers, body, bounds, each).await?;
    let received_at = state.clock.now();
    let signature = verifier.map(Verifier::finish).transpose()?;
    if signature.is_some_and(|signature| state.replays.seen(&signature, received_at)) {
        tracing::info!(source, "a signed request came again that had been taken before; it does nothing");
        return Ok(Json(Received::default()));
    }
    let (_working, place) = match working {
        Some(working) => (working, place),
        None => {
            let (working, place) = (quotas.sender(source)?, quotas.proven.take(peer).ok_or_else(quotas::busy)?);
            place.hold();
            if !place.grow(bytes.len()) {
                return Err(quotas::busy());
            }
            (working, place)
        }
    };
    let bytes = encoding.unpack(bytes, settings.max_body, &place).await?;
    let inbound = Inbound {
        method: head.method.as_str().to_string(),
        headers: visible(&head.headers, proof),
        query: query(&head.uri)?,
        body: body::text(bytes),
        received_at,
    };
    let received = state.backend.receive(source, inbound).await?;
    if let Some(signature) = signature {
        state.replays.acknowledge(signature, received_at);
    }
    Ok(Json(received))
}

fn unknown(state: &Shared, source: &str) -> Failure {
    let disabled = |name: &String| state.sources.get(name).is_some_and(|gate| gate.disabled);
    let mut names: Vec<String> = state.backend.sources().into_iter().filter(|name| !disabled(name)).collect();
    names.sort();
    // Strangers need not learn what there is.
    let known = if state.loopback { format!("; there are {}", names.join(", ")) } else { String::new() };
    Failure::not_found(format!("there is no source called {:?}{known}", cut(source, 60)))
}

/// The headers without credentials.
fn visible(headers: &HeaderMap, proof: Option<&Proof>) -> Labels {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let secret = [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE];
    for (name, value) in headers {
        if secret.contains(name) || proof.and_then(Proof::header) == Some(name.as_str()) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        labels
            .entry(name.as_str().to_string())
            .and_modify(|values: &mut String| {
                values.push_str(", ");
                values.push_str(&value);
            })
            .or_insert_with(|| value.to_string());
    }
    labels.into()
}

fn query(uri: &Uri) -> Result<Vec<(String, String)>, Failure> {
    let parsed = Query::<Vec<(String, String)>>::try_from_uri(uri);
    parsed.map(|Query(pairs)| pairs).map_err(|error| Failure::invalid(format!("the query cannot be read: {error}")))
}
