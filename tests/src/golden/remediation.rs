//! Remediations: an incident in, proposals out. The tools are those of `tools.json`; a look that
//! was not recorded fails the case.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::{Context as _, Result, ensure};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tidegate::domain::condition;
use tidegate::domain::{Call, Catalogue, Incident, IncidentId, Proposal, Risk, Tool};
use tidegate::gate::{Permit, ReadPermit};
use tidegate::network::smtp::{Mail, Server, SmtpError, Taken};
use tidegate::plugin::{MailTransport, Options, Outgoing, Returned, Transport, TransportError};
use tidegate::ports::{Planners as _, ToolAnswer, ToolError, Tools, Turn};

use super::{alert, items, load, read, same, text};
use crate::permits::Permitted;

/// The tool servers as they were recorded.
struct Recorded {
    catalogue: Arc<Catalogue>,
    looks: Vec<Value>,
    /// Looks that nobody recorded.
    strange: Mutex<Vec<String>>,
}

impl Recorded {
    fn new(tools: &Value) -> Result<Self> {
        let tool = |value: &Value| Tool {
            name: text(value, "name"),
            description: String::new(),
            schema: json!({}),
            risk: if value["read-only"] == true { Risk::Read } else { Risk::High },
            repeatable: false,
            undo: None,
        };
        let tools_there = items(tools, "catalogue")?.iter().map(tool);
        let catalogue = Catalogue { tools: tools_there.map(|tool| (tool.name.clone(), tool)).collect() };
        Ok(Self { catalogue: Arc::new(catalogue), looks: items(tools, "looks")?.clone(), strange: Mutex::default() })
    }

    fn answer(&self, call: &Call) -> Result<ToolAnswer, ToolError> {
        let same = |look: &&Value| look["tool"] == call.tool && look["arguments"].as_object() == Some(&call.arguments);
        let Some(look) = self.looks.iter().find(same) else {
            let strange = format!("{} {}", call.tool, Value::Object(call.arguments.clone()));
            self.strange.lock().unwrap_or_else(PoisonError::into_inner).push(strange.clone());
            return Err(ToolError::Refused(format!("no look recorded for {strange}")));
        };
        match (&look["json"], look["text"].as_str(), &look["error"]) {
            (json @ Value::Object(_), ..) => Ok(ToolAnswer { ok: true, text: json.to_string() }),
            (_, Some(text), _) => Ok(ToolAnswer { ok: true, text: text.to_string() }),
            (.., error) if error.get("unavailable").is_some() => {
                Err(ToolError::Unavailable(text(error, "unavailable")))
            }
            (.., error) => Ok(ToolAnswer { ok: false, text: text(error, "failed") }),
        }
    }
}

impl Tools for Recorded {
    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        Box::pin(async { self.answer(permit.call()) })
    }

    fn perform<'a>(&'a self, _: &'a Permit, call: &'a Call, _: Turn) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        Box::pin(async { Err(ToolError::Refused(format!("{} is not to be performed by a plan", call.tool))) })
    }
}

/// These remediations are granted no network.
struct Nowhere;

impl MailTransport for Nowhere {
    fn send<'a>(&'a self, _: &'a Server, _: &'a Mail) -> BoxFuture<'a, Result<Taken, SmtpError>> {
        Box::pin(async { Err(SmtpError::Unavailable("this plugin sends no mail".into())) })
    }
}

impl Transport for Nowhere {
    fn send(&self, _: Outgoing) -> BoxFuture<'_, Result<Returned, TransportError>> {
        Box::pin(async { Err(TransportError::Other("there is no network".into())) })
    }
}

pub(super) async fn run(plugin: &str, case: &Path, cache: &Path) -> Result<()> {
    let settings = read(&case.join("settings.json"))?;
    let settings = settings.as_object().cloned().context("settings.json is no object")?;
    let options = Options { settings, ..Options::default() };
    let plugins = load(plugin, options, &BTreeMap::new(), Arc::new(Nowhere), cache).await?;
    let recorded = Arc::new(Recorded::new(&read(&case.join("tools.json"))?)?);
    let tools: Arc<dyn Tools> = Arc::clone(&recorded) as _;
    plugins.connect(Arc::downgrade(&tools) as Weak<dyn Tools>);

    let incident = read(&case.join("incident.json"))?;
    let now = jiff::Timestamp::from_millisecond(incident["now-ms"].as_i64().context("now-ms is missing")?)?;
    let planned = plugins.plan(plugin, &of(&incident, now)?, now, Permitted::new(tools)).await;
    let strange = recorded.strange.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ensure!(strange.is_empty(), "no look recorded for {strange:?}");

    let expected = read(&case.join("expected.json"))?;
    match (planned, expected.get("error").and_then(Value::as_object)) {
        (Ok(planned), _) => {
            for verify in planned.proposals.iter().filter_map(|proposal| proposal.verify.as_ref()) {
                condition::check(verify).map_err(anyhow::Error::msg)?;
            }
            let found: Vec<Value> = planned.proposals.iter().map(proposal).collect();
            same("the plan", &json!({"ok": found, "findings": planned.findings}), &expected)
        }
        // The host makes one sentence of an error: the case and the reason.
        (Err(sentence), Some(error)) => {
            let (case, detail) = error.iter().next().context("an error names its case")?;
            let reason = detail.as_str().map_or_else(|| text(detail, "reason"), str::to_string);
            let wanted = match case.as_str() {
                "misconfigured" | "unavailable" => format!("{case}: {reason}"),
                _ => reason,
            };
            ensure!(sentence == wanted, "{sentence} is not {wanted}");
            Ok(())
        }
        (Err(sentence), None) => anyhow::bail!("{sentence}, but expected {expected:#}"),
    }
}

fn of(value: &Value, now: jiff::Timestamp) -> Result<Incident> {
    Ok(Incident {
        id: IncidentId(text(value, "id").into()),
        group_key: text(value, "id").into(),
        source: "golden".into(),
        opened_at: now,
        updated_at: now,
        set_back: Default::default(),
        alerts: items(value, "alerts")?.iter().map(alert).collect(),
        counted: Default::default(),
        decision: None,
        held_since: None,
        plan: None,
        collected: false,
        looks: Default::default(),
        model: Default::default(),
        actions: Default::default(),
        conclusion: None,
        goes_on_in: None,
        blocked: None,
        report: None,
        deliveries: Default::default(),
        breakers: Default::default(),
        closed: None,
        version: 0,
    })
}

fn proposal(proposal: &Proposal) -> Value {
    json!({
        "call": proposal.call,
        "target": proposal.target,
        "reason": proposal.reason,
        "evidence": proposal.evidence,
        "root-cause": proposal.root_cause,
        "verify": proposal.verify.as_ref().map(|verify| json!({
            "look": verify.look,
            "present": verify.present,
            "absent": verify.absent,
            "applied": verify.applied,
            "within-ms": verify.within_ms,
            "every-ms": verify.every_ms,
        })),
        "undo": proposal.undo,
        // The host keeps nothing of it.
        "extra": {},
    })
}
