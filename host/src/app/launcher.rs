//! How the command line starts a host, or looks at one that is not running.

use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::launch::{self, load_plugins};
use super::records::DiskRecords;
use super::{check, handle, lint, manual_plan, policies, replay, tool_check};
use crate::author::cases;
use crate::backend::policies::{
    ExplainInput, Explanation, LintReport, LintRequest, ReplayRequest, SuggestRequest, TestReport,
};
use crate::backend::routing::{Routing, RoutingWanted};
use crate::backend::{
    Backend, CheckReport, HandleReport, Host, InspectionView, Payload, PluginView, Progress, Records, RunningHost,
    ScheduleView, VerifiedJournal,
};
use crate::backtest::Report;
use crate::clock::SystemClock;
use crate::config::{Config, Problem, Problems};
use crate::domain::audit::{AuditQuery, AuditView};
use crate::domain::control;
use crate::domain::inspection::Run;
use crate::domain::{Anchor, Head, Sealed};
use crate::environment::ProcessEnvironment;
use crate::journal::{self, Memory, Projection, Reader};
use crate::model;
use crate::model::costs::Costs;
use crate::network::Network;
use crate::plugin::Kind;
use crate::ports::{Clock, JournalError};
use crate::suggest::DraftOutcome;

/// An entry for a reader elsewhere.
fn exported(position: u64, sealed: &Sealed) -> Result<String, String> {
    #[derive(Serialize)]
    struct Line<'a> {
        position: u64,
        stream: &'a str,
        n: u64,
        at: Timestamp,
        entry: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Dated {
        at: Timestamp,
    }
    let Sealed { stream, n, body } = sealed;
    let unreadable = |error: serde_json::Error| format!("entry {position} ({n} of {stream}) cannot be read: {error}");
    let Dated { at } = serde_json::from_str(body).map_err(unreadable)?;
    let entry: &RawValue = serde_json::from_str(body).map_err(unreadable)?;
    serde_json::to_string(&Line { position, stream, n: *n, at, entry }).map_err(unreadable)
}

/// The real host.
#[derive(Clone, Copy, Debug, Default)]
pub struct Launcher;

impl Host for Launcher {
    fn start<'a>(
        &'a self,
        config: Arc<Config>,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<RunningHost, Problems>> {
        Box::pin(async move {
            let (app, loaded) = launch::start(&config, progress).await?;
            app.begin();
            Ok(RunningHost { backend: app, loaded })
        })
    }

    fn check<'a>(&'a self, config: Arc<Config>, progress: &'a Progress) -> BoxFuture<'a, CheckReport> {
        Box::pin(async move { check::run(&config, progress).await })
    }

    fn check_tools<'a>(&'a self, config: Arc<Config>, progress: &'a Progress) -> BoxFuture<'a, CheckReport> {
        Box::pin(async move { tool_check::run(&config, progress).await })
    }

    fn check_model<'a>(&'a self, config: &'a Config) -> BoxFuture<'a, Result<Vec<model::EndpointReport>, Problems>> {
        Box::pin(async move {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            match launch::client(config, &clock)? {
                Some(client) => Ok(client.check().await),
                None => Ok(Vec::new()),
            }
        })
    }

    fn handle<'a>(
        &'a self,
        config: Arc<Config>,
        payloads: Vec<Payload>,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<HandleReport, Problems>> {
        Box::pin(async move {
            let (app, _) = launch::start(&config, progress).await?;
            if let Err(lost) = app.restoration.settled().await {
                app.stop().await;
                return Err(launch::problem(&config, &["journal", "path"], lost));
            }
            let handled = handle::run(&app, payloads, progress).await;
            app.stop().await;
            Ok(handled)
        })
    }

