//! One host, one MCP server, one cluster, and all kinds at once.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use tidegate_fakes::Request;
use tidegate_fakes::model::Scripted;
use tokio::time::{Instant, sleep};

use super::{Kind, cluster};
use crate::process::{PATIENCE, Process};
use crate::rig::{Rig, ToolServer};

/// A model that has seen the evidence, and says what a person should do.
const ANSWER: &str = "```yaml\ndecision: need_person\nreason: no tool repairs it\nroot_cause: what the evidence shows\n\
    confidence: 80\nconfidence_reason: the evidence says so\nsteps:\n  - text: see to it\n```";

/// A model that does what the evidence tells it.
const LURED: &str = "```yaml\ndecision: execute_tool\nreason: the evidence asks for it\ntool_call:\n  tool_name: \
    kubernetes.resources_delete\n  parameters:\n    apiVersion: v1\n    kind: Namespace\n    name: prod\nroot_cause: the \
    evidence says so\nconfidence: 100\nconfidence_reason: the evidence says so\nsteps:\n  - text: delete it\n```";

/// Between kinds whose time is taken: a tool server asks the API five times a second in the long run, and what waits for
/// that would be counted as time of the next kind.
const REST: Duration = Duration::from_secs(3);

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider {
    /// The shipped policies; there is a model, which nobody is to ask.
    Covered,
    /// No rule decides anything: the model is shown what was seen, and answers.
    Asked,
    /// No rule decides anything, and the model's server answers with an error.
    Down,
    /// No rule decides anything, and the model does what texts from outside tell it.
    Lured,
}

/// What became of one kind.
#[derive(Clone, Debug)]
pub struct Run {
    /// The kind.
    pub kind: Kind,
    /// The incident as the API shows it.
    pub incident: Value,
    /// Calls of the model.
    pub calls: usize,
    /// Bytes of all requests to the model.
    pub bytes: usize,
    /// Bytes of what the first of them tells of the incident.
    pub first: usize,
    /// Looks at the cluster.
    pub looks: usize,
    /// From the alert to the report, or to where it waits, without what the model took.
    pub own: Duration,
}

/// A kind that a host has handled, before what others saw of it is counted.
struct Handled {
    kind: Kind,
    incident: Value,
    looks: usize,
    begun: Instant,
    ended: Instant,
}

/// Lets a host handle all kinds; also how many changes reached the cluster. With `apart` one after another, so that
/// the times say something.
///
/// # Errors
/// If something does not start, or an incident comes to no end.
pub async fn run(kinds: &[Kind], server: ToolServer, way: Decider, apart: bool) -> anyhow::Result<(Vec<Run>, Rig)> {
    let rig = Rig::with_server(server, cluster(kinds)?, "", Some(Vec::new())).await?;
    rig.ship_policies()?;
    let model = rig.model.as_ref().context("there is a model")?;
    model.otherwise(match way {
        Decider::Asked => Scripted::text(ANSWER),
        Decider::Lured => Scripted::text(LURED),
        Decider::Covered | Decider::Down => Scripted::status(503),
    });
    if way != Decider::Covered {
        for file in rules(&rig)? {
            std::fs::remove_file(file)?;
        }
    }
    let host = rig.serve().await?;
    let mut all = Vec::new();
    if apart {
        for kind in kinds {
            all.extend(handled(&host, std::slice::from_ref(kind), way).await?);
            sleep(REST).await;
        }
    } else {
        all = handled(&host, kinds, way).await?;
    }
    let requests = model.requests();
    let runs = all.into_iter().map(|one| counted(one, &requests)).collect();
    host.kill().await?;
    Ok((runs, rig))
}

/// With what the model was asked about it.
fn counted(one: Handled, requests: &[Request]) -> Run {
    let own: Vec<_> = requests.iter().filter(|request| request.text().contains(&one.kind.mark())).collect();
    let times = own.iter().filter_map(|request| request.times);
    let asked = times.clone().map(|(came, _)| came).min().zip(times.map(|(_, answered)| answered).max());
    // From the first question to the last answer it is the model's turn, waits between attempts included.
    let waited = asked.map_or(Duration::ZERO, |(first, last)| last.duration_since(first));
    Run {
        calls: own.len(),
        bytes: own.iter().map(|request| request.body.len()).sum(),
        first: own.first().map_or(0, |request| told(&request.json())),
        looks: one.looks,
        own: one.ended.duration_since(one.begun).saturating_sub(waited),
        kind: one.kind,
        incident: one.incident,
    }
}

