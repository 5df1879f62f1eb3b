//! Questions about policies that need no running host: tests, lint, and why something is decided.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::launch::{load_plugins, problem};
use super::records::DiskRecords;
use super::sources::AllSources;
use super::{explained_events, explained_looks};
use crate::backend::policies::{ExplainInput, ExplainedAction, Explanation, TestReport};
use crate::backend::{Payload, Records, find};
use crate::clock::SystemClock;
use crate::config::{Config, Problem, Problems};
use crate::domain::{Action, Alert, Catalogue, Entry, Fact, History, Incident, IncidentId, Mode, Origin, Verdict};
use crate::environment::ProcessEnvironment;
use crate::gate;
use crate::journal::Memory;
use crate::network::Network;
use crate::pipeline::correlate::{Index, correlate, group};
use crate::plugin::Plugins;
use crate::policy::{Set, test};
use crate::ports::{Clock, IncidentRecord, Sources};
use crate::report::date;
use crate::rules::{Context, Policies, RuleDecision};

/// Reads the folder that was named, or else the configured one, or else the built-in set.
pub(super) fn load(config: &Config, folder: Option<&Path>) -> Result<(Set, Option<std::path::PathBuf>), Problems> {
    let configured = &config.policies;
    let folder = match folder {
        Some(folder) if !folder.is_dir() => {
            let text = format!("there is no folder {}; name the folder that holds the *.rhai files", folder.display());
            return Err(Problems(vec![Problem::general(text)]));
        }
        Some(folder) => Some(folder),
        None => (configured.given || configured.path.is_dir()).then_some(configured.path.as_path()),
    };
    let set = match folder {
        Some(folder) => Set::load(folder),
        None => Set::embedded(),
    };
    let wrong = |error: crate::policy::Problems| match folder {
        Some(folder) if folder != configured.path => {
            Problems(error.0.iter().map(|one| Problem::general(one.to_string())).collect())
        }
        _ => problem(config, &["policies", "path"], error.to_string()),
    };
    Ok((set.map_err(wrong)?, folder.map(Path::to_path_buf)))
}

fn name(folder: Option<&Path>) -> String {
    folder.map_or_else(|| "the built-in policies".into(), |folder| folder.display().to_string())
}

/// Runs the table tests beside the policies.
pub fn run_tests(config: &Config, folder: Option<&Path>) -> Result<TestReport, Problems> {
    let (set, folder) = load(config, folder)?;
    let report = match &folder {
        Some(folder) => test::run(&set, &folder.join("tests")),
        None => test::run_texts(&set, Vec::new()),
    };
    Ok(TestReport {
        folder: name(folder.as_deref()),
        passed: report.passed,
        failed: report.failed.iter().map(ToString::to_string).collect(),
        reached: report.coverage.reached,
        all: report.coverage.all,
        missing: report.coverage.missing.iter().map(|(place, text)| format!("{place}: {text}")).collect(),
    })
}

/// Explains an incident of the journal, or what a payload would become.
pub async fn explain(config: &Config, subject: ExplainInput) -> Result<Vec<Explanation>, Problems> {
    let (set, _) = load(config, None)?;
    let general = |text: String| Problems(vec![Problem::general(text)]);
    match subject {
        ExplainInput::Incident(word) => {
            let records = DiskRecords::open(config).map_err(general)?;
            let incident = find(&records, &word).map_err(|error| general(error.to_string()))?;
            let story = records.story(&incident.id.0).map_err(general)?;
            let story = story.ok_or_else(|| general(format!("incident {} has no entries", incident.id)))?;
            let past = records.history(&story.incident).map_err(general)?;
            let tools = |at| records.tools(at).map_err(general);
            let at = decided_at(&story).unwrap_or_else(|| SystemClock.now());
            Ok(vec![of_story(config.mode, &set, &story, past, Arc::new(tools(at)?), at)])
        }
        ExplainInput::Payload(payload) => of_payload(config, &set, payload).await,
        ExplainInput::Events(payload) => explained_events::of(config, &set, &payload).await,
    }
}

/// When an incident was decided last; none where it has not been.
fn decided_at(story: &IncidentRecord) -> Option<Timestamp> {
    story.entries.iter().rfind(|entry| matches!(entry.fact, Fact::Decided { .. })).map(|entry| entry.at)
}

