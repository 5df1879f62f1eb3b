//! What karma does in each of its rounds, and what its pages send through it.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate::clock::SystemClock;
use tidegate::ports::Clock as _;

use super::server::Server;

#[derive(Deserialize)]
struct Receiver {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    state: String,
    inhibited_by: Vec<String>,
    silenced_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    starts_at: Timestamp,
    annotations: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    fingerprint: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
    status: Status,
}

#[derive(Deserialize)]
struct Group {
    labels: BTreeMap<String, String>,
    receiver: Receiver,
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matcher {
    is_equal: bool,
    name: String,
    value: String,
    is_regex: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Silence {
    id: String,
    starts_at: Timestamp,
    ends_at: Timestamp,
    created_by: String,
    comment: String,
    matchers: Vec<Matcher>,
}

/// What a page of karma sends to karma, which hands it on.
fn of_a_page(server: &Server, method: Method, path: &str) -> RequestBuilder {
    let request = server.request(method, path).bearer_auth(&server.token);
    let headers = [
        ("Accept", "*/*"),
        ("Origin", "http://karma.example:8080"),
        ("Referer", "http://karma.example:8080/?q=alertname%3DDisk"),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Site", "same-origin"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("X-Forwarded-For", "10.0.0.7"),
    ];
    headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// One of karma's own requests.
fn of_a_round(server: &Server, path: &str) -> RequestBuilder {
    let request = server.request(Method::GET, path).bearer_auth(&server.token);
    // It would take gzip as well.
    request.header("User-Agent", "Go-http-client/1.1")
}

/// The version that the metrics tell, as karma looks for it.
fn version(metrics: &str) -> Option<Vec<u32>> {
    let line = metrics.lines().find(|line| line.starts_with("alertmanager_build_info{"))?;
    let version = line.split(['{', ',', '}']).find_map(|label| label.strip_prefix("version=\""))?;
    let version = version.split(['"', '-', '+']).next()?;
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// A round: the version, silences, then alerts.
async fn round(server: &mut Server) -> anyhow::Result<(Vec<Silence>, Vec<Group>)> {
    let metrics = server.asks(of_a_round(server, "/metrics")).await?;
    ensure!(metrics.status == 200, "/metrics: {}", metrics.status);
    let version = version(&metrics.text).context("the metrics tell no version")?;
    ensure!(version.len() == 3 && version >= vec![0, 22, 0], "karma wants 0.22.0 at least: {version:?}");
    let asked = of_a_round(server, "/api/v2/silences");
    let silences = server.compares("karma: silences", asked).await?.read()?;
    let asked = of_a_round(server, "/api/v2/alerts/groups");
    let groups = server.compares("karma: groups", asked).await?.read()?;
    Ok((silences, groups))
}

/// The form of karma, which shows what it is told as it is told.
fn silence(id: Option<&str>, comment: &str, hours: i64) -> Value {
    let at = |hours: i64| format!("{:.3}", SystemClock.now() + SignedDuration::from_hours(hours));
    let matchers = json!([{ "name": "alertname", "value": "Disk", "isRegex": false, "isEqual": true }]);
    let mut silence = json!({
        "matchers": matchers, "startsAt": at(0), "endsAt": at(hours), "createdBy": "ann", "comment": comment,
    });
    if let (Some(id), Some(members)) = (id, silence.as_object_mut()) {
        members.insert("id".into(), json!(id));
    }
    silence
}

fn disk(groups: &[Group]) -> anyhow::Result<&Alert> {
    let alerts = groups.iter().flat_map(|group| &group.alerts);
    alerts.into_iter().find(|alert| alert.labels["alertname"] == "Disk").context("there is no alert Disk")
}

pub async fn uses(server: &mut Server) -> anyhow::Result<()> {
    let (silences, groups) = round(server).await?;
    ensure!(silences.is_empty() && groups.len() == 3, "{} groups", groups.len());
    for group in &groups {
        ensure!(group.receiver.name == "tidegate" && group.alerts.len() == 1);
        for alert in &group.alerts {
            ensure!(group.labels == alert.labels, "{:?}", group.labels);
            let by = (alert.status.silenced_by.len(), alert.status.inhibited_by.len());
            ensure!((alert.status.state.as_str(), by) == ("active", (0, 0)));
            ensure!(alert.fingerprint.len() == 16 && alert.starts_at.as_second() == 1_767_225_600);
            ensure!(alert.generator_url.starts_with("http://prometheus.example/") && alert.annotations.len() == 1);
        }
    }

    let asked = of_a_page(server, Method::POST, "/api/v2/silences").json(&silence(None, "the move", 1));
    let made: Value = server.compares("karma: a silence", asked).await?.read()?;
    let id = made["silenceID"].as_str().context("karma shows the silence's id")?.to_string();
    let (silences, groups) = round(server).await?;
    let status = &disk(&groups)?.status;
    ensure!((status.state.as_str(), &status.silenced_by[..]) == ("suppressed", std::slice::from_ref(&id)));
    let [known] = &silences[..] else { anyhow::bail!("{} silences", silences.len()) };
    ensure!((&known.id, known.created_by.as_str(), known.comment.as_str()) == (&id, "ann", "the move"));
    ensure!(known.ends_at.duration_since(known.starts_at) > SignedDuration::from_mins(59));
    let [matcher] = &known.matchers[..] else { anyhow::bail!("{} matchers", known.matchers.len()) };
    let (name, value) = (matcher.name.as_str(), matcher.value.as_str());
    ensure!((name, value, matcher.is_equal, matcher.is_regex) == ("alertname", "Disk", true, false));

    // One that is edited keeps its id or gets another one; the page looks at what it is told.
    let asked = of_a_page(server, Method::POST, "/api/v2/silences").json(&silence(Some(&id), "for longer", 2));
    let edited: Value = server.compares("karma: the same, longer", asked).await?.read()?;
    let id = edited["silenceID"].as_str().context("karma shows the silence's id")?.to_string();
    let (silences, groups) = round(server).await?;
    ensure!(disk(&groups)?.status.silenced_by == std::slice::from_ref(&id).to_vec());
    ensure!(silences.iter().any(|silence| silence.id == id && silence.comment == "for longer"));

    let asked = of_a_page(server, Method::DELETE, &format!("/api/v2/silence/{id}"));
    let ended = server.compares("karma: its end", asked).await?;
    ensure!(ended.status == 200, "{}", ended.text);
    let (silences, groups) = round(server).await?;
    ensure!(disk(&groups)?.status.state == "active");
    ensure!(silences.iter().all(|silence| silence.ends_at <= SystemClock.now()));

    // What it says no to is shown as it is said.
    for (what, body) in [
        ("karma: a silence that has ended", silence(None, "late", -1)),
        ("karma: one that is not there", silence(Some("00000000-0000-4000-8000-000000000000"), "who", 1)),
    ] {
        let asked = of_a_page(server, Method::POST, "/api/v2/silences").json(&body);
        let answer = server.asks(asked).await?;
        ensure!((400..500).contains(&answer.status) && !answer.text.is_empty(), "{}", answer.text);
        server.said.push((what.into(), json!(answer.status)));
    }
    Ok(())
}
