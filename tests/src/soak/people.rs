//! People: they answer some questions over HTTP, some on the command line, and leave some.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::stage::Stage;
use crate::sim::Dice;

/// Answers questions until the run ends, and lets what was stopped go on now and then.
pub fn answer(stage: &Arc<Stage>, tasks: &mut JoinSet<()>) {
    let stage = Arc::clone(stage);
    tasks.spawn(async move {
        let mut dice = stage.dice("people");
        let mut known = BTreeSet::new();
        let mut round = 0_u64;
        loop {
            sleep(Duration::from_millis(300)).await;
            if stage.host.life().is_none() {
                continue;
            }
            // A question whose listing fails is seen the next time.
            if let Ok(waiting) = stage.host.json("/v1/incidents?state=awaiting_approval&limit=100").await {
                for incident in waiting["incidents"].as_array().into_iter().flatten() {
                    one(&stage, incident, &mut known, &mut dice).await;
                }
            }
            round += 1;
            if round.is_multiple_of(30) {
                reset_breakers(&stage).await;
            }
        }
    });
}

async fn one(stage: &Stage, incident: &Value, known: &mut BTreeSet<String>, dice: &mut Dice) {
    let id = incident["id"].as_str().unwrap_or_default();
    let actions = incident["actions"].as_array().into_iter().flatten();
    for action in actions.filter(|action| action["state"] == "asked") {
        let name = action["id"].as_str().unwrap_or_default();
        if !known.insert(format!("{id}/{name}")) {
            continue;
        }
        let token = action["arguments"]["namespace"].as_str().unwrap_or_default();
        stage.ledger.count(|counts| counts.answers += 1);
        match dice.within(0..20) {
            0..=9 => {
                stage.ledger.says_yes(token);
                say(stage, id, name, "approve", action).await;
            }
            10..=12 => {
                stage.ledger.says_yes(token);
                let mut command = stage.host.command();
                let _ = command.args(["approve", id, name, "--as", "bob"]).output().await;
            }
            13..=15 => say(stage, id, name, "deny", action).await,
            // Nobody answers.
            _ => {}
        }
    }
}

async fn say(stage: &Stage, incident: &str, action: &str, what: &str, asked: &Value) {
    let url = format!("{}/v1/incidents/{incident}/actions/{action}/{what}", stage.host.url);
    let words = json!({ "person": "ada", "digest": asked["digest"] });
    // An answer that comes too late is refused, and one may meet a host that just died.
    let _ = stage.host.http.post(url).json(&words).send().await;
}

async fn reset_breakers(stage: &Stage) {
    let Ok(listed) = stage.host.json("/v1/breakers").await else { return };
    for breaker in listed["breakers"].as_array().into_iter().flatten().filter(|breaker| breaker["open"] == true) {
        let words = json!({ "person": "ada", "key": breaker["key"], "reason": "looked at" });
        if stage.host.http.post(format!("{}/v1/breakers/reset", stage.host.url)).json(&words).send().await.is_ok() {
            stage.ledger.count(|counts| counts.breakers += 1);
        }
    }
}