/// The incident as it stood when it was decided, with the past as it was then; as it stands at `otherwise`, where it was
/// not decided yet.
pub(super) fn of_story(
    mode: Mode,
    set: &Set,
    story: &IncidentRecord,
    history: History,
    catalogue: Arc<Catalogue>,
    otherwise: Timestamp,
) -> Explanation {
    let decided = story.entries.iter().rposition(|entry| matches!(entry.fact, Fact::Decided { .. }));
    let before = story.entries.get(..decided.unwrap_or(story.entries.len())).unwrap_or_default();
    let now = decided.and_then(|n| story.entries.get(n)).map_or(otherwise, |entry| entry.at);
    let then = rebuilt(&story.incident.id, before).unwrap_or_else(|| story.incident.clone());
    let history = Arc::new(history);
    let context = Context { now, mode, history: &history, catalogue: &catalogue };
    let mut explained = explained(set, &then, &context);
    explained.looks = explained_looks::of_incident(set, &story.incident, &context);
    for record in &story.incident.actions {
        let mut action = about(set, &record.action, &story.incident, &context);
        action.ruled = record.ruling.clone();
        action.state = Some(record.state.as_str().to_string());
        let approvals = record.approvals.iter();
        action.approvals = approvals.map(|one| format!("{} at {} ({})", one.person, date(one.at), one.via)).collect();
        explained.actions.push(action);
    }
    explained.notes.push(format!(
        "the policies of now were asked about it as it stood at {}, when it {}",
        date(now),
        if decided.is_some() { "was decided" } else { "was looked at: it has not been decided yet" }
    ));
    explained.decided = story.incident.decision.as_deref().cloned();
    if explained.decided.as_ref().is_some_and(|decision| decision.policies != set.digest()) {
        explained.notes.push("the policies have changed since then".into());
    }
    explained
}

fn rebuilt(id: &IncidentId, entries: &[Entry]) -> Option<Incident> {
    let (first, rest) = entries.split_first()?;
    let mut incident = Incident::open(id.clone(), first)?;
    rest.iter().for_each(|entry| incident.apply(entry));
    Some(incident)
}

/// What a payload would become, if there were no other incident. Nothing is written or called.
async fn of_payload(config: &Config, set: &Set, payload: Payload) -> Result<Vec<Explanation>, Problems> {
    let general = |text: String| Problems(vec![Problem::general(text)]);
    let (plugins, at) = (plugins(config).await?, payload.request.received_at);
    let sources = AllSources::new(Arc::clone(&plugins)).with_clusters(config);
    let decoded = sources.decode(&payload.source, payload.request).await;
    let alerts = decoded.map_err(|error| general(format!("{}: {error}", payload.name)))?.alerts;
    of_alerts(config, set, &plugins, alerts, at)
}

/// The plugins as they would be loaded, over nothing that is kept.
pub(super) async fn plugins(config: &Config) -> Result<Arc<Plugins>, Problems> {
    let (network, state) = (Arc::new(Network::default()), Arc::new(Memory::new()));
    let (plugins, _) = load_plugins(config, &ProcessEnvironment, network, state).await?;
    Ok(Arc::new(plugins))
}

/// What alerts would become, if there were no other incident. Nothing is written or called.
pub(super) fn of_alerts(
    config: &Config,
    set: &Set,
    plugins: &Plugins,
    alerts: Vec<Alert>,
    at: Timestamp,
) -> Result<Vec<Explanation>, Problems> {
    let general = |text: String| Problems(vec![Problem::general(text)]);
    let mut catalogue = last_tools(config, at).map_err(general)?;
    let (own, known) = (crate::ports::Tools::catalogue(plugins), !catalogue.tools.is_empty());
    catalogue.tools.extend(own.tools.clone());
    let catalogue = Arc::new(catalogue);
    let by = config.correlate.group_by.as_deref();
    let history = Arc::new(History::default());
    let context = Context { now: at, mode: config.mode, history: &history, catalogue: &catalogue };
    let mut all = of_opened(set, alerts, at, by, &context, &|| false);
    let tools = if known { "with the tools that the host had last" } else { "without tool servers" };
    for explained in &mut all {
        explained
            .notes
            .push(format!("{tools}, without a past: counts are 0, and a tool that is not known has the highest risk"));
    }
    Ok(all)
}