    fn inspect<'a>(
        &'a self,
        config: Arc<Config>,
        name: &'a str,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Run, Problems>> {
        Box::pin(async move {
            let (app, _) = launch::start(&config, progress).await?;
            if let Err(lost) = app.restoration.settled().await {
                app.stop().await;
                return Err(launch::problem(&config, &["journal", "path"], lost));
            }
            let run = handle::inspect(&app, name, progress).await;
            app.stop().await;
            run.map_err(|error| Problems(vec![Problem::general(error)]))
        })
    }

    fn inspections(&self, config: &Config) -> Result<Vec<InspectionView>, String> {
        let reader = config.journal.exists().then(|| Reader::open(&config.journal)).transpose();
        let reader = reader.map_err(|error| error.to_string())?;
        let sealed = reader.map(|reader| reader.stream(control::STREAM)).transpose();
        let sealed = sealed.map_err(|error| error.to_string())?;
        let now = SystemClock.now();
        Ok(super::inspections::views(&config.inspections, &sealed.unwrap_or_default(), now))
    }

    fn schedules(&self, config: &Config) -> Result<Vec<ScheduleView>, String> {
        let reader = config.journal.exists().then(|| Reader::open(&config.journal)).transpose();
        let reader = reader.map_err(|error| error.to_string())?;
        let sealed = reader.map(|reader| reader.stream(control::STREAM)).transpose();
        let sealed = sealed.map_err(|error| error.to_string())?;
        Ok(super::schedules::views(config, &sealed.unwrap_or_default(), SystemClock.now()))
    }

    fn plan_by_hand<'a>(
        &'a self,
        config: &'a Config,
        subject: &'a cases::PluginUnderTest<'a>,
        incident: &'a Value,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<cases::Outcome, String>> {
        Box::pin(manual_plan::plan(config, subject, incident, progress))
    }

    fn plugins<'a>(&'a self, config: &'a Config) -> BoxFuture<'a, Result<Vec<PluginView>, Problems>> {
        Box::pin(async move {
            let (network, state) = (Arc::new(Network::default()), Arc::new(Memory::new()));
            let (plugins, _) = load_plugins(config, &ProcessEnvironment, network, state).await?;
            Ok(super::plugins::views(&plugins))
        })
    }

    fn bundled(&self) -> Vec<(String, Kind)> {
        launch::bundled().map(|manifest| (manifest.name, manifest.kind)).collect()
    }

    fn records(&self, config: &Config) -> Result<Box<dyn Records>, String> {
        Ok(Box::new(DiskRecords::open(config)?))
    }

    fn test_policies(&self, config: &Config, folder: Option<&Path>) -> Result<TestReport, Problems> {
        policies::run_tests(config, folder)
    }

    fn lint_policies<'a>(
        &'a self,
        config: Arc<Config>,
        wanted: &'a LintRequest,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<LintReport, Problems>> {
        Box::pin(async move { lint::run(&config, wanted, progress).await })
    }

    fn explain<'a>(
        &'a self,
        config: Arc<Config>,
        subject: ExplainInput,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Vec<Explanation>, Problems>> {
        Box::pin(async move {
            progress("policies …");
            policies::explain(&config, subject).await
        })
    }

    fn routing<'a>(
        &'a self,
        config: &'a Config,
        wanted: &'a RoutingWanted,
    ) -> BoxFuture<'a, Result<Vec<Routing>, Problems>> {
        Box::pin(super::routing::run(config, wanted))
    }

    fn backtest(&self, config: &Config, wanted: &ReplayRequest, progress: &Progress) -> Result<Report, Problems> {
        replay::backtest(config, wanted, progress)
    }

    fn costs(&self, config: &Config, days: u32) -> Result<Costs, String> {
        DiskRecords::open(config)?.costs(SystemClock.now(), days)
    }

    fn audited(&self, config: &Config, wanted: &AuditQuery) -> Result<Vec<AuditView>, String> {
        DiskRecords::open(config)?.audited(wanted)
    }

    fn had_accounts(&self, config: &Config) -> Result<bool, String> {
        check::had_accounts(config)
    }

    fn suggest(
        &self,
        config: &Config,
        wanted: &SuggestRequest,
        progress: &Progress,
    ) -> Result<Vec<DraftOutcome>, Problems> {
        replay::suggest(config, wanted, progress)
    }

    fn verify(&self, config: &Config, anchors: &[Anchor], progress: &Progress) -> Result<VerifiedJournal, String> {
        progress(&format!("reading {} …", config.journal.display()));
        let reader = Reader::open(&config.journal).map_err(|error| error.to_string())?;
        let mut anchors: Vec<(Anchor, String)> =
            anchors.iter().map(|anchor| (anchor.clone(), "the anchor".to_string())).collect();
        // A host may be taking the listing along with what is written meanwhile.
        let known = Projection::known(&config.projection()).filter(|head| head.position > 0);
        anchors.extend(known.map(|head| (Anchor::from(head), "the projection beside it".to_string())));
        let report = journal::verify(&reader, &anchors).map_err(|error| error.to_string())?;
        let mut faults = report.problems;
        if report.more > 0 {
            faults.push(format!("… and {} more", report.more));
        }
        Ok(VerifiedJournal { streams: report.streams, entries: report.entries, head: report.head.to_string(), faults })
    }

    fn journal_head(&self, config: &Config) -> Result<Head, String> {
        let reader = Reader::open(&config.journal).map_err(|error| error.to_string())?;
        reader.head().map_err(|error| error.to_string())
    }

    fn back_up(&self, config: &Config, to: &Path) -> Result<Head, String> {
        journal::back_up(&config.journal, to).map_err(|error| error.to_string())
    }

    fn restore(&self, config: &Config, from: &Path) -> Result<Vec<String>, String> {
        let restored = journal::restore(from, &config.journal).map_err(|error| error.to_string())?;
        let journal = config.journal.display();
        let mut lines = vec![format!("{journal} is the backup now; its head is {}", restored.head)];
        if let Some(replaced) = restored.replaced {
            let missing = replaced.position.saturating_sub(restored.head.position);
            lines.push(match missing {
                0 => format!("the journal that it replaces ended at entry {}", replaced.position),
                _ => format!(
                    "the journal that it replaces ended at entry {}: {missing} entries are not in the backup",
                    replaced.position
                ),
            });
        }
        if let Some(kept) = restored.kept {
            lines.push(format!("that one is kept as {}", kept.display()));
        }
        Ok(lines)
    }

    fn export(
        &self,
        config: &Config,
        after: u64,
        line: &mut dyn FnMut(&str) -> Result<(), String>,
    ) -> Result<(), String> {
        let reader = Reader::open(&config.journal).map_err(|error| error.to_string())?;
        let exported = reader.replay(after, &mut |position, sealed| {
            line(&exported(position, &sealed).map_err(JournalError)?).map_err(JournalError)
        });
        exported.map_err(|error| error.0)
    }
}
