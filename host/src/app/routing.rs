//! Who would be told of something that nobody has sent: by the policies of the configuration, its targets, and what the
//! journal says of silences and of what fires.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::policies::{self, last_tools, opened};
use super::records::DiskRecords;
use super::sources::AllSources;
use crate::backend::routing::{Routing, RoutingSubject, RoutingWanted, Told};
use crate::config::{Config, Problem, Problems};
use crate::domain::alert::fingerprint;
use crate::domain::{
    Alert, Catalogue, Decision, Entry, Fact, History, Incident, Labels, Occasion, Outcome, Severity, Status, Verdict,
};
use crate::plugin::Plugins;
use crate::policy::Set;
use crate::ports::{Notifiers, Sources};
use crate::report::date;
use crate::rules::{Context, Policies, RouteTried};

/// Answers it. Nothing is written or called.
///
/// # Errors
/// What is wrong with the configuration, the policies or what comes in.
pub async fn run(config: &Config, wanted: &RoutingWanted) -> Result<Vec<Routing>, Problems> {
    let general = |text: String| Problems(vec![Problem::general(text)]);
    let (set, _) = policies::load(config, None)?;
    let plugins = policies::plugins(config).await?;
    let mut alerts = alerts(config, &plugins, &wanted.subject).await.map_err(general)?;
    if let Some(severity) = wanted.severity {
        alerts.iter_mut().for_each(|alert| at_severity(alert, severity));
    }
    let mut notes = Vec::new();
    let history = Arc::new(history(config, wanted.at, &mut notes).map_err(general)?);
    let catalogue: Arc<Catalogue> = Arc::new(last_tools(config, wanted.at).map_err(general)?);
    let context = Context { now: wanted.at, mode: config.mode, history: &history, catalogue: &catalogue };
    let asking = Asking { set: &set, context: &context, wanted, targets: Targets::of(config, &plugins), notes };
    let opened = opened(&set, alerts, wanted.at, config.correlate.group_by.as_deref());
    Ok(opened.into_iter().map(|(key, incident)| asking.about(key, &incident)).collect())
}

async fn alerts(config: &Config, plugins: &Arc<Plugins>, subject: &RoutingSubject) -> Result<Vec<Alert>, String> {
    let sources = AllSources::new(Arc::clone(plugins)).with_clusters(config);
    match subject {
        RoutingSubject::Payload(payload) => {
            let decoded = sources.decode(&payload.source, payload.request.clone()).await;
            Ok(decoded.map_err(|error| format!("{}: {error}", payload.name))?.alerts)
        }
        RoutingSubject::Labels { source, labels } => {
            let mut alerts = vec![of_labels(source, labels)];
            sources.place(source, &mut alerts);
            Ok(alerts)
        }
    }
}

fn of_labels(source: &str, labels: &Labels) -> Alert {
    let name = labels.get("alertname").unwrap_or("(no alertname)").to_string();
    Alert {
        source: source.into(),
        status: Status::Firing,
        severity: Severity::from_word(labels.get("severity")),
        fingerprint: fingerprint(source, &name, labels),
        name,
        labels: labels.clone(),
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        link: None,
    }
}

fn at_severity(alert: &mut Alert, severity: Severity) {
    alert.severity = severity;
    alert.labels.insert("severity", severity.as_str());
}

/// What the host that runs here, or ran here last, knows; nothing where none has.
fn history(config: &Config, at: Timestamp, notes: &mut Vec<String>) -> Result<History, String> {
    if !config.journal.exists() {
        notes.push(format!(
            "without the silences and alerts of a host: there is no journal at {}",
            config.journal.display()
        ));
        return Ok(History::default());
    }
    DiskRecords::open(config)?.standing(at)
}

/// The targets that there are.
struct Targets<'a> {
    plugins: &'a Plugins,
    /// None where the configuration has none at all.
    configured: Option<BTreeSet<String>>,
    /// Those that reach one person each.
    personal: Vec<String>,
}

impl<'a> Targets<'a> {
    fn of(config: &Config, plugins: &'a Plugins) -> Self {
        let configured = plugins.target_names();
        Self {
            configured: (!configured.is_empty()).then_some(configured),
            plugins,
            personal: config.users.values().filter_map(|user| user.notify.clone()).collect(),
        }
    }

    fn has(&self, target: &str) -> bool {
        let configured = self.configured.as_ref().is_none_or(|names| names.contains(target));
        configured || self.plugins.has(target)
    }

    fn problem(&self, target: &str) -> Option<String> {
        if self.configured.is_none() || self.plugins.has(target) {
            return None;
        }
        Some(self.plugins.unusable_target(target).unwrap_or_else(|| "it cannot be used".into()))
    }
}

struct Asking<'a> {
    set: &'a Set,
    context: &'a Context<'a>,
    wanted: &'a RoutingWanted,
    targets: Targets<'a>,
    notes: Vec<String>,
}