/// What alerts would become in the order in which their incidents would be opened, as long as somebody waits for it.
pub(super) fn of_opened(
    set: &Set,
    alerts: Vec<Alert>,
    at: Timestamp,
    by: Option<&[String]>,
    context: &Context<'_>,
    is_unwanted: &dyn Fn() -> bool,
) -> Vec<Explanation> {
    let opened = opened(set, alerts, at, by).into_iter();
    let wanted = opened.take_while(|_| !is_unwanted());
    wanted.map(|(key, incident)| Explanation { incident: key, ..of_new(set, &incident, context) }).collect()
}

/// The incidents that alerts would open if there were no other one, in their order, each with its group key.
pub(super) fn opened(set: &Set, alerts: Vec<Alert>, at: Timestamp, by: Option<&[String]>) -> Vec<(String, Incident)> {
    let group_of = |alert: &_| group(Policies::group(set, alert), alert, by);
    let opened = correlate(&Index::default(), &HashMap::new(), alerts, &group_of, at).opened;
    let open = |(n, (group_key, alerts)): (usize, (String, Vec<Alert>))| {
        let source = alerts.first().map(|alert| alert.source.clone()).unwrap_or_default();
        let fact = Fact::Opened { group_key: group_key.clone(), source, alerts };
        let incident = Incident::open(IncidentId(format!("i{}", n + 1).into()), &Entry { at, fact })?;
        Some((group_key, incident))
    };
    opened.into_iter().enumerate().filter_map(open).collect()
}

/// Those of the host that runs here, or ran here last; none when none has.
pub(super) fn last_tools(config: &Config, at: Timestamp) -> Result<Catalogue, String> {
    if !config.journal.exists() {
        return Ok(Catalogue::default());
    }
    DiskRecords::open(config)?.tools(at)
}

fn of_new(set: &Set, incident: &Incident, context: &Context<'_>) -> Explanation {
    let (catalogue, mut explained) = (context.catalogue, explained(set, incident, context));
    explained.looks = explained_looks::of_evidence(set, incident, explained.decision.as_ref(), context);
    let decided = explained.decision.as_ref().map(|decision| (decision.verdict.clone(), decision.rule.clone()));
    if let Some((Verdict::Remediate { actions, .. }, rule)) = decided {
        let origin = Origin::Policy { rule: rule.unwrap_or_default() };
        for (n, proposal) in actions.into_iter().enumerate() {
            let (risk, touches) = (catalogue.risk(&proposal.call.tool), catalogue.touches(&proposal.call));
            let id = crate::domain::ActionId(format!("a{}", n + 1));
            let action = Action::new(id, proposal, origin.clone(), risk, touches);
            explained.actions.push(about(set, &action, incident, context));
        }
    }
    explained
}

fn explained(set: &Set, incident: &Incident, context: &Context<'_>) -> Explanation {
    let RuleDecision { decision, faults } = Policies::decide(set, incident, context);
    Explanation {
        incident: incident.id.to_string(),
        title: incident.title(),
        event: None,
        notes: Vec::new(),
        decided: None,
        decision,
        faults,
        considered: Policies::explain(set, incident, context),
        looks: Vec::new(),
        actions: Vec::new(),
    }
}

fn about(set: &Set, action: &Action, incident: &Incident, context: &Context<'_>) -> ExplainedAction {
    let mut votes = Policies::gates(set, action, incident, context);
    // What a running host has counted is not known here.
    votes.iter_mut().for_each(|vote| gate::canary::apply(vote, |_| 0));
    gate::undo::apply(&mut votes, incident, action);
    let heard = gate::gate_rulings(&votes);
    let (says, by, _) = gate::decide(&heard, action.risk);
    ExplainedAction {
        id: action.id.0.clone(),
        tool: action.tool().into(),
        target: action.target(),
        origin: action.origin.clone(),
        risk: action.risk,
        says,
        by,
        heard,
        ruled: None,
        state: None,
        approvals: Vec::new(),
    }
}
