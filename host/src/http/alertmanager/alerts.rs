//! `GET /api/v2/alerts` and `/api/v2/alerts/groups`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::bounded::{BYTES, List, Room, unwritten};
use super::{RECEIVER, failed, filters, flag, invalid, time, values};
use crate::backend::alerts::LiveAlert;
use crate::domain::alert::series_fingerprint;
use crate::domain::{Labels, Matcher};
use crate::http::Shared;
use crate::http::answer::Failure;
use crate::http::callers::Caller;
use crate::http::incidents::reading;

/// Which alerts are asked for.
struct AlertQuery {
    matchers: Vec<Matcher>,
    active: bool,
    silenced: bool,
    inhibited: bool,
    /// Whether the only receiver is.
    receiver: bool,
}

impl AlertQuery {
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

    /// Whether an alert that passes the matchers is asked for.
    fn takes(&self, live: &LiveAlert) -> bool {
        let active = live.silenced_by.is_empty() && live.inhibited_by.is_empty();
        self.receiver
            && (self.active || !active)
            && (self.silenced || live.silenced_by.is_empty())
            && (self.inhibited || live.inhibited_by.is_empty())
    }
}

/// `GET /api/v2/alerts`.
pub async fn list(State(state): State<Arc<Shared>>, Extension(caller): Extension<Caller>, uri: Uri) -> Response {
    let wanted = match AlertQuery::of(&uri) {
        Ok(wanted) => wanted,
        Err(response) => return response,
    };
    let read =
        reading(&state, move |backend| alerts(&backend.live_alerts(caller.access(), &wanted.matchers), &wanted, BYTES));
    read.await.map_or_else(failed, List::answer)
}

fn alerts(live: &[LiveAlert], wanted: &AlertQuery, most: usize) -> Result<List, Failure> {
    // What several incidents or sources tell of with the same labels is one alert here.
    let (mut by, mut room) = (BTreeMap::new(), Room::of(most));
    for live in live.iter().filter(|live| wanted.takes(live)) {
        let (fingerprint, shown) = shown(live)?;
        if by.contains_key(&fingerprint) || room.takes(&shown) {
            by.insert(fingerprint, shown);
        }
    }
    room.list(&by.into_values().collect::<Vec<_>>())
}

/// A group as it is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    alerts: Vec<Box<RawValue>>,
    labels: Labels,
    receiver: Receiver,
    route_labels: Map<String, Value>,
}

/// `GET /api/v2/alerts/groups`: an incident is a group.
pub async fn groups(State(state): State<Arc<Shared>>, Extension(caller): Extension<Caller>, uri: Uri) -> Response {
    let wanted = match AlertQuery::of(&uri) {
        Ok(wanted) => wanted,
        Err(response) => return response,
    };
    let read = reading(&state, move |backend| {
        grouped(&backend.live_alerts(caller.access(), &wanted.matchers), &wanted, BYTES)
    });
    read.await.map_or_else(failed, List::answer)
}

fn grouped(live: &[LiveAlert], wanted: &AlertQuery, most: usize) -> Result<List, Failure> {
    // An incident that is not named is told from others by what its alerts have in common.
    let mut by: BTreeMap<(&str, String), Vec<&LiveAlert>> = BTreeMap::new();
    for live in live.iter().filter(|live| wanted.takes(live)) {
        let unnamed = if live.incident.is_empty() { json!(live.group).to_string() } else { String::new() };
        by.entry((&live.incident, unnamed)).or_default().push(live);
    }
    let mut groups: Vec<Vec<&LiveAlert>> = by.into_values().collect();
    let labels = |group: &[&LiveAlert]| group.first().map(|live| live.group.clone()).unwrap_or_default();
    groups.sort_by(|a, b| before(&labels(a), &labels(b)));
    let (mut told, mut room) = (Vec::with_capacity(groups.len()), Room::of(most));
    for mut group in groups {
        group.sort_by(|a, b| first(&a.alert.labels, &b.alert.labels));
        let (mut known, mut alerts) = (BTreeSet::new(), Vec::with_capacity(group.len()));
        for live in &group {
            let (fingerprint, shown) = shown(live)?;
            if known.insert(fingerprint) && room.takes(&shown) {
                alerts.push(shown);
            }
        }
        if alerts.is_empty() {
            continue;
        }
        told.push(Group { alerts, labels: labels(&group), receiver: THE_RECEIVER, route_labels: Map::new() });
    }
    room.list(&told)
}

