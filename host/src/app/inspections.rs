//! Runs of inspections: begun by the clock or by somebody, one at a time, journaled, and told of as alerts.

mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};
use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::backend::{ControlError, InspectionView, Progress};
use crate::config::{FindingsAs, Inspection, ReportWhen};
use crate::domain::control::{self, Control};
use crate::domain::entry::Usage;
use crate::domain::inspection::{InspectionEvent, Run, Standing, Summary};
use crate::domain::{Alert, Fact, Person, Sealed};
use crate::inspection::alerts;
use crate::inspection::changes::{self, Changes, Standings};
use crate::inspection::timetable::Due;
use crate::pipeline::{self, Services, inspect};
use crate::ports::{Journal, JournalError};
use crate::report;
use crate::store;
pub use tally::Tally;

/// How long one run may take.
const WITHIN: Duration = Duration::from_secs(900);
/// How long it is waited after a run that could not be journaled, and between two looks at the clock at most.
pub const AGAIN: Duration = Duration::from_secs(60);

/// All inspections of a host.
pub struct Inspections {
    services: Arc<Services>,
    journal: Arc<dyn Journal>,
    configured: Vec<Inspection>,
    /// One at a time.
    busy: tokio::sync::Mutex<()>,
    standings: Mutex<BTreeMap<String, Standings>>,
    tally: Tally,
    /// What follows the schedules.
    clockwork: Mutex<Option<JoinHandle<()>>>,
}

/// Who wants a run.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The schedule, for this moment.
    Planned(Timestamp),
    /// Somebody.
    By(Person),
}

/// A run, and the incidents that tell of it.
pub type Done = (Run, Vec<String>);

impl Inspections {
    /// Those of the configuration.
    pub fn new(services: Arc<Services>, journal: Arc<dyn Journal>, configured: Vec<Inspection>) -> Arc<Self> {
        Arc::new(Self {
            services,
            journal,
            configured,
            busy: tokio::sync::Mutex::default(),
            standings: Mutex::default(),
            tally: Tally::default(),
            clockwork: Mutex::default(),
        })
    }

