//! Lets everything come to rest, and then holds the host's account against what the stand-ins saw.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::ledger::{Expected, Story};
use super::measure::slope;
use super::stage::{Stage, answer_of_the_model};
use super::tool_server::ServerBehaviour;
use super::{probes, table};

/// Incidents in one page of the listing.
const PAGE: usize = 500;

/// What no patience mends.
const FINAL: [&str; 3] = ["late-firing", "not-begun-yet-failed", "false-success"];

/// The incidents of each story.
type Account = BTreeMap<String, Vec<Value>>;

/// Heals everything, waits until every story has come to its end, lets what still fires resolve, and
/// waits until nothing is live.
pub async fn settle(stage: &Stage, senders: &mut JoinSet<()>) {
    stage.duty.heal();
    stage.model.otherwise(answer_of_the_model());
    let _ = ServerBehaviour::WELL.write(&stage.wiring.control);
    let begin = Instant::now();
    while begin.elapsed() < stage.arguments.settle {
        if let Ok(account) = incidents(stage).await
            && found(stage, &account).iter().all(|(kind, _)| FINAL.contains(kind))
        {
            break;
        }
        sleep(Duration::from_secs(2)).await;
    }
    stage.measures.took("all stories ended", begin.elapsed());
    stage.phase.closing();
    let senders_end = async { while senders.join_next().await.is_some() {} };
    if tokio::time::timeout(stage.arguments.settle, senders_end).await.is_err() {
        stage.ledger.violation("stuck", "senders still wait to be taken".into());
    }
    let begin = Instant::now();
    let mut live = None;
    while begin.elapsed() < stage.arguments.settle {
        live = stage.host.metric("tidegate_incidents_live").await;
        if live == Some(0) {
            break;
        }
        sleep(Duration::from_millis(500)).await;
    }
    stage.measures.took("nothing live any more", begin.elapsed());
    if live != Some(0) {
        let named = live_ones(stage).await.unwrap_or_else(|error| format!("{error:#}"));
        stage.ledger.violation("live", format!("{live:?} incidents are live long after everything resolved: {named}"));
    }
    stage.measures.sample(probes::sample(stage).await);
}

async fn live_ones(stage: &Stage) -> anyhow::Result<String> {
    let all = incidents(stage).await?;
    let open = all.values().flatten().filter(|incident| incident["state"] != "closed").take(3);
    Ok(open.map(|incident| format!("{}, {}", told(incident), incident["state"])).collect::<Vec<_>>().join("; "))
}

/// Everything that must hold at the end.
pub async fn account(stage: &Stage) {
    match incidents(stage).await {
        Err(error) => stage.ledger.violation("listing", format!("the last listing: {error:#}")),
        Ok(account) => {
            for (kind, text) in found(stage, &account) {
                stage.ledger.violation(kind, text);
            }
            effects(stage, &account).await;
            metrics(stage, &account).await;
        }
    }
    for why in stage.model.refused() {
        stage.ledger.violation("model", format!("the host sent what no server takes: {why}"));
    }
    for why in std::mem::take(&mut stage.calls().refused) {
        stage.ledger.violation("tool", format!("the host called what no server takes: {why}"));
    }
    if stage.arguments.bounds {
        bounds(stage);
    }
    if let Err(error) = stage.host.stop().await {
        stage.ledger.violation("stop", format!("at the end: {error:#}"));
    }
    let verified = stage.host.command().args(["journal", "verify"]).output().await;
    match verified {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            stage.ledger.violation("verify", String::from_utf8_lossy(&said).into_owned());
        }
        Err(error) => stage.ledger.violation("verify", error.to_string()),
    }
}

/// All incidents, by the story that they belong to.
async fn incidents(stage: &Stage) -> anyhow::Result<Account> {
    let mut account = Account::new();
    let mut before = String::new();
    loop {
        let page = stage.host.json(&format!("/v1/incidents?limit={PAGE}{before}")).await?;
        let listed = page["incidents"].as_array().cloned().unwrap_or_default();
        let Some(last) = listed.last().and_then(|incident| incident["id"].as_str()) else { return Ok(account) };
        before = format!("&before={last}");
        for incident in listed {
            account.entry(token(&incident).to_string()).or_default().push(incident);
        }
    }
}

/// The namespace in the key of the group.
fn token(incident: &Value) -> &str {
    let key = incident["group_key"].as_str().unwrap_or_default();
    key.split('/').find_map(|part| part.strip_prefix("namespace=")).unwrap_or_default()
}

/// What of the stories is not as it should be.
fn found(stage: &Stage, account: &Account) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let none = Vec::new();
    for (token, story) in stage.ledger.stories() {
        if story.acknowledged.is_some() {
            wrong.extend(of_story(stage, &token, story, account.get(&token).unwrap_or(&none)));
        }
    }
    wrong
}