/// The order in which Alertmanager lists groups: those of fewer labels first, then by the first label that only one has or that
/// differs.
fn before(a: &Labels, b: &Labels) -> Ordering {
    let fewer = a.into_iter().count().cmp(&b.into_iter().count());
    // Both stand in the order of their names.
    let differing = || {
        a.into_iter().zip(b).find_map(|((name, value), (other, its))| match name.cmp(other) {
            Ordering::Less => Some(Ordering::Greater),
            Ordering::Greater => Some(Ordering::Less),
            Ordering::Equal => Some(value.cmp(its)).filter(|order| order.is_ne()),
        })
    };
    fewer.then_with(|| differing().unwrap_or(Ordering::Equal))
}

/// The order of alerts within a group: by job, then by instance, those without one last, then as groups are.
fn first(a: &Labels, b: &Labels) -> Ordering {
    let by = |name: &str| match (a.get(name), b.get(name)) {
        (Some(one), Some(other)) => one.cmp(other),
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (None, None) => Ordering::Equal,
    };
    by("job").then_with(|| by("instance")).then_with(|| before(a, b))
}

/// Whom tidegate tells, as one of a list.
#[derive(Clone, Copy, Serialize)]
struct Receiver {
    name: &'static str,
}

const THE_RECEIVER: Receiver = Receiver { name: RECEIVER };

/// How an alert stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing<'a> {
    inhibited_by: &'a [String],
    silenced_by: &'a [String],
    muted_by: [&'static str; 0],
    state: &'static str,
}

/// An alert in Alertmanager's form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    annotations: &'a Labels,
    ends_at: String,
    fingerprint: &'a str,
    receivers: [Receiver; 1],
    starts_at: String,
    status: Standing<'a>,
    updated_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<&'a str>,
    labels: &'a Labels,
}

/// An alert by its fingerprint, as it is sent: there may be a hundred thousand of them, and a tree of each would fill the memory.
fn shown(live: &LiveAlert) -> Result<(String, Box<RawValue>), Failure> {
    let LiveAlert { alert, silenced_by, inhibited_by, .. } = live;
    let mut labels = alert.labels.clone();
    labels.retain(|_, value| !value.is_empty());
    if !labels.contains_key("alertname") {
        labels.insert("alertname", alert.name.clone());
    }
    let fingerprint = format!("{:016x}", series_fingerprint(&labels));
    let suppressed = !silenced_by.is_empty() || !inhibited_by.is_empty();
    let shown = Shown {
        annotations: &alert.annotations,
        ends_at: time(live.ends_at),
        fingerprint: &fingerprint,
        receivers: [THE_RECEIVER],
        starts_at: time(live.starts_at),
        status: Standing {
            inhibited_by,
            silenced_by,
            muted_by: [],
            state: if suppressed { "suppressed" } else { "active" },
        },
        updated_at: time(live.updated_at),
        generator_url: alert.link.as_deref(),
        labels: &labels,
    };
    let text = serde_json::value::to_raw_value(&shown).map_err(unwritten)?;
    Ok((fingerprint, text))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_alerts_stand_in_the_order_of_alertmanager() {
        let of = |pairs: &[(&str, &str)]| pairs.iter().copied().collect::<Labels>();
        let mut groups =
            [of(&[("b", "1")]), of(&[("a", "2"), ("c", "1")]), of(&[("a", "2")]), of(&[("a", "1")]), of(&[])];
        groups.sort_by(before);
        // Whoever lacks the first label stands first, as Prometheus' `LabelSet.Before` has it.
        let wanted = [of(&[]), of(&[("b", "1")]), of(&[("a", "1")]), of(&[("a", "2")]), of(&[("a", "2"), ("c", "1")])];
        assert_eq!(groups, wanted);
        let mut alerts = [
            of(&[("x", "1")]),
            of(&[("job", "b")]),
            of(&[("job", "a"), ("instance", "2")]),
            of(&[("job", "a"), ("instance", "1")]),
        ];
        alerts.sort_by(first);
        let wanted = [
            of(&[("job", "a"), ("instance", "1")]),
            of(&[("job", "a"), ("instance", "2")]),
            of(&[("job", "b")]),
            of(&[("x", "1")]),
        ];
        assert_eq!(alerts, wanted);
    }
}
