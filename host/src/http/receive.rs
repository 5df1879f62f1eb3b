//! `/alert` and `/v1/alerts/{source}`: alerts come in.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};

use super::answer::Failure;
use super::encoding::Encoding;
use super::places::{Peer, Place};
use super::proof::{Proof, Rest};
use super::{Shared, body, form, handshake, quotas, reply};
use crate::backend::ReceiveReport;
use crate::domain::text::truncate;
use crate::ports::Inbound;
use crate::source::alertmanager;

/// What any source may take.
const METHODS: [Method; 4] = [Method::POST, Method::PUT, Method::GET, Method::OPTIONS];

/// `POST /alert`.
pub async fn alert(State(state): State<Arc<Shared>>, request: Request) -> Result<Response, Failure> {
    receive(&state, alertmanager::NAME, request).await
}

/// `POST /v1/alerts/{source}`, and what else the source takes.
pub async fn source(
    State(state): State<Arc<Shared>>,
    Path(source): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    receive(&state, &source, request).await
}

/// The same at a path of the sender's own beneath it: Prometheus posts to `/api/v2/alerts` beneath whatever address it is
/// given.
pub async fn below(
    State(state): State<Arc<Shared>>,
    Path((source, _)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    receive(&state, &source, request).await
}

async fn receive(state: &Shared, source: &str, request: Request) -> Result<Response, Failure> {
    Ok(match taken(state, source, request, Ok).await? {
        Answer::Given(response) => response,
        Answer::Received(received) => Json(received).into_response(),
    })
}

/// What a sender is answered.
pub enum Answer {
    /// This, whatever came of the request.
    Given(Response),
    /// What came of it.
    Received(ReceiveReport),
}

/// Takes a request in for a source: once the sender has shown what it must, its body has come and `shape` has made of it
/// what the source reads.
pub async fn taken(
    state: &Shared,
    source: &str,
    request: Request,
    shape: impl FnOnce(Inbound) -> Result<Inbound, Failure>,
) -> Result<Answer, Failure> {
    let (head, body) = request.into_parts();
    if !METHODS.contains(&head.method) {
        // Every source takes this one; strangers need not learn what one takes besides.
        return Err(method(&head, &["POST"]));
    }
    let gate = state.sources.get(source);
    if let Some(gate) = gate.filter(|gate| !gate.disabled)
        && let Some(answer) = handshake::answer(&head, &gate.origins)
    {
        return Ok(Answer::Given(answer));
    }
    let proof = gate.and_then(|gate| gate.proof.as_ref());
    // A token for sending is good for every source.
    let sends = state.callers.sends(&head.headers, state.clock.now());
    let mut rest = match proof {
        _ if sends => Rest::Nothing,
        Some(proof) => proof.head(&head.headers, head.uri.query().unwrap_or_default(), state.clock.now()).await?,
        // `admission` has seen that it comes from this machine.
        None if state.loopback => Rest::Nothing,
        // As for the API: beyond loopback nothing is taken from anybody.
        None => {
            return Err(Failure::unauthorized(
                "no authentication is configured for this source",
                "Bearer realm=\"tidegate\"",
            ));
        }
    };
    let disabled = gate.is_some_and(|gate| gate.disabled);
    if disabled || !state.backend.has_source(source) {
        // Senders keep what is to be sent again, and take a wrong address as final.
        let unusable = if disabled { None } else { state.backend.unusable_source(source) };
        return Err(unusable.map_or_else(|| unknown(state, source), Failure::unavailable));
    }
    if !state.backend.takes(source, head.method.as_str()) {
        let methods = METHODS;
        let taken: Vec<&str> =
            methods.iter().map(Method::as_str).filter(|method| state.backend.takes(source, method)).collect();
        return Err(method(&head, &taken));
    }
    let (settings, quotas) = (&state.settings, &state.quotas);
    let encoding = Encoding::of(&head.headers)?;
    let peer = head.extensions.get::<Peer>().copied().unwrap_or(Peer::UNKNOWN);
    // Who has proven something keeps its place; the others give way to each other until they have.
    let proven = (sends || proof.is_some()) && rest.is_nothing();
    let working = if proven { Some(quotas.sender(source)?) } else { None };
    let place = if proven { &quotas.proven } else { &quotas.unproven }.take(peer).ok_or_else(quotas::busy)?;
    if proven {
        place.hold();
    }
    let bounds = body::Bounds { max: settings.max_body, within: settings.body_timeout, place: Some(&place) };
    let bytes = body::read_within(&head.headers, body, bounds, |part| rest.update(part)).await?;
    let received_at = state.clock.now();
    let mark = rest.finish(&bytes, received_at).await?.map(|mark| mark.at(source));
    if mark.is_some_and(|mark| state.replays.seen(&mark, received_at)) {
        tracing::info!(source, "a signed request came again that had been taken before; it does nothing");
        return Ok(Answer::Received(ReceiveReport::default()));
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
    let mut headers = visible(&head.headers, proof);
    let bytes = as_urlencoded(bytes, &mut headers, &place).await?;
    let bytes = match proof {
        Some(proof) => proof.taken_out(bytes),
        None => bytes,
    };
    let inbound = Inbound {
        method: head.method.as_str().to_string(),
        headers: headers.into(),
        query: query(&head.uri, proof),
        body: body::text(bytes),
        received_at,
    };
    let mut received = state.backend.receive(source, shape(inbound)?).await?;
    let reply = received.reply.take();
    // Who asks once more for an answer of the source gets it once more.
    if let (Some(mark), None) = (mark, &reply) {
        state.replays.acknowledge(mark, received_at);
    }
    Ok(reply.and_then(reply::response).map_or(Answer::Received(received), Answer::Given))
}

fn method(head: &Parts, taken: &[&str]) -> Failure {
    Failure::method_other_than(taken, head.method.as_str(), &truncate(head.uri.path(), 100))
}

/// A multipart form becomes the kind of form that sources read.
async fn as_urlencoded(
    bytes: Vec<u8>,
    headers: &mut BTreeMap<String, String>,
    place: &Place,
) -> Result<Vec<u8>, Failure> {
    let Some(content_type) = headers.get_mut(header::CONTENT_TYPE.as_str()) else { return Ok(bytes) };
    let Some(boundary) = form::boundary(content_type) else { return Ok(bytes) };
    let form = form::urlencoded(bytes, boundary).await?;
    *content_type = form::URLENCODED.into();
    if place.grow(form.len()) { Ok(form) } else { Err(quotas::busy()) }
}

fn unknown(state: &Shared, source: &str) -> Failure {
    let disabled = |name: &String| state.sources.get(name).is_some_and(|gate| gate.disabled);
    let mut names: Vec<String> = state.backend.sources().into_iter().filter(|name| !disabled(name)).collect();
    names.sort();
    // Strangers need not learn what there is.
    let known = if state.loopback { format!("; there are {}", names.join(", ")) } else { String::new() };
    Failure::not_found(format!("there is no source called {:?}{known}", truncate(source, 60)))
}

/// The headers without credentials.
fn visible(headers: &HeaderMap, proof: Option<&Proof>) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let secret = [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE];
    for (name, value) in headers {
        if secret.contains(name) || proof.is_some_and(|proof| proof.is_in_header(name.as_str())) {
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
    labels
}

/// The parameters without credentials. Nothing that stands there cannot be read.
fn query(uri: &Uri, proof: Option<&Proof>) -> Vec<(String, String)> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let kept = pairs.filter(|(name, _)| !proof.is_some_and(|proof| proof.is_in_query(name)));
    kept.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}
