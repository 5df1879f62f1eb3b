//! What arrives at the targets, and what the tool server has on record.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tidegate_fakes::FakeWebhook;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::stage::Stage;

/// Reads what has arrived, again and again.
pub fn watch(stage: &Arc<Stage>, tasks: &mut JoinSet<()>) {
    let stage = Arc::clone(stage);
    tasks.spawn(async move {
        loop {
            read(&stage, "duty", &stage.duty);
            read(&stage, "archive", &stage.archive);
            // Only what the stand-in refused is of interest.
            drop(stage.model.take_requests());
            stage.calls().read(&stage.wiring.calls);
            sleep(Duration::from_millis(10)).await;
        }
    });
}

fn read(stage: &Stage, name: &'static str, target: &FakeWebhook) {
    for request in target.take_requests() {
        let body = request.json();
        let (delivery, incident) = (body["delivery_id"].as_str(), body["incident_id"].as_str());
        let (Some(delivery), Some(incident)) = (delivery, incident) else {
            stage.ledger.violation("message", format!("{name} got a message without names: {}", request.text()));
            continue;
        };
        if request.header("idempotency-key").is_empty() {
            stage.ledger.violation("message", format!("{delivery} came without an Idempotency-Key"));
        }
        // Where the alerts have resolved before the report could be sent, that message says more and takes its place.
        let tells = body["occasion"] == "report" || body["occasion"] == "resolved";
        if request.status != Some(200) || !tells {
            continue;
        }
        let token = body["alerts"][0]["labels"]["namespace"].as_str().unwrap_or_default();
        let first = !stage.ledger.was_told_of(name, token);
        stage.ledger.told(name, incident, token, delivery);
        let story = stage.ledger.story(token).filter(|_| first && name == "archive" && token.starts_with("outage"));
        if let Some((at, phase)) = story.and_then(|story| story.acknowledged.zip(story.phase)) {
            let quiet = stage.phase.is_quiet() && phase == stage.phase.number();
            stage.measures.took(if quiet { "outage told, quiet" } else { "outage told, busy" }, at.elapsed());
        }
    }
}

/// How often each story was worked on.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    begun: HashMap<String, (String, u64)>,
    done: HashMap<String, u64>,
    /// The process that was started last.
    pub pid: u64,
    /// What the server refused.
    pub refused: Vec<String>,
    read_to: u64,
}

impl Calls {
    /// Reads on in the server's record.
    pub fn read(&mut self, record: &Path) {
        let Ok(mut file) = std::fs::File::open(record) else { return };
        if file.seek(SeekFrom::Start(self.read_to)).is_err() {
            return;
        }
        for line in BufReader::new(file).lines() {
            let Ok(line) = line else { return };
            let Ok(value) = serde_json::from_str::<Value>(&line) else { return };
            self.read_to += line.len() as u64 + 1;
            let tool = value["tool"].as_str().unwrap_or_default();
            if let Some(token) = value["begun"].as_str() {
                self.begun.entry(token.into()).or_insert((tool.into(), 0)).1 += 1;
            } else if let Some(token) = value["done"].as_str() {
                *self.done.entry(token.into()).or_default() += 1;
            } else if let Some(pid) = value["pid"].as_u64() {
                self.pid = pid;
            } else if let Some(why) = value["refused"].as_str() {
                self.refused.push(why.into());
            }
        }
    }

    /// How often a change was begun for a story.
    pub fn begun(&self, token: &str) -> u64 {
        self.begun.get(token).map_or(0, |(_, times)| *times)
    }

    /// How often one was completed.
    pub fn done(&self, token: &str) -> u64 {
        self.done.get(token).copied().unwrap_or_default()
    }

    /// Stories, tools, and how often each was begun.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.begun.iter().map(|(token, (tool, times))| (token.as_str(), tool.as_str(), *times))
    }
}