fn of_story(stage: &Stage, token: &str, story: Story, incidents: &[Value]) -> Vec<(&'static str, String)> {
    if incidents.is_empty() {
        return vec![("lost", format!("{token} was acknowledged and is in no incident"))];
    }
    let mut wrong = Vec::new();
    for incident in incidents {
        let id = incident["id"].as_str().unwrap_or_default();
        let untold: Vec<&str> =
            ["duty", "archive"].into_iter().filter(|target| !stage.ledger.was_told(target, id)).collect();
        match incident["outcome"].as_str() {
            None => wrong.push(("undecided", told(incident))),
            Some("needs_person") if !untold.is_empty() => {
                wrong.push(("untold", format!("{}: {} never heard of it", told(incident), untold.join(" and "))));
            }
            Some("fixed") if stage.calls().done(token) == 0 => {
                wrong.push(("false-success", format!("{}: nothing was done", told(incident))));
            }
            Some(_) => {}
        }
        let actions = incident["actions"].as_array().into_iter().flatten();
        for action in actions.filter(|action| action["state"] == "failed" && stage.calls().begun(token) == 0) {
            wrong.push(("not-begun-yet-failed", format!("{}: {}", told(incident), action["result"])));
        }
    }
    let any = |outcome: &str| incidents.iter().any(|incident| incident["outcome"] == outcome);
    let decided = incidents.iter().all(|incident| incident["outcome"].is_string());
    match story.expected {
        Expected::Told if decided && !any("needs_person") => {
            wrong.push(("swallowed", format!("people should know of {token}: {}", each(incidents))));
        }
        Expected::Repaired if decided && !any("fixed") && !any("needs_person") && stage.calls().done(token) == 0 => {
            wrong.push(("swallowed", format!("neither repaired nor told: {}", each(incidents))));
        }
        Expected::Once if incidents.len() > 1 => {
            wrong.push(("late-firing", format!("{} incidents of one alert: {}", incidents.len(), each(incidents))));
        }
        _ => {}
    }
    wrong
}

fn told(incident: &Value) -> String {
    let text = |key: &str| incident[key].as_str().unwrap_or("-").to_string();
    format!("{} {} {} ({})", text("id"), token(incident), text("outcome"), text("reason"))
}

fn each(incidents: &[Value]) -> String {
    incidents.iter().map(told).collect::<Vec<_>>().join("; ")
}

/// No effect without its permission, and none twice without a word about it.
async fn effects(stage: &Stage, account: &Account) {
    let calls = stage.calls().clone();
    for (token, tool, begun) in calls.all() {
        if tool == "drain" && !stage.ledger.said_yes(token) {
            stage.ledger.violation("unapproved", format!("{tool} of {token} was begun and nobody said yes"));
        }
        if begun < 2 {
            continue;
        }
        if tool != "restart" {
            stage
                .ledger
                .violation("doubled", format!("{tool} of {token}, which may not be repeated, was begun {begun} times"));
            continue;
        }
        let mut explained = 1;
        for incident in account.get(token).into_iter().flatten() {
            let id = incident["id"].as_str().unwrap_or_default();
            let story = stage.host.json(&format!("/v1/incidents/{id}/timeline")).await.unwrap_or_default();
            let lines = story["timeline"].as_array().into_iter().flatten();
            let texts = lines.filter_map(|line| line["text"].as_str());
            explained += texts.filter(|text| text.contains("begun and not answered")).count() as u64;
        }
        if begun > explained {
            let text = format!("{tool} of {token} was begun {begun} times, and its timeline explains {explained}");
            stage.ledger.violation("doubled", text);
        }
    }
}

/// The host's own counters agree with what was seen from outside.
async fn metrics(stage: &Stage, account: &Account) {
    let decided = account.values().flatten().filter(|incident| incident["outcome"].is_string()).count() as u64;
    let says = stage.host.metric("tidegate_incidents_decided").await;
    if says != Some(decided) {
        stage
            .ledger
            .violation("metrics", format!("{decided} incidents are decided in the listing, {says:?} in the metrics"));
    }
    let accepted = stage.ledger.counts().accepted_in_this_life;
    let alerts = stage.host.metric("tidegate_alerts_total").await.unwrap_or_default();
    if alerts < accepted {
        stage.ledger.violation("metrics", format!("{accepted} alerts were acknowledged, the metrics say {alerts}"));
    }
}

/// The aims for latencies and growth; only long runs on a machine of their own are held to them.
fn bounds(stage: &Stage) {
    let spreads = stage.measures.spreads();
    for (what, longest_ms) in
        [("alert accepted, quiet", 100), ("outage told, quiet", 1000), ("listing, quiet", 250), ("/healthz", 500)]
    {
        let spread = spreads.get(what).copied().unwrap_or_default();
        if spread.p99 > Duration::from_millis(longest_ms) {
            stage.ledger.violation("latency", format!("{what}: p99 {:?}, aim {longest_ms} ms", spread.p99));
        }
    }
    let samples = stage.measures.samples();
    // The first third warms up.
    let steady = samples.get(samples.len() / 3..).unwrap_or_default();
    if steady.len() < 5 {
        return;
    }
    let growth = |of: fn(&super::measure::Sample) -> u64| {
        slope(&steady.iter().map(|sample| (sample.incidents as f64, of(sample) as f64)).collect::<Vec<_>>())
    };
    for (what, grows, aim) in [
        ("bytes of memory for each incident", growth(|sample| sample.rss_kb * 1024), table::MEMORY_EACH),
        ("bytes on disk for each incident", growth(|sample| sample.disk), table::DISK_EACH),
        ("open files for each incident", growth(|sample| sample.files), 0.002),
        ("threads for each incident", growth(|sample| sample.threads), 0.002),
        ("live incidents for each incident", growth(|sample| sample.live), 0.01),
    ] {
        if grows > aim {
            stage.ledger.violation("growth", format!("{what}: {grows:.4}, aim {aim}"));
        }
    }
}
