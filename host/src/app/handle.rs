//! Takes payloads through the whole pipeline to the end, in this process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::App;
use crate::backend::{Backend, HandleReport, Payload, Progress, Records};
use crate::domain::delivery::DeliveryState;
use crate::domain::inspection::Run;
use crate::domain::{Incident, IncidentId, Outcome, Person, State};
use crate::report::waiting;

/// How long tool servers may take before incidents are handled without them.
const SERVERS: Duration = Duration::from_secs(30);
/// How long a message that was never tried is waited for.
const MESSAGES: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Handles the payloads and waits until each incident has its outcome or a question to a person.
pub async fn run(app: &Arc<App>, payloads: Vec<Payload>, progress: &Progress) -> HandleReport {
    let mut handled = HandleReport::default();
    tool_servers(app, progress).await;
    let mut ids = BTreeSet::new();
    for payload in payloads {
        match app.receive(&payload.source, payload.request).await {
            Ok(received) => {
                ids.extend(received.incidents.iter().cloned());
                handled.taken.push((payload.name, received));
            }
            Err(refusal) => handled.failures.push((payload.name, refusal.to_string())),
        }
    }
    to_the_end(app, &ids, progress).await;
    for id in ids {
        match app.story(&id) {
            Ok(Some(story)) => {
                handled.undelivered.extend(waiting::undelivered(&story.incident));
                handled.stories.push(story);
            }
            Ok(None) => handled.failures.push((id, "its incident is gone".into())),
            Err(error) => handled.failures.push((id, error)),
        }
    }
    handled
}

/// Makes a run of an inspection, and waits until what tells of it has been tried.
///
/// # Errors
/// A sentence: there is none of that name, or no run of it.
pub async fn inspect(app: &Arc<App>, name: &str, progress: &Progress) -> Result<Run, String> {
    tool_servers(app, progress).await;
    let inspections = &app.inspections;
    inspections.restore().await.map_err(|error| error.to_string())?;
    let person = Person::typed("");
    let (run, ids) = inspections.run(name, person, progress).await.map_err(|error| error.to_string())?;
    to_the_end(app, &ids.into_iter().collect(), progress).await;
    Ok(run)
}

/// Waits until the tool servers are there, within a bound.
async fn tool_servers(app: &App, progress: &Progress) {
    if !app.servers.status().is_empty() {
        progress(&format!("waits for the tool servers, {} s at the most", SERVERS.as_secs()));
        if !app.servers.wait_ready(SERVERS).await {
            progress("warning: not every tool server is ready");
        }
        for problem in app.servers.status().iter().flat_map(|status| status.problems().collect::<Vec<_>>()) {
            progress(&format!("warning: {problem}"));
        }
    }
}

/// Waits until each incident has its outcome or a question to a person, and until its messages were tried.
async fn to_the_end(app: &App, ids: &BTreeSet<String>, progress: &Progress) {
    let mut shown = BTreeSet::new();
    let mut waited = Duration::ZERO;
    let mut said: BTreeMap<IncidentId, String> = BTreeMap::new();
    loop {
        let incidents: Vec<Arc<Incident>> =
            ids.iter().filter_map(|id| app.services.store.get(&IncidentId(id.as_str().into()))).collect();
        for incident in &incidents {
            let state = (incident.id.clone(), incident.state().as_str());
            if shown.insert(state.clone()) {
                progress(&format!("{}: {}", state.0, state.1));
            }
        }
        // A question and a hold are told as well: nothing else says until when they are open.
        for incident in incidents.iter().filter(|incident| incident.outcome().is_none()) {
            let (now, limits) = (app.services.clock.now(), &app.services.limits);
            let Some(sentence) = waiting::sentence(incident, now, limits) else { continue };
            if said.get(&incident.id) != Some(&sentence) {
                progress(&format!("{}: {sentence}", incident.id));
                said.insert(incident.id.clone(), sentence);
            }
        }
        let decided = incidents.iter().all(|incident| at_end(incident));
        let told = incidents.iter().all(|incident| tried(incident));
        if decided && (told || waited >= MESSAGES) {
            break;
        }
        if decided {
            if waited.is_zero() {
                progress(&format!("waits for messages to people, {} s at the most", MESSAGES.as_secs()));
            }
            waited += LOOK_AGAIN;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// A question to a person, or a verdict that waits, is an end here: nobody answers a command.
fn at_end(incident: &Incident) -> bool {
    let reported =
        incident.report.is_some() || matches!(incident.outcome(), Some(Outcome::Suppressed | Outcome::Resolved));
    let held = incident.decision.as_ref().is_some_and(|decision| decision.verdict.kind() == "hold");
    match incident.state() {
        State::AwaitingApproval | State::Closed => true,
        State::Watching => reported,
        State::Open => held,
        _ => false,
    }
}

fn tried(incident: &Incident) -> bool {
    let untried = |delivery: &crate::domain::Delivery| {
        delivery.attempts == 0 && matches!(delivery.state, DeliveryState::Due { .. })
    };
    !incident.deliveries.iter().any(untried)
}
