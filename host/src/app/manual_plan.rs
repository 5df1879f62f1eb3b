//! A remediation that plans by hand: it looks with the configured tool servers, as far as the gates of the
//! policies in force allow, and changes nothing. Nothing is journaled, for there is no incident.

use std::sync::Arc;

use futures::future::{BoxFuture, join_all};
use serde_json::Value;

use super::{lint, options, policies};
use crate::author::cases::{Outcome, Planning, PluginUnderTest, incident};
use crate::backend::Progress;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::domain::entry::Purpose;
use crate::domain::{Call, Decision, History, Incident, Mode, Verdict};
use crate::environment::ProcessEnvironment;
use crate::gate::Gate;
use crate::network::Network;
use crate::plugin::Wire;
use crate::policy::Set;
use crate::ports::{Clock as _, LookError, Looks, ToolAnswer, Tools};
use crate::rules::Context;

/// Looks on which the gates rule.
struct Ruled {
    gate: Gate,
    policies: Set,
    history: Arc<History>,
    mode: Mode,
    incident: Incident,
    tools: Arc<dyn Tools>,
}

impl Ruled {
    async fn one(&self, call: &Call) -> Result<ToolAnswer, LookError> {
        let catalogue = self.tools.catalogue();
        let permit = {
            let now = SystemClock.now();
            let context = Context { now, mode: self.mode, history: &self.history, catalogue: &catalogue };
            self.gate.admit_look(&self.policies, &self.incident, &Purpose::Plan, call, &context)?
        };
        Ok(self.tools.look(&permit).await?)
    }
}

impl Looks for Ruled {
    fn look_all(&self, calls: Vec<Call>) -> BoxFuture<'_, Vec<Result<ToolAnswer, LookError>>> {
        Box::pin(async move { join_all(calls.iter().map(|call| self.one(call))).await })
    }
}

/// Lets a remediation plan about an incident that a file describes.
///
/// # Errors
/// Sentences: what is wrong with the configuration, the file or the plugin.
pub async fn plan(
    config: &Config,
    subject: &PluginUnderTest<'_>,
    input: &Value,
    progress: &Progress,
) -> Result<Outcome, String> {
    let (set, _) = policies::load(config, None).map_err(|problems| problems.to_string())?;
    let name = &subject.manifest.name;
    let now = SystemClock.now();
    let mut incident = incident(input, now);
    incident.decision = Some(Arc::new(Decision {
        verdict: Verdict::Plan { plugin: name.clone() },
        rule: None,
        reason: String::new(),
        mode: Mode::Observe,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: String::new(),
    }));
    let mut unchecked = Vec::new();
    let servers = lint::servers(config, progress, &mut unchecked).await;
    let servers = servers.ok_or_else(|| format!("there is nothing to look with: {}", unchecked.join("; ")))?;
    let tools: Arc<dyn Tools> = Arc::clone(&servers) as _;
    let ruled = Ruled {
        gate: Gate::new(options::gate(config)),
        policies: set,
        history: Arc::new(History::default()),
        mode: Mode::Observe,
        incident: incident.clone(),
        tools: Arc::clone(&tools),
    };
    let planning = Planning {
        options: config.plugins.each.get(name).cloned().unwrap_or_default(),
        environment: &ProcessEnvironment,
        transport: Arc::new(Wire(Arc::new(Network::default()))),
        tools,
        looks: Arc::new(ruled),
        incident,
        now,
    };
    let outcome = subject.plan(planning).await;
    servers.shutdown().await;
    let mut outcome = outcome?;
    outcome.notes.extend(unchecked.into_iter().map(|what| format!("not there: {what}")));
    Ok(outcome)
}
