//! What Grafana asks of an Alertmanager data source of the implementation "Prometheus", through its proxy.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate::clock::SystemClock;
use tidegate::ports::Clock as _;

use super::server::Server;

/// Alertmanager's own models, which Grafana reads into: what is required there must be here.
#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlertStatus {
    state: String,
    silenced_by: Vec<String>,
    inhibited_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "that it can be read is what is looked at")]
struct Alert {
    annotations: BTreeMap<String, String>,
    ends_at: Timestamp,
    fingerprint: String,
    receivers: Vec<Name>,
    starts_at: Timestamp,
    status: AlertStatus,
    updated_at: Timestamp,
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Group {
    alerts: Vec<Alert>,
    labels: BTreeMap<String, String>,
    receiver: Name,
}

#[derive(Deserialize)]
struct State {
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "that it can be read is what is looked at")]
struct Matcher {
    is_equal: bool,
    is_regex: bool,
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "that it can be read is what is looked at")]
struct Silence {
    id: String,
    status: State,
    updated_at: Timestamp,
    comment: String,
    created_by: String,
    ends_at: Timestamp,
    matchers: Vec<Matcher>,
    starts_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "that it can be read is what is looked at")]
struct Version {
    branch: String,
    build_date: String,
    build_user: String,
    go_version: String,
    revision: String,
    version: String,
}

#[derive(Deserialize)]
struct Cluster {
    status: String,
}

#[derive(Deserialize)]
struct Original {
    original: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    cluster: Cluster,
    config: Original,
    uptime: Timestamp,
    version_info: Version,
}

/// Of the configuration, which is YAML within JSON, what Alertmanager's own reader insists on.
#[derive(Deserialize)]
struct Config {
    route: Route,
    receivers: Vec<Name>,
}

#[derive(Deserialize)]
struct Route {
    receiver: String,
    #[serde(default, rename = "continue")]
    goes_on: bool,
}

