//! `GET /api/v2/alerts` and `/api/v2/alerts/groups`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{RECEIVER, failed, filters, flag, invalid, ok, time, values};
use crate::backend::alerts::LiveAlert;
use crate::domain::Matcher;
use crate::domain::alert::series_fingerprint;
use crate::domain::matcher::all_match;
use crate::http::Shared;
use crate::http::callers::Caller;
use crate::http::incidents::reading;

/// Which alerts are asked for.
struct Wanted {
    matchers: Vec<Matcher>,
    active: bool,
    silenced: bool,
    inhibited: bool,
    /// Whether the only receiver is.
    receiver: bool,
}

impl Wanted {
    fn of(uri: &Uri) -> Result<Self, Response> {
        let receiver = values(uri, "receiver").pop().filter(|pattern| !pattern.is_empty());
        let receiver = receiver.map(|pattern| Matcher::new("receiver", &pattern, true, true)).transpose();
        let receiver = receiver.map_err(|error| invalid(format!("failed to parse receiver param: {error}")))?;
        Ok(Self {
            matchers: filters(uri)?,
            active: flag(uri, "active"),
            silenced: flag(uri, "silenced"),
            inhibited: flag(uri, "inhibited"),
            receiver: receiver.is_none_or(|matcher| matcher.takes(RECEIVER)),
        })
    }

    fn takes(&self, live: &LiveAlert) -> bool {
        let active = live.silenced_by.is_empty() && live.inhibited_by.is_empty();
        self.receiver
            && (self.active || !active)
            && (self.silenced || live.silenced_by.is_empty())
            && (self.inhibited || live.inhibited_by.is_empty())
            && all_match(&self.matchers, &live.alert)
    }
}

/// `GET /api/v2/alerts`.
pub async fn list(State(state): State<Arc<Shared>>, Extension(caller): Extension<Caller>, uri: Uri) -> Response {
    let wanted = match Wanted::of(&uri) {
        Ok(wanted) => wanted,
        Err(response) => return response,
    };
    let read = reading(&state, move |backend| {
        let live = backend.live_alerts(caller.access());
        // What several incidents or sources tell of with the same labels is one alert here.
        let seen = live.iter().filter(|live| wanted.takes(live));
        let by: BTreeMap<String, Value> = seen.map(shown).collect();
        Ok(Value::Array(by.into_values().collect()))
    });
    read.await.map_or_else(failed, |alerts| ok(&alerts))
}

/// `GET /api/v2/alerts/groups`: an incident is a group.
pub async fn groups(State(state): State<Arc<Shared>>, Extension(caller): Extension<Caller>, uri: Uri) -> Response {
    let wanted = match Wanted::of(&uri) {
        Ok(wanted) => wanted,
        Err(response) => return response,
    };
    let read = reading(&state, move |backend| {
        let mut by: BTreeMap<String, (Value, BTreeMap<String, Value>)> = BTreeMap::new();
        for live in backend.live_alerts(caller.access()).iter().filter(|live| wanted.takes(live)) {
            // An incident that is not named is told from others by what its alerts have in common.
            let group = format!("{} {}", live.incident, json!(live.group));
            let (_, alerts) = by.entry(group).or_insert_with(|| (json!(live.group), BTreeMap::new()));
            alerts.extend([shown(live)]);
        }
        let group = |(labels, alerts): (Value, BTreeMap<String, Value>)| {
            let alerts: Vec<Value> = alerts.into_values().collect();
            json!({ "alerts": alerts, "labels": labels, "receiver": { "name": RECEIVER }, "routeLabels": {} })
        };
        Ok(Value::Array(by.into_values().map(group).collect()))
    });
    read.await.map_or_else(failed, |groups| ok(&groups))
}

/// An alert by its fingerprint, in Alertmanager's form.
fn shown(live: &LiveAlert) -> (String, Value) {
    let LiveAlert { alert, .. } = live;
    let mut labels = alert.labels.to_map();
    labels.retain(|_, value| !value.is_empty());
    labels.entry("alertname".into()).or_insert_with(|| alert.name.clone());
    let fingerprint = format!("{:016x}", series_fingerprint(&labels.clone().into()));
    let suppressed = !live.silenced_by.is_empty() || !live.inhibited_by.is_empty();
    let mut status = Map::new();
    status.insert("inhibitedBy".into(), json!(live.inhibited_by));
    status.insert("silencedBy".into(), json!(live.silenced_by));
    status.insert("mutedBy".into(), json!([]));
    status.insert("state".into(), json!(if suppressed { "suppressed" } else { "active" }));
    let mut shown = json!({
        "annotations": alert.annotations,
        "endsAt": time(live.ends_at),
        "fingerprint": fingerprint,
        "receivers": [{ "name": RECEIVER }],
        "startsAt": time(live.starts_at),
        "status": status,
        "updatedAt": time(live.updated_at),
        "labels": labels,
    });
    if let (Some(link), Some(shown)) = (&alert.link, shown.as_object_mut()) {
        shown.insert("generatorURL".into(), json!(link));
    }
    (fingerprint, shown)
}

/// What Alertmanager would say is wrong with a push, where the rest of it is taken all the same.
pub(super) fn wrong(body: &str) -> Option<String> {
    let items: Vec<Value> = serde_json::from_str(body).ok()?;
    items.iter().find_map(|item| {
        let at = |key: &str| item.get(key)?.as_str()?.parse::<jiff::Timestamp>().ok().filter(|at| at.as_second() > 0);
        match (at("startsAt"), at("endsAt")) {
            (Some(starts), Some(ends)) if ends < starts => Some("start time must be before end time".to_string()),
            _ => None,
        }
    })
}