    fn standings(&self) -> MutexGuard<'_, BTreeMap<String, Standings>> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the journal says of earlier runs. One that began and has no end is named as interrupted: it is made
    /// again at its next time.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub async fn restore(&self) -> Result<(), JournalError> {
        if self.configured.is_empty() {
            return Ok(());
        }
        let _one_at_a_time = self.busy.lock().await;
        let all = told(&self.journal.stream(control::STREAM)?);
        *self.standings() = all.clone();
        for (inspection, standings) in all {
            if let Some(run) = standings.under_way {
                tracing::warn!(inspection, %run, "an inspection was interrupted; it is made again at its next time");
                let why = "the host ended within it".to_string();
                self.note(InspectionEvent::Interrupted { inspection, run, why }).await?;
            }
        }
        Ok(())
    }

    /// Begins to follow the schedules, until [`Self::stop`].
    pub fn follow(self: &Arc<Self>) {
        if self.configured.iter().all(|one| one.timetable.is_none()) {
            return;
        }
        let own = Arc::clone(self);
        let task = tokio::spawn(async move { own.clockwork().await });
        *self.clockwork.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Follows no schedule any more. A run that is under way is broken off.
    pub fn stop(&self) {
        if let Some(task) = self.clockwork.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    async fn clockwork(self: Arc<Self>) {
        let clock = Arc::clone(&self.services.clock);
        let mut started = clock.now();
        let mut chances: BTreeMap<String, u64> = BTreeMap::new();
        loop {
            let mut pause = AGAIN;
            for inspection in &self.configured {
                let (name, Some(timetable)) = (&inspection.order.name, &inspection.timetable) else { continue };
                let random = &self.services.random;
                let chance = *chances.entry(name.clone()).or_insert_with(|| random.below(1_000_000));
                // What was never made is not missed.
                let now = clock.now();
                if changes::is_far_ahead(started, now) {
                    started = now;
                }
                let known = self.standings().get(name).and_then(|one| one.settled_until(now)).unwrap_or(started);
                match timetable.due(known, now, chance) {
                    Due::Now { planned, skipped } => {
                        chances.remove(name);
                        let due = AssertUnwindSafe(self.due(inspection, planned, skipped)).catch_unwind().await;
                        let Ok(begun) = due else {
                            self.broken_off(name).await;
                            pause = AGAIN;
                            break;
                        };
                        pause = Duration::ZERO;
                        if let Err(error) = begun {
                            tracing::error!(inspection = name, %error, "an inspection that is due could not be made");
                            pause = AGAIN;
                            break;
                        }
                    }
                    Due::At(at) => pause = pause.min(crate::ports::until(now, at).max(Duration::from_millis(20))),
                    Due::Never => {}
                }
            }
            if !pause.is_zero() {
                clock.sleep(pause).await;
            }
        }
    }

    /// Notes that a run ended in a fault of the host. The schedules go on.
    async fn broken_off(&self, name: &str) {
        tracing::error!(inspection = name, "a run was broken off by a fault of the host; the schedules go on");
        let _one_at_a_time = self.busy.lock().await;
        let Some(run) = self.standings().get(name).and_then(|one| one.under_way) else { return };
        let why = "a fault of the host ended it".to_string();
        let interrupted = InspectionEvent::Interrupted { inspection: name.to_string(), run, why };
        if let Err(error) = self.note(interrupted).await {
            tracing::error!(inspection = name, %error, "it could not be journaled that a run was broken off");
        }
    }

    async fn due(
        self: &Arc<Self>,
        inspection: &Inspection,
        planned: Timestamp,
        skipped: Option<(u64, Timestamp)>,
    ) -> Result<(), ControlError> {
        if let Some((count, last)) = skipped {
            let name = inspection.order.name.clone();
            tracing::warn!(inspection = name, count, "times of an inspection passed; the last of them is made up for");
            self.note(InspectionEvent::Skipped { inspection: name, count, last }).await.map_err(unavailable)?;
        }
        let _one_at_a_time = self.busy.lock().await;
        match self.made(inspection, &Wanted::Planned(planned), &|_| {}).await {
            Ok((run, _)) => {
                let (new, still, gone) = (run.new.len(), run.still.len(), run.gone.len());
                tracing::info!(inspection = run.inspection, new, still, gone, took_ms = run.took_ms, "inspected");
                Ok(())
            }
            // It is journaled as begun, and comes again at its next time.
            Err(ControlError::Conflict(why)) => {
                tracing::error!(inspection = inspection.order.name, why, "an inspection was broken off");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a run now.
    ///
    /// # Errors
    /// When there is none of that name, another run is under way, or the journal takes nothing.
    pub fn run<'a>(
        &'a self,
        name: &'a str,
        by: Person,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Done, ControlError>> {
        self.asked(name, by, progress).boxed()
    }

    async fn asked(&self, name: &str, by: Person, progress: &Progress) -> Result<Done, ControlError> {
        let Some(inspection) = self.configured.iter().find(|one| one.order.name == name) else {
            let names: Vec<&str> = self.configured.iter().map(|one| one.order.name.as_str()).collect();
            let known = if names.is_empty() {
                "the configuration has no [[inspection]]".into()
            } else {
                format!("there are {}", names.join(", "))
            };
            return Err(ControlError::NotFound(format!("there is no inspection {name:?}; {known}")));
        };
        let Ok(_one_at_a_time) = self.busy.try_lock() else {
            return Err(ControlError::Conflict("another inspection is under way; wait until it has ended".into()));
        };
        self.made(inspection, &Wanted::By(by), progress).await
    }

    /// One run from its beginning to its end, while no other is made.
    async fn made(&self, inspection: &Inspection, wanted: &Wanted, progress: &Progress) -> Result<Done, ControlError> {
        let services = &self.services;
        services.tools.settled().await;
        services.store.note_tools(services.tools.as_ref()).await.map_err(unavailable)?;
        let (at, begun) = (services.clock.now(), services.clock.elapsed());
        let name = &inspection.order.name;
        let (planned, person) = match wanted {
            Wanted::Planned(planned) => (Some(*planned), None),
            Wanted::By(person) => (None, Some(person.clone())),
        };
        let began = InspectionEvent::Began { inspection: name.clone(), run: at, planned, person };
        self.note(began).await.map_err(unavailable)?;
        let before = self.standings().get(name).cloned().unwrap_or_default();
        let seen = {
            let looking = std::pin::pin!(inspect::run(services, &inspection.order, &before, progress));
            let mut late = std::pin::pin!(self.late(begun));
            match select(looking, &mut late).await {
                Either::Left((seen, _)) => seen,
                Either::Right(_) => {
                    let why = format!("it was not over after {} s", WITHIN.as_secs());
                    let (inspection, run) = (name.clone(), at);
                    let interrupted = InspectionEvent::Interrupted { inspection, run, why: why.clone() };
                    self.note(interrupted).await.map_err(unavailable)?;
                    return Err(ControlError::Conflict(format!("inspection {name}: {why}")));
                }
            }
        };
        let Changes { mut new, mut still, gone, unseen } = before.changes(at, seen.findings, &seen.parts);
        // What is beyond the bound is not told yet; what stands already is no less found for that. What is worst is first.
        let room = changes::MOST.saturating_sub(still.len() + unseen.len()).max(changes::MOST / 10);
        let left_out = new.len().saturating_sub(room) as u64;
        new.truncate(room);
        let again = still.len();
        // What could not be looked at is taken to be as it was.
        still.extend(unseen);
        let took_ms = u64::try_from(services.clock.elapsed().saturating_sub(begun).as_millis()).unwrap_or(u64::MAX);
        let first = before.ended.is_none();
        let inspection_name = name.clone();
        let mut run = Run {
            inspection: inspection_name,
            at,
            took_ms,
            first,
            new,
            still,
            gone,
            left_out,
            parts: seen.parts,
            summary: None,
        };
        store::inspected(&mut run);
        let again: Vec<Standing> = run.still.iter().take(again).cloned().collect();
        let mut answered: Option<Fact> = None;
        let wanted = is_wanted(inspection.report, &run);
        if inspection.summary && wanted {
            progress("asks the model for a summary");
            let asked = self.summary(&run, begun).await;
            run.summary = Some(asked.summary);
            store::inspected(&mut run);
            answered = asked.fact;
        }
        // Before the end is journaled: a run that dies in between has told, and the next finds it out.
        let report = wanted.then_some(answered);
        let incidents = self.tell(inspection, &run, &again, report).await.map_err(unavailable)?;
        let ended = InspectionEvent::Ended {
            inspection: name.clone(),
            run: at,
            took_ms,
            new: run.new.iter().map(|one| one.finding.clone()).collect(),
            gone: run.gone.iter().map(|one| one.finding.key()).collect(),
            still: run.still.len() as u64,
            parts: run.parts.clone(),
            summary: run.summary.clone(),
        };
        self.note(ended).await.map_err(unavailable)?;
        self.tally.ended(&run);
        Ok((run, incidents))
    }

    /// Asks the model within the time of the run. What is broken off may have cost something, and is counted.
    async fn summary(&self, run: &Run, begun: Duration) -> inspect::Asked {
        let asking = std::pin::pin!(inspect::summarise(&self.services, run, self.told(run)));
        let late = std::pin::pin!(self.late(begun));
        match select(asking, late).await {
            Either::Left((asked, _)) => asked,
            Either::Right(_) => {
                let reason = format!("the model had not answered when the {} s of the run were over", WITHIN.as_secs());
                let usage = Usage { calls: 1, ..Usage::default() };
                let fact = Some(Fact::ModelFailed { reason: reason.clone(), usage });
                inspect::Asked { summary: Summary::Missing(reason), fact }
            }
        }
    }

    async fn late(&self, begun: Duration) {
        // A sleep may come back early.
        loop {
            let left = (begun + WITHIN).saturating_sub(self.services.clock.elapsed());
            if left.is_zero() {
                return;
            }
            self.services.clock.sleep(left).await;
        }
    }

    /// The alert by which people are told.
    fn told(&self, run: &Run) -> Alert {
        let language = self.services.language;
        alerts::report(run, &report::inspection::title(run, language), &report::inspection::digest(run, language))
    }

    /// Hands in what is to be told: of the findings, of which `again` were seen again, and, where it is wanted, the
    /// report, with what the model said of it. The incidents that came of it.
    async fn tell(
        &self,
        inspection: &Inspection,
        run: &Run,
        again: &[Standing],
        wanted: Option<Option<Fact>>,
    ) -> Result<Vec<String>, JournalError> {
        let mut all: Vec<Alert> = Vec::new();
        let alert = |standing: &Standing, ended| {
            let said = report::inspection::sentence(&standing.finding, self.services.language);
            alerts::finding(&run.inspection, standing, ended, &said)
        };
        let live = self.services.store.all();
        let live = || live.iter().map(AsRef::as_ref);
        if inspection.findings == FindingsAs::Alerts {
            let firing: BTreeSet<&str> =
                alerts::firing(&run.inspection, live()).map(|alert| alert.fingerprint.as_str()).collect();
            // What somebody else's alert covered may be covered by none any more.
            let unheard = again.iter().map(|standing| alert(standing, None));
            let unheard = unheard.filter(|alert| !firing.contains(alert.fingerprint.as_str()));
            let found = run.new.iter().map(|standing| alert(standing, None)).chain(unheard);
            all.extend(found.filter(|alert| !alerts::is_handled(alert, live())));
            all.extend(run.gone.iter().map(|standing| alert(standing, Some(run.at))));
        }
        // A run that died after it had told leaves alerts of which no standing knows.
        let known: BTreeSet<String> =
            run.findings().chain(&run.gone).map(|standing| alert(standing, None).fingerprint).collect();
        let orphans = alerts::firing(&run.inspection, live()).filter(|alert| !known.contains(&alert.fingerprint));
        all.extend(orphans.map(|alert| alerts::over(alert, run.at)));
        let mut incidents = Vec::new();
        if !all.is_empty() {
            let received = pipeline::receive(&self.services, all).await?;
            incidents.extend(received.incidents.into_iter().map(|id| id.to_string()));
        }
        if let Some(answered) = wanted {
            let received = pipeline::receive(&self.services, vec![self.told(run)]).await?;
            if let (Some(id), Some(fact)) = (received.incidents.first(), answered) {
                // What it has cost counts where all other questions do.
                self.services.store.append(id, vec![fact]).await?;
            }
            incidents.extend(received.incidents.into_iter().map(|id| id.to_string()));
        }
        Ok(incidents)
    }

    async fn note(&self, event: InspectionEvent) -> Result<(), JournalError> {
        self.services.store.control(Control::Inspection(Box::new(event.clone()))).await?;
        if matches!(event, InspectionEvent::Interrupted { .. }) {
            self.tally.interrupted(event.inspection());
        }
        self.standings().entry(event.inspection().to_string()).or_default().apply(&event);
        Ok(())
    }

    /// How each stands.
    pub fn views(&self) -> Vec<InspectionView> {
        shown(&self.configured, &self.standings(), self.services.clock.now())
    }

    /// Counters and gauges as Prometheus text.
    pub fn metrics(&self) -> String {
        if self.configured.is_empty() { String::new() } else { self.tally.text(&self.standings()) }
    }
}

impl Drop for Inspections {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether people are told of a run.
fn is_wanted(report: ReportWhen, run: &Run) -> bool {
    match report {
        ReportWhen::Always => true,
        ReportWhen::Findings => run.found() || !run.gone.is_empty() || run.is_incomplete(),
        ReportWhen::Changes => !run.new.is_empty() || !run.gone.is_empty(),
        ReportWhen::Never => false,
    }
}

/// How inspections stand by what the journal's own stream says.
fn told(stream: &[Sealed]) -> BTreeMap<String, Standings> {
    let mut all: BTreeMap<String, Standings> = BTreeMap::new();
    for entry in stream.iter().filter_map(|sealed| sealed.open::<Control>().ok()) {
        if let Control::Inspection(event) = entry.fact {
            all.entry(event.inspection().to_string()).or_default().apply(&event);
        }
    }
    all
}

/// How the inspections of a configuration stand by what the journal's own stream says.
pub fn views(configured: &[Inspection], stream: &[Sealed], now: Timestamp) -> Vec<InspectionView> {
    shown(configured, &told(stream), now)
}

fn shown(configured: &[Inspection], standings: &BTreeMap<String, Standings>, now: Timestamp) -> Vec<InspectionView> {
    let view = |one: &Inspection| {
        let standings = standings.get(&one.order.name).cloned().unwrap_or_default();
        InspectionView {
            name: one.order.name.clone(),
            schedule: one.timetable.as_ref().map(|timetable| timetable.schedule.as_str().to_string()),
            next: one.timetable.as_ref().and_then(|timetable| timetable.schedule.after(now)),
            last: standings.ended,
            under_way: standings.under_way,
            findings: standings.findings.into_values().collect(),
        }
    };
    configured.iter().map(view).collect()
}

fn unavailable(error: JournalError) -> ControlError {
    ControlError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests;
