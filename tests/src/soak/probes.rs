//! Looks at the host from outside all the time: whether it lives, how fast it lists, what it holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::measure::Sample;
use super::stage::Stage;

/// Longer without an answer of `/healthz` and an orchestrator would kill it.
const ALIVE_WITHIN: Duration = Duration::from_secs(5);
/// The same where times do not count: then it hangs.
const HUNG_AFTER: Duration = Duration::from_secs(30);

/// Starts all probes.
pub fn watch(stage: &Arc<Stage>, tasks: &mut JoinSet<()>) {
    let probed = Arc::clone(stage);
    tasks.spawn(async move {
        loop {
            alive(&probed).await;
            sleep(Duration::from_millis(250)).await;
        }
    });
    let listed = Arc::clone(stage);
    tasks.spawn(async move {
        let paths = ["/v1/incidents?limit=50", "/v1/incidents?outcome=needs_person&limit=50", "/v1/incidents/latest"];
        for path in paths.iter().cycle() {
            list(&listed, path).await;
            sleep(Duration::from_millis(1000)).await;
        }
    });
}

async fn alive(stage: &Stage) {
    let Some(life) = stage.host.life() else { return };
    let begin = Instant::now();
    let url = format!("{}/healthz", stage.host.url);
    let patience = if stage.arguments.bounds { ALIVE_WITHIN } else { HUNG_AFTER };
    let answer = stage.host.http.get(url).timeout(patience).send().await;
    // What was asked of a life that has ended meanwhile says nothing.
    if stage.host.life() != Some(life) {
        return;
    }
    match answer {
        Ok(answer) if answer.status().is_success() => stage.measures.took("/healthz", begin.elapsed()),
        Ok(answer) => stage.ledger.violation("not-alive", format!("/healthz answered {}", answer.status())),
        Err(error) => stage.ledger.violation("not-alive", format!("/healthz after {:?}: {error:#}", begin.elapsed())),
    }
}

async fn list(stage: &Stage, path: &str) {
    let (Some(life), phase) = (stage.host.life(), stage.phase.number()) else { return };
    let begin = Instant::now();
    let answer = stage.host.get(path).await;
    if stage.host.life() != Some(life) || phase != stage.phase.number() {
        return;
    }
    let quiet = stage.phase.is_quiet();
    match answer {
        Ok(answer) if answer.status().is_success() || answer.status() == 404 => {
            stage.measures.took(if quiet { "listing, quiet" } else { "listing, busy" }, begin.elapsed());
        }
        Ok(answer) if quiet => {
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            // Behind a broken projection it is said how far it is, for as long as it takes.
            if !text.contains("is being derived") {
                stage.ledger.violation("listing", format!("{path} answered {status}: {text}"));
            }
        }
        Err(error) if quiet => stage.ledger.violation("listing", format!("{path}: {error:#}")),
        // With a full disk or a broken projection it may say so.
        Ok(_) | Err(_) => {}
    }
}

/// What the host holds at the end of a quiet phase.
pub async fn end_of_cycle(stage: &Stage) {
    if stage.host.life().is_none() {
        return;
    }
    stage.measures.sample(sample(stage).await);
    for (metric, what) in [
        ("tidegate_journal_broken", "the journal is still broken at the end of a quiet phase"),
        ("tidegate_policies_refused", "good policies are still refused at the end of a quiet phase"),
    ] {
        if stage.host.metric(metric).await != Some(0) {
            stage.ledger.violation("metrics", what.into());
        }
    }
}

/// What the host holds now.
pub async fn sample(stage: &Stage) -> Sample {
    let process = format!("/proc/{}", stage.host.pid());
    let status = std::fs::read_to_string(format!("{process}/status")).unwrap_or_default();
    let number = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    Sample {
        incidents: stage.host.metric("tidegate_incidents_decided").await.unwrap_or_default(),
        live: stage.host.metric("tidegate_incidents_live").await.unwrap_or_default(),
        rss_kb: number("VmRSS").unwrap_or_default(),
        threads: number("Threads").unwrap_or_default(),
        files: std::fs::read_dir(format!("{process}/fd")).map_or(0, |entries| entries.count() as u64),
        disk: disk(stage),
    }
}

/// Bytes of the journal and of what belongs to it.
pub fn disk(stage: &Stage) -> u64 {
    let entries = std::fs::read_dir(&stage.wiring.data).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).filter(|metadata| metadata.is_file()).map(|file| file.len()).sum()
}