/// A request as Grafana's proxy for data sources sends it: with basic authentication, without the browser's origin.
fn asked(server: &Server, method: Method, path: &str) -> RequestBuilder {
    let request = server.request(method, path).basic_auth("ann", Some(&server.token));
    let headers = [
        ("Accept", "application/json, text/plain, */*"),
        ("User-Agent", "Grafana/12.1.0"),
        ("X-Forwarded-For", "10.0.0.8"),
        ("X-Grafana-Device-Id", "d41d8cd98f00b204e9800998ecf8427e"),
        ("X-Grafana-Org-Id", "1"),
        ("X-Grafana-Referer", "http://grafana.example/alerting/silences"),
    ];
    headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// Its test of the data source.
async fn tested(server: &Server) -> anyhow::Result<()> {
    let built = server.asks(asked(server, Method::GET, "/api/v1/status/buildinfo")).await?;
    ensure!(built.status != 200, "it would take it for Mimir");
    let mimir = server.asks(asked(server, Method::GET, "/alertmanager/api/v2/status")).await?;
    ensure!(mimir.status == 404, "it would take it for Mimir: {} {}", mimir.status, mimir.text);
    let status: Status = server.asks(asked(server, Method::GET, "/api/v2/status")).await?.read()?;
    ensure!(["ready", "settling", "disabled"].contains(&status.cluster.status.as_str()));
    ensure!(status.uptime <= SystemClock.now());
    let version: Vec<u32> = status.version_info.version.split('.').map(str::parse).collect::<Result<_, _>>()?;
    ensure!(version.len() == 3);
    let config: Config = serde_saphyr::from_str(&status.config.original)?;
    ensure!(!config.route.goes_on && config.receivers.iter().any(|known| known.name == config.route.receiver));
    Ok(())
}

async fn groups(server: &mut Server, query: &str) -> anyhow::Result<Vec<Group>> {
    let request = asked(server, Method::GET, &format!("/api/v2/alerts/groups{query}"));
    server.compares(&format!("Grafana: groups{query}"), request).await?.read()
}

async fn alerts(server: &mut Server, query: &str) -> anyhow::Result<Vec<Alert>> {
    let request = asked(server, Method::GET, &format!("/api/v2/alerts{query}"));
    server.compares(&format!("Grafana: alerts{query}"), request).await?.read()
}

/// As Grafana's backend writes what its page has sent.
fn silence(id: &str) -> Value {
    let at = |hours: i64| format!("{:.3}", SystemClock.now() + SignedDuration::from_hours(hours));
    let mut silence = json!({
        "comment": "created 2026-01-01 10:00", "createdBy": "ann", "endsAt": at(2),
        "matchers": [
            { "isEqual": true, "isRegex": true, "name": "alertname", "value": "Disk|Other" },
            { "isEqual": false, "isRegex": false, "name": "severity", "value": "critical" },
        ],
        "startsAt": at(0),
    });
    if let (false, Some(members)) = (id.is_empty(), silence.as_object_mut()) {
        members.insert("id".into(), json!(id));
    }
    silence
}

pub async fn uses(server: &mut Server) -> anyhow::Result<()> {
    tested(server).await?;
    // The page of groups, first with all, then with what somebody filters by.
    let all = groups(server, "").await?;
    ensure!(all.len() == 3 && all.iter().all(|group| group.receiver.name == "tidegate" && !group.labels.is_empty()));
    ensure!(all.iter().flat_map(|group| &group.alerts).all(|alert| alert.status.state == "active"));
    for (query, count) in [
        ("?filter=alertname%3D%22Disk%22&active=true&silenced=true&inhibited=true", 1),
        ("?filter=alertname%3D~%22.%2B%22&filter=severity!%3D%22critical%22", 2),
        ("?filter=%22team%22%3D%22a%2Cb%3D%5C%22c%5C%22%22", 1),
        ("?filter=team%3D%22a%2Cb%3D%5C%22c%5C%22%22", 1),
        ("?receiver=tidegate", 3),
        ("?receiver=other", 0),
        ("?active=false", 0),
    ] {
        // Alertmanager 0.25 knows no quoted names yet; what Grafana sends today is for newer ones.
        if query.contains("%22team") {
            let request = asked(server, Method::GET, &format!("/api/v2/alerts/groups{query}"));
            let answer = server.asks(request).await?;
            ensure!(answer.status == 400 || answer.read::<Vec<Group>>()?.len() == count, "{query}: {}", answer.text);
            continue;
        }
        ensure!(groups(server, query).await?.len() == count, "{query}");
    }

    // What a silence would cover, then the silence.
    let query = "?filter=alertname%3D~%22Disk%7COther%22&filter=severity!%3D%22critical%22&silenced=true&active=true&inhibited=true";
    let covered = alerts(server, query).await?;
    ensure!(covered.len() == 1 && covered[0].receivers[0].name == "tidegate" && covered[0].fingerprint.len() == 16);
    let request = asked(server, Method::POST, "/api/v2/silences").json(&silence(""));
    let made: Value = server.compares("Grafana: a silence", request).await?.read()?;
    let id = made["silenceID"].as_str().context("Grafana reads silenceID")?.to_string();
    let query = "?ruleMetadata=true&accesscontrol=true";
    let request = asked(server, Method::GET, &format!("/api/v2/silences{query}"));
    let known: Vec<Silence> = server.compares("Grafana: silences", request).await?.read()?;
    ensure!(known.len() == 1 && known[0].id == id && known[0].status.state == "active");
    ensure!(known[0].created_by == "ann" && known[0].matchers.len() == 2);
    let request = asked(server, Method::GET, &format!("/api/v2/silence/{id}{query}"));
    let one: Silence = server.compares("Grafana: one silence", request).await?.read()?;
    ensure!(one.id == id && one.comment.starts_with("created"));
    let silenced = alerts(server, "?silenced=true&active=false&inhibited=false&unprocessed=false").await?;
    let status = &silenced.first().context("one is silenced")?.status;
    ensure!((status.state.as_str(), &status.silenced_by[..]) == ("suppressed", std::slice::from_ref(&id)));
    ensure!(status.inhibited_by.is_empty());
    ensure!(alerts(server, "?silenced=false").await?.len() == 2);

    let request = asked(server, Method::POST, "/api/v2/silences").json(&silence(&id));
    let edited: Value = server.compares("Grafana: the silence again", request).await?.read()?;
    let id = edited["silenceID"].as_str().context("Grafana reads silenceID")?.to_string();
    let request = asked(server, Method::DELETE, &format!("/api/v2/silence/{id}"));
    ensure!(server.compares("Grafana: its end", request).await?.status == 200);
    ensure!(groups(server, "?silenced=true&active=false").await?.is_empty());

    // What goes wrong is shown as it is told.
    for (what, path, status) in [
        ("Grafana: a filter that is none", "/api/v2/alerts?filter=none", 400),
        ("Grafana: a silence that is not there", "/api/v2/silence/00000000-0000-4000-8000-000000000000", 404),
        ("Grafana: a name that is none", "/api/v2/silence/none", 422),
    ] {
        let answer = server.asks(asked(server, Method::GET, path)).await?;
        ensure!(answer.status == status, "{path}: {} {}", answer.status, answer.text);
        server.said.push((what.into(), json!(answer.kind.contains("json"))));
    }
    Ok(())
}