impl Asking<'_> {
    fn about(&self, key: String, incident: &Incident) -> Routing {
        let occasion = self.wanted.occasion;
        let judged = Policies::decide(self.set, incident, self.context);
        let decision = judged.decision;
        let mut notes = self.notes.clone();
        notes.extend(judged.faults.iter().map(|fault| format!("fault: {fault}")));
        let outcome = (occasion != Occasion::Approval).then_some(self.wanted.outcome);
        let quiet = quiet(decision.as_ref(), outcome, occasion);
        if let (None, Some(Decision { verdict: Verdict::Hold { until }, .. })) = (&quiet, &decision) {
            notes.push(format!("its rule waits first, until {}, and is asked again then", date(*until)));
        }
        let routes = self.set.explain_routes(&self.told_of(incident), occasion, self.context);
        let (told, passed_over) = self.told(&routes);
        if self.targets.configured.is_none() {
            notes.push("no [notifiers.NAME] is configured, so the names of the routes count as targets".into());
        }
        if occasion == Occasion::Approval && !self.targets.personal.is_empty() {
            let personal = self.targets.personal.join(", ");
            notes.push(format!("whoever is in a group that is asked gets the question as well: those of {personal}"));
        }
        let decided = match &decision {
            None => "no rule matches, so the default applies".to_string(),
            Some(decision) => {
                let rule = decision.rule.as_deref().unwrap_or("the default");
                format!("{} by {rule}: {}", decision.verdict.kind(), decision.reason)
            }
        };
        Routing {
            incident: key,
            title: incident.title(),
            severity: incident.severity(),
            occasion,
            outcome,
            decided,
            quiet,
            routes,
            told,
            passed_over,
            notes,
        }
    }

    /// The incident as it stands when people are told.
    fn told_of(&self, incident: &Incident) -> Incident {
        let mut told = incident.clone();
        if self.wanted.occasion == Occasion::Resolved {
            let over = |alert: &Alert| Alert { status: Status::Resolved, ..alert.clone() };
            told.alerts = incident.alerts.iter().map(over).collect::<Vec<_>>().into();
        }
        if self.wanted.occasion != Occasion::Approval {
            let fact = Fact::Concluded { outcome: self.wanted.outcome, reason: String::new() };
            told.apply(&Entry { at: self.wanted.at, fact });
        }
        told
    }

    /// Who is told, each once, and which names are passed over.
    fn told(&self, routes: &[RouteTried]) -> (Vec<Told>, Vec<String>) {
        let (mut told, mut passed_over): (Vec<Told>, Vec<String>) = Default::default();
        for route in routes.iter().filter(|route| route.taken) {
            for target in &route.targets {
                if !self.targets.has(target) {
                    if !passed_over.contains(target) {
                        passed_over.push(target.clone());
                    }
                } else if !told.iter().any(|known| known.target == *target) {
                    let fallback = route.fallback.as_ref();
                    told.push(Told {
                        target: target.clone(),
                        route: route.route.clone(),
                        fallback: fallback.map(|fallback| fallback.to.clone()).unwrap_or_default(),
                        fallback_after_ms: fallback.map(|fallback| fallback.after_ms),
                        problem: self.targets.problem(target),
                    });
                }
            }
        }
        // Whoever is told anyway, or is not there, stands in for nobody.
        let known: BTreeSet<String> = told.iter().map(|one| one.target.clone()).collect();
        for one in &mut told {
            one.fallback.retain(|target| self.targets.has(target) && !known.contains(target));
            one.fallback_after_ms = one.fallback_after_ms.filter(|_| !one.fallback.is_empty());
        }
        (told, passed_over)
    }
}

/// Why nobody is told now.
fn quiet(decision: Option<&Decision>, outcome: Option<Outcome>, occasion: Occasion) -> Option<String> {
    let rule = decision.and_then(|decision| decision.rule.as_deref()).unwrap_or_default();
    // What a rule holds it decides later; what is known is held back whatever rules would say.
    let is_known = ["silence:", "inhibit:"].iter().any(|kind| rule.starts_with(kind));
    match (decision.map(|decision| &decision.verdict), outcome) {
        (Some(Verdict::Hold { until }), _) if is_known => Some(format!("{rule} holds it back until {}", date(*until))),
        (Some(Verdict::Suppress), _) => Some("the policies suppress it, and nobody is told of that".into()),
        (_, Some(Outcome::Suppressed)) => Some("nobody is told of what is suppressed".into()),
        (_, Some(Outcome::Resolved)) if occasion == Occasion::Report => {
            Some("nobody is told of what has resolved before anything was done".into())
        }
        (_, Some(Outcome::Fixed | Outcome::Resolved)) if occasion == Occasion::Resolved => {
            Some("only of what needed a person it is told that it is over".into())
        }
        _ => None,
    }
}
