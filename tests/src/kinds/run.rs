//! One host, one MCP server, one cluster, and all kinds at once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tidegate_fakes::model::Scripted;
use tokio::time::sleep;

use super::{Kind, cluster};
use crate::process::{PATIENCE, Process};
use crate::rig::{Rig, ToolServer};

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The shipped policies; there is a model, which nobody is to ask.
    Covered,
    /// No rule decides anything: the model looks once more and answers.
    Asked,
    /// No rule decides anything, and the model's server answers with an error.
    Down,
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
    /// Bytes of what the first of them tells, without the tools.
    pub first: usize,
    /// From the alert to the report, or to where it waits.
    pub took: Duration,
}

/// Lets a host handle all kinds; also how many changes reached the cluster. With `apart` one after another, so that
/// the times say something.
///
/// # Errors
/// If something does not start, or an incident comes to no end.
pub async fn run(kinds: &[Kind], server: ToolServer, way: Way, apart: bool) -> anyhow::Result<(Vec<Run>, Rig)> {
    let rig = Rig::with_server(server, cluster(kinds)?, "", Some(Vec::new())).await?;
    rig.ship_policies()?;
    let model = rig.model.as_ref().context("there is a model")?;
    match way {
        Way::Asked => model.answer_by(answer),
        Way::Covered | Way::Down => model.answer_by(|_| Scripted::status(503)),
    }
    if way != Way::Covered {
        for file in fs_files(&rig)? {
            std::fs::remove_file(file)?;
        }
    }
    let host = rig.serve().await?;
    let mut runs = Vec::new();
    if apart {
        for kind in kinds {
            runs.extend(handled(&host, std::slice::from_ref(kind), way).await?);
        }
    } else {
        runs = handled(&host, kinds, way).await?;
    }
    let requests = model.requests();
    for run in &mut runs {
        let own: Vec<_> = requests.iter().filter(|request| request.text().contains(&run.kind.mark())).collect();
        run.calls = own.len();
        run.bytes = own.iter().map(|request| request.body.len()).sum();
        run.first = own.first().map_or(0, |request| told(&request.json()));
    }
    host.kill().await?;
    Ok((runs, rig))
}

/// The files of rules; what is left are gates, what they share, and what is looked at.
fn fs_files(rig: &Rig) -> anyhow::Result<Vec<std::path::PathBuf>> {
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

/// Bytes of the messages of a request.
fn told(request: &Value) -> usize {
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| message["content"].as_str().map_or(0, str::len)).sum()
}

/// A model that looks at the pods of the namespace, and then says what a person should do.
fn answer(request: &Value) -> Scripted {
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    let asked_before = messages.iter().any(|message| message["role"] == "assistant");
    let text = messages.iter().filter_map(|message| message["content"].as_str()).collect::<Vec<_>>().join("\n");
    let namespace = text.lines().find_map(|line| {
        let (_, rest) = line.split_once("namespace=")?;
        rest.split([',', ' ', ';', '"']).next().map(str::to_string)
    });
    let offers = |name: &str| request["tools"].to_string().contains(name);
    match namespace.filter(|namespace| !asked_before && !namespace.is_empty()) {
        Some(namespace) if offers("pods_list_in_namespace") => {
            Scripted::tool_call("pods_list_in_namespace", json!({ "namespace": namespace }))
        }
        Some(namespace) if offers("kubectl_get") => {
            Scripted::tool_call("kubectl_get", json!({ "resourceType": "pods", "namespace": namespace }))
        }
        _ => Scripted::text(
            "```yaml\ndecision: need_person\nreason: no tool repairs it\nroot_cause: what the evidence shows\n\
             confidence: 80\nconfidence_reason: the evidence says so\nsteps:\n  - text: see to it\n```",
        ),
    }
}

/// Sends all of them and waits until each is where it is to be.
async fn handled(host: &Process, kinds: &[Kind], way: Way) -> anyhow::Result<Vec<Run>> {
    let mut begun = BTreeMap::new();
    for kind in kinds {
        begun.insert(kind.name.clone(), Instant::now());
        let times = if way == Way::Covered { kind.expected.times } else { 1 };
        for round in 0..times {
            let at = |second: usize| format!("2026-07-01T12:{:02}:{second:02}Z", round + 1);
            send(host, &kind.message(true, &at(0), "")).await?;
            if round + 1 < times {
                send(host, &kind.message(false, &at(0), &at(30))).await?;
                until_gone(host, kind).await?;
            }
        }
    }
    let mut done: BTreeMap<String, Run> = BTreeMap::new();
    let deadline = Instant::now() + PATIENCE * 2;
    loop {
        let list = host.get("/v1/incidents?limit=500").await?;
        let incidents = list["incidents"].as_array().cloned().unwrap_or_default();
        for kind in kinds {
            if done.contains_key(&kind.name) {
                continue;
            }
            let own = newest(&incidents, kind);
            let Some(incident) = own.filter(|one| settled(one)) else { continue };
            let took = begun[&kind.name].elapsed();
            let run = Run { kind: kind.clone(), incident: incident.clone(), calls: 0, bytes: 0, first: 0, took };
            done.insert(kind.name.clone(), run);
        }
        if done.len() == kinds.len() {
            return Ok(done.into_values().collect());
        }
        if Instant::now() > deadline {
            let missing: Vec<_> = kinds.iter().filter(|kind| !done.contains_key(&kind.name)).collect();
            let stand = missing.iter().map(|kind| format!("{}: {:#?}", kind.name, newest(&incidents, kind)));
            bail!("these come to no end:\n{}", stand.collect::<Vec<_>>().join("\n"));
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn send(host: &Process, message: &Value) -> anyhow::Result<()> {
    let (status, answer) = host.post_json("/alert", message).await?;
    anyhow::ensure!(status == 200, "{answer}");
    Ok(())
}

/// Waits until no incident of a kind is open.
async fn until_gone(host: &Process, kind: &Kind) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let list = host.get("/v1/incidents?limit=500").await?;
        let all = list["incidents"].as_array().cloned().unwrap_or_default();
        if newest(&all, kind).is_none_or(|one| one["state"] == "closed") {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < deadline, "{} stays open: {:#?}", kind.name, newest(&all, kind));
        sleep(Duration::from_millis(20)).await;
    }
}

fn newest<'a>(incidents: &'a [Value], kind: &Kind) -> Option<&'a Value> {
    let group = format!("{{}}:{{{}}}", kind.name);
    let own = incidents.iter().filter(|one| one["group_key"].as_str().is_some_and(|key| key.contains(&group)));
    own.max_by_key(|one| one["id"].as_str().unwrap_or_default().to_string())
}

/// Whether nothing more happens to an incident by itself.
fn settled(incident: &Value) -> bool {
    let held = incident["verdict"]["kind"] == "hold" && incident["state"] != "deciding";
    incident["report"].is_string() || incident["state"] == "awaiting_approval" || held
}
