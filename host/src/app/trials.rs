//! A test message to one target: by its plugin and within the limits of every other message.

use std::sync::Arc;

use super::App;
use crate::backend::ControlError;
use crate::backend::trials::{Obstacle, Trial, Tried};
use crate::domain::message::Stage;
use crate::domain::text::truncate;
use crate::domain::{IncidentId, Occasion};
use crate::pipeline::Services;
use crate::plugin::kind::CallError;
use crate::plugin::{Cause, Failure, Notified, Plugins};
use crate::ports::Message;
use crate::redact::redact;
use crate::report::trial;

/// Bytes of what a target says.
const SAID: usize = 2 << 10;
/// The incident that it tells of: none has this name. The same each time, so that whoever opens something for an incident
/// opens one thing.
const INCIDENT: &str = "tidegate-test";
/// How many are under way at once.
pub(super) const AT_ONCE: usize = 4;

impl App {
    pub(super) async fn tried(&self, trial: Trial) -> Result<Tried, ControlError> {
        let Ok(place) = Arc::clone(&self.trials).try_acquire_owned() else {
            return Err(ControlError::Conflict(format!(
                "{AT_ONCE} test messages are under way; try again in a moment"
            )));
        };
        let (plugins, services) = (Arc::clone(&self.plugins), Arc::clone(&self.services));
        // Who asked may hang up; what is sent is sent to its end.
        let sending = tokio::spawn(async move {
            let _place = place;
            send(&plugins, &services, &trial).await
        });
        let lost = |_| ControlError::Unavailable("a fault in tidegate broke it off; the log says where".into());
        sending.await.map_err(lost)?
    }
}

async fn send(plugins: &Plugins, services: &Services, trial: &Trial) -> Result<Tried, ControlError> {
    let Trial { target, severity, person } = trial;
    let (clock, language) = (services.clock.as_ref(), services.language);
    let now = clock.now();
    let id = format!("{INCIDENT}-{:016x}-{target}", services.random.next());
    let message = Message {
        delivery: id.clone(),
        message: id,
        incident: IncidentId(INCIDENT.into()),
        occasion: Occasion::Report,
        stage: Stage::First,
        earlier: Vec::new(),
        severity: severity.as_str().into(),
        outcome: String::new(),
        content: trial::content(target, person, *severity, services.base.as_deref(), now, language),
        language: language.as_str().into(),
    };
    let before = clock.elapsed();
    let notified = plugins.notify(target, &message, now).await.ok_or_else(|| unknown(plugins, target))?;
    let took = clock.elapsed().saturating_sub(before);
    let said = |text: &str| truncate(&redact(text), SAID);
    let (reference, failed) = match notified {
        Notified::Called(Ok(Ok(reference))) => (reference.as_deref().map(said), None),
        Notified::Called(Ok(Err(error))) => (None, Some((obstacle(&error), said(&error.to_string())))),
        Notified::Called(Err(failure)) => (None, Some((befell(&failure), said(&failure.to_string())))),
        Notified::LeftAlone(text) => (None, Some((Obstacle::LeftAlone, said(&text)))),
    };
    let delivered = failed.is_none();
    let (obstacle, reason) = failed.unzip();
    tracing::info!(%target, %person, delivered, ?obstacle, reason, "a test message was sent");
    Ok(Tried {
        target: target.clone(),
        plugin: plugins.plugin_of(target).unwrap_or_default(),
        delivered,
        reference,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        advice: obstacle.map(|obstacle| obstacle.advice(target)),
        obstacle,
        reason,
    })
}

/// Why there is nobody to send it to.
fn unknown(plugins: &Plugins, target: &str) -> ControlError {
    if let Some(why) = plugins.unusable_target(target) {
        return ControlError::Conflict(format!(
            "the target {target} cannot be used: {}",
            truncate(&redact(&why), SAID)
        ));
    }
    let known: Vec<String> = plugins.usable_targets();
    let there = match known.is_empty() {
        true => "the configuration has no [notifiers.NAME] that can be used".to_string(),
        false => format!("there are {}", known.join(", ")),
    };
    ControlError::NotFound(format!("there is no target {:?}; {there}", truncate(target, 60)))
}

fn obstacle(error: &CallError) -> Obstacle {
    match error {
        // The host's own words, which name the line that would allow it.
        CallError::Misconfigured(text)
            if text.contains("configuration would need") || text.contains("plugin.toml would need") =>
        {
            Obstacle::NotGranted
        }
        CallError::Misconfigured(_) => Obstacle::Misconfigured,
        CallError::Unavailable { .. } => Obstacle::Unavailable,
        CallError::InvalidInput(_) | CallError::Other(_) => Obstacle::Refused,
    }
}

fn befell(failure: &Failure) -> Obstacle {
    match failure.cause {
        Cause::Wall(_) | Cause::Busy(_) | Cause::Crowded(_) => Obstacle::Slow,
        _ => Obstacle::Broken,
    }
}