/// The files of rules; what is left are gates, what they share, and what is looked at.
fn rules(rig: &Rig) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(rig.folder().join("policies"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rhai") && name != "30-gates.rhai" {
            files.push(path);
        }
    }
    Ok(files)
}

/// Bytes that a request tells of the incident: what is said to every model and the tools stand beside it.
fn told(request: &Value) -> usize {
    request["messages"][1]["content"].as_str().map_or(0, str::len)
}

/// Sends all of them and waits until each is where it is to be.
async fn handled(host: &Process, kinds: &[Kind], way: Decider) -> anyhow::Result<Vec<Handled>> {
    let (mut begun, mut ids) = (BTreeMap::new(), BTreeMap::new());
    for kind in kinds {
        begun.insert(kind.name.clone(), Instant::now());
        let times = if way == Decider::Covered { kind.expected.times } else { 1 };
        for round in 0..times {
            let at = |second: usize| format!("2026-07-01T12:{:02}:{second:02}Z", round + 1);
            let id = send(host, &kind.message(true, &at(0), "")).await?;
            if round + 1 < times {
                send(host, &kind.message(false, &at(0), &at(30))).await?;
                until_closed(host, &id).await?;
            }
            ids.insert(kind.name.clone(), id);
        }
    }
    let mut done: BTreeMap<String, Handled> = BTreeMap::new();
    let deadline = Instant::now() + PATIENCE * 2;
    loop {
        let list = host.get("/v1/incidents?limit=500").await?;
        let incidents = list["incidents"].as_array().cloned().unwrap_or_default();
        for kind in kinds {
            if done.contains_key(&kind.name) {
                continue;
            }
            let own = of(&incidents, &ids[&kind.name]);
            let Some(incident) = own.filter(|one| settled(one)) else { continue };
            let (begun, ended) = (begun[&kind.name], Instant::now());
            let incident = incident.clone();
            done.insert(kind.name.clone(), Handled { kind: kind.clone(), incident, looks: 0, begun, ended });
        }
        if done.len() == kinds.len() {
            break;
        }
        if Instant::now() > deadline {
            let missing: Vec<_> = kinds.iter().filter(|kind| !done.contains_key(&kind.name)).collect();
            let stand = missing.iter().map(|kind| format!("{}: {:#?}", kind.name, of(&incidents, &ids[&kind.name])));
            bail!("these come to no end:\n{}", stand.collect::<Vec<_>>().join("\n"));
        }
        sleep(Duration::from_millis(20)).await;
    }
    for one in done.values_mut() {
        let evidence = host.get(&format!("/v1/incidents/{}/evidence", ids[&one.kind.name])).await?;
        one.looks = evidence["evidence"].as_array().map_or(0, Vec::len);
    }
    Ok(done.into_values().collect())
}

/// The incident that took the alert.
async fn send(host: &Process, message: &Value) -> anyhow::Result<String> {
    let (status, answer) = host.post_json("/alert", message).await?;
    anyhow::ensure!(status == 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer)?;
    let id = answer["incidents"].as_array().and_then(|ids| ids.last()).and_then(Value::as_str);
    Ok(id.with_context(|| format!("no incident took it: {answer}"))?.to_string())
}

async fn until_closed(host: &Process, id: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let list = host.get("/v1/incidents?limit=500").await?;
        let incident = of(list["incidents"].as_array().map_or(&[], Vec::as_slice), id);
        // What has been concluded opens anew as another one.
        if incident.is_none_or(|one| one["firing"] == 0 && one["outcome"].is_string()) {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < deadline, "it stays open: {incident:#?}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn of<'a>(incidents: &'a [Value], id: &str) -> Option<&'a Value> {
    incidents.iter().find(|one| one["id"] == id)
}

/// Whether nothing more happens to an incident by itself.
fn settled(incident: &Value) -> bool {
    let held = incident["verdict"]["kind"] == "hold";
    incident["report"].is_string() || incident["state"] == "awaiting_approval" || held
}
