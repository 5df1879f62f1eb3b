//! A gate with the real tools of the two Kubernetes MCP servers and a few hostile ones, and
//! proposals as data to try it with.

#![allow(clippy::indexing_slicing, reason = "a JSON value indexed by a key that it lacks is null")]

mod looks;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tidegate::domain::entry::Purpose;
use tidegate::domain::incident::{ActionRecord, ActionState, Look};
use tidegate::domain::{
    Action, ActionId, Alert, Call, Catalogue, ConversationId, Decision, History, Incident, IncidentId, Labels, Mode,
    Origin, Proposal, Ruling, RulingKind, Safeguards, Severity, Snapshot, Status, Tool, Verdict, Verification,
};
use tidegate::gate::Options;
use tidegate::policy::Set;
use tidegate::rules::{Context, Policies};

use super::people;

/// Where the corpus lies.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("attack")
}

/// The two sets of policies under which every case runs.
pub fn policies() -> Result<[(&'static str, Set); 2]> {
    let generous = fs::read_to_string(folder().join("generous.rhai"))?;
    let set = Set::from_sources(&[("generous.rhai", &generous)]).map_err(|error| anyhow::anyhow!("{error}"))?;
    let shipped = Set::embedded().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok([("shipped", shipped), ("generous", set)])
}

/// The recorded tools with the risks that the host gives them.
pub fn catalogue() -> Result<Catalogue> {
    let servers: Value = serde_json::from_str(&fs::read_to_string(folder().join("catalogue.json"))?)?;
    let mut catalogue = Catalogue::default();
    for server in servers.as_array().context("catalogue.json is no list")? {
        let (name, identity) = (text(server, "server"), text(server, "identity"));
        for tool in server["tools"].as_array().into_iter().flatten() {
            let bare = text(tool, "name");
            let (risk, repeatable) = tidegate::tools::assess(&name, &identity, &bare, &tool["annotations"]);
            let full = format!("{name}.{bare}");
            let schema = json!({"type": "object", "properties": tool["properties"]});
            let tool = Tool {
                name: full.clone(),
                description: String::new(),
                schema,
                risk,
                repeatable,
                undo: None,
                own: false,
            };
            catalogue.tools.insert(full, tool);
        }
    }
    Ok(catalogue)
}

/// One proposal and what must become of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file, which is the technique.
    pub technique: String,
    /// The line.
    pub name: String,
    /// All of it.
    pub data: Value,
}

/// All cases of `attack/cases`, in the order of files and lines.
pub fn cases() -> Result<Vec<Case>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder().join("cases"))?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut cases: Vec<Case> = Vec::new();
    for file in files {
        let technique = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (i, line) in fs::read_to_string(&file)?.lines().enumerate() {
            let place = || format!("{}:{}", file.display(), i + 1);
            let data: Value = serde_json::from_str(line).with_context(place)?;
            let name = text(&data, "name");
            ensure!(!name.is_empty() && !text(&data, "why").is_empty(), "{}: name or why is missing", place());
            let same = |case: &Case| case.technique == technique && case.name == name;
            ensure!(!cases.iter().any(same), "{}: {name} is there twice", place());
            const KEYS: [&str; 21] = [
                "name",
                "why",
                "want",
                "tool",
                "arguments",
                "labels",
                "annotations",
                "alertname",
                "origin",
                "reason",
                "target",
                "evidence",
                "now",
                "mode",
                "paused",
                "verify",
                "done",
                "now_seen",
                "forged",
                "repeat",
                "as",
            ];
            let unknown = data.as_object().into_iter().flatten().find(|(key, _)| !KEYS.contains(&key.as_str()));
            ensure!(unknown.is_none(), "{}: {unknown:?} is no key of a case", place());
            cases.push(Case { technique: technique.clone(), name, data });
        }
    }
    Ok(cases)
}

impl Case {
    /// What must happen under this set of policies: `allow`, `ask`, `deny`, or `not-allow` for
    /// either of the last two.
    pub fn want(&self, policies: &str) -> Result<&str> {
        let want = &self.data["want"];
        let word = want.as_str().or_else(|| want[policies].as_str());
        word.with_context(|| format!("{}: want is missing for {policies}", self.name))
    }

    /// Asks the gate; the error says what is wrong with its answer.
    pub fn try_with(&self, name: &str, policies: &dyn Policies, catalogue: &Arc<Catalogue>) -> Result<()> {
        if self.data["as"] == "look" {
            return looks::try_with(self, name, policies, catalogue);
        }
        let want = self.want(name)?;
        let world = World::new(catalogue.clone(), self.time()?, self.mode());
        let gate = people::gate(Options::default());
        for scope in self.data["paused"].as_array().into_iter().flatten() {
            gate.pause(scope.as_str().unwrap_or_default());
        }
        let mut incident = self.incident(policies, &world)?;
        let mut record = self.record(&world, incident.next_action_id())?;
        if let Origin::Undo { action } = &record.action.origin
            && let Some(undone) = incident.action(action)
        {
            let now = snapshot(&undone.action, self.data.get("now_seen"), policies, &incident, &world);
            let safeguards = Safeguards { before: now, ..Safeguards::default() };
            record.action = record.action.clone().with_safeguards(safeguards);
            self.forge(&mut record)?;
        }
        look(&mut incident, &record, policies, &world);
        let ruling = gate.rule(policies, &incident, &record.action, &world.context());
        let permit = gate.permit(policies, &incident, &record, &world.context());
        let permitted = permit.is_ok();
        if let Ok(permit) = permit {
            gate.withdraw(permit);
        }
        let allowed = ruling.kind == RulingKind::Allow && ruling.mode == Mode::Enforce;
        let right = match want {
            "allow" => allowed && permitted,
            "ask" => ruling.kind == RulingKind::Ask && !permitted,
            "deny" => ruling.kind == RulingKind::Deny && !permitted,
            "not-allow" => !allowed && !permitted,
            other => bail!("{other} is nothing that can be wanted"),
        };
        ensure!(right, "wanted {want}, got {}, permitted {permitted}: {}", said(&ruling), record.action.touches);
        Ok(())
    }

    fn time(&self) -> Result<Timestamp> {
        // A Tuesday morning, unless it matters.
        Ok(self.data["now"].as_str().unwrap_or("2026-11-17T10:00:00Z").parse()?)
    }

    fn mode(&self) -> Mode {
        if self.data["mode"] == "observe" { Mode::Observe } else { Mode::Enforce }
    }

    fn incident(&self, policies: &dyn Policies, world: &World) -> Result<Incident> {
        let mut labels = strings(&self.data["labels"]);
        if self.data["labels"].is_null() {
            labels.insert("namespace", "shop");
        }
        let name = self.data["alertname"].as_str().unwrap_or("KubePodCrashLooping");
        let mut incident = world.incident("i1", name, labels);
        if let Some(mut alert) = incident.alerts.first().cloned() {
            alert.annotations = strings(&self.data["annotations"]);
            incident.alerts.put(alert);
        }
        for (i, done) in self.data["done"].as_array().into_iter().flatten().enumerate() {
            let mut record = world.record(&format!("a{}", i + 1), call(done)?, origin(done["origin"].as_str())?);
            record.action.proposal.undo = done.get("undo").map(call).transpose()?;
            record.action.safeguards.by_tool = done.get("by_tool").map(call).transpose()?;
            record.action.safeguards.before = snapshot(&record.action, done.get("before"), policies, &incident, world);
            record.after = snapshot(&record.action, done.get("after"), policies, &incident, world);
            record.action = record.action.sealed();
            let carried_out = done["carried_out"] != false;
            record.state = if carried_out { ActionState::Unverified } else { ActionState::Denied };
            record.attempts = u32::from(carried_out);
            incident.actions.push(record);
        }
        Ok(incident)
    }

    fn call(&self) -> Result<Call> {
        let mut asked = call(&self.data)?;
        // Values that are too long to be written down.
        if let Some(repeat) = self.data["repeat"].as_object() {
            for (key, value) in repeat {
                let times = usize::try_from(value["times"].as_u64().unwrap_or(1))?;
                let long =
                    format!("{}{}{}", text(value, "before"), text(value, "text").repeat(times), text(value, "after"));
                asked.arguments.insert(key.clone(), json!(long));
            }
        }
        Ok(asked)
    }

    fn record(&self, world: &World, id: ActionId) -> Result<ActionRecord> {
        let asked = self.call()?;
        let mut record = world.record(&id.0, asked, origin(self.data["origin"].as_str())?);
        let proposal = &mut record.action.proposal;
        proposal.reason = text(&self.data, "reason");
        proposal.target = text(&self.data, "target");
        proposal.evidence.extend(self.data["evidence"].as_str().map(str::to_string));
        if !self.data["verify"].is_null() {
            let look = call(&self.data["verify"])?;
            let present = vec!["$".to_string()];
            proposal.verify =
                Some(Verification { look, present, absent: vec![], applied: vec![], within_ms: 1000, every_ms: 100 });
        }
        record.action = record.action.sealed();
        self.forge(&mut record)?;
        Ok(record)
    }

    /// What an action in a tampered journal would claim.
    fn forge(&self, record: &mut ActionRecord) -> Result<()> {
        let forged = &self.data["forged"];
        if !forged["risk"].is_null() {
            record.action.risk = serde_json::from_value(forged["risk"].clone())?;
        }
        if !forged["touches"].is_null() {
            record.action.touches = serde_json::from_value(forged["touches"].clone())?;
        }
        if let Some(digest) = forged["digest"].as_str() {
            record.action.digest = digest.into();
        }
        Ok(())
    }
}

/// What the host saw of the object that an action changes; none when it could not be seen.
fn snapshot(
    action: &Action,
    object: Option<&Value>,
    policies: &dyn Policies,
    incident: &Incident,
    world: &World,
) -> Option<Snapshot> {
    let object = object.filter(|object| object.is_object())?;
    let check = policies.check(&action.proposal.call, Some(object), incident, &world.context());
    Snapshot::of(object, &action.touches, check.and_then(|check| check.undo))
}

/// Makes the looks that gates want, at a cluster in which every pod belongs to a Deployment of ten.
pub fn look(incident: &mut Incident, record: &ActionRecord, policies: &dyn Policies, world: &World) {
    for _ in 0..10 {
        for call in policies.looks(&record.action, incident, &world.context()) {
            let of = |key: &str| call.arguments.get(key).and_then(Value::as_str).unwrap_or_default().to_string();
            let kind = format!("{}{}", of("resourceType"), of("kind")).to_lowercase();
            let owner = match kind.as_str() {
                "" | "pod" => json!([{"kind": "ReplicaSet", "name": "web-7d9f", "controller": true}]),
                "replicaset" => json!([{"kind": "Deployment", "name": "web", "controller": true}]),
                _ => json!([]),
            };
            let metadata = json!({"name": of("name"), "namespace": of("namespace"), "ownerReferences": owner});
            let text = json!({"metadata": metadata, "spec": {"replicas": 10}}).to_string();
            let purpose = Purpose::Gate { action: record.action.id.clone() };
            incident.looks.push(Look { purpose, call, ok: true, text, at: world.now, refused: None });
        }
    }
}

/// What a ruling says, for messages of tests.
pub fn said(ruling: &Ruling) -> String {
    format!("{} by {} ({}) in mode {:?}", ruling.kind.as_str(), ruling.rule, ruling.reason, ruling.mode)
}

/// What the gate may know besides the incident.
pub struct World {
    /// The tools.
    pub catalogue: Arc<Catalogue>,
    /// The time.
    pub now: Timestamp,
    /// The host's mode.
    pub mode: Mode,
    history: Arc<History>,
}

impl World {
    /// With nothing in its past.
    pub fn new(catalogue: Arc<Catalogue>, now: Timestamp, mode: Mode) -> Self {
        Self { catalogue, now, mode, history: Arc::default() }
    }

    /// For the gate.
    pub fn context(&self) -> Context<'_> {
        Context { now: self.now, mode: self.mode, history: &self.history, catalogue: &self.catalogue }
    }

    /// An incident with one alert, decided by the rule `crashes`.
    pub fn incident(&self, id: &str, name: &str, labels: Labels) -> Incident {
        let alert = Alert {
            source: "alertmanager".into(),
            name: name.into(),
            status: Status::Firing,
            severity: Severity::Warning,
            fingerprint: id.into(),
            labels,
            annotations: Labels::new(),
            starts_at: Some(self.now),
            ends_at: None,
            link: None,
        };
        let decision = Decision {
            verdict: Verdict::Investigate,
            rule: Some("crashes".into()),
            reason: String::new(),
            mode: Mode::Enforce,
            evidence: vec![],
            faults: vec![],
            policies: String::new(),
        };
        Incident {
            id: IncidentId(id.into()),
            group_key: id.into(),
            source: "alertmanager".into(),
            opened_at: self.now,
            updated_at: self.now,
            set_back: Default::default(),
            alerts: vec![alert].into(),
            counted: Default::default(),
            decision: Some(decision.into()),
            plan: None,
            collected: false,
            deciding: Default::default(),
            looks: Default::default(),
            knowledge: None,
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
        }
    }

    /// An action as the host takes it in, ruled to be allowed.
    pub fn record(&self, id: &str, call: Call, origin: Origin) -> ActionRecord {
        let (risk, touches) = (self.catalogue.risk(&call.tool), self.catalogue.touches(&call));
        let proposal = Proposal {
            call,
            target: String::new(),
            reason: String::new(),
            evidence: vec![],
            root_cause: String::new(),
            verify: None,
            undo: None,
        };
        let action = Action::new(ActionId(id.into()), proposal, origin, risk, touches);
        ActionRecord { state: ActionState::Allowed, ..ActionRecord::new(action, self.now) }
    }
}

fn call(value: &Value) -> Result<Call> {
    let arguments: Map<String, Value> = match &value["arguments"] {
        Value::Object(map) => map.clone(),
        Value::Null => Map::new(),
        _ => bail!("arguments must be an object"),
    };
    Ok(Call { tool: text(value, "tool"), arguments })
}

/// `policy:RULE`, `plugin:NAME`, `model`, `chat:NAME`, `person:NAME` or `undo:ACTION`.
fn origin(word: Option<&str>) -> Result<Origin> {
    let word = word.unwrap_or("policy:crashes");
    let (kind, name) = word.split_once(':').unwrap_or((word, ""));
    let name = name.to_string();
    Ok(match kind {
        "policy" => Origin::Policy { rule: name },
        "plugin" => Origin::Plugin { name, rule: "crashes".into() },
        "model" => Origin::Model,
        "chat" => {
            let conversation = ConversationId("chat-0".into());
            Origin::Chat { conversation, person: people::proven(&name), program: false }
        }
        "person" => Origin::Person { person: people::proven(&name) },
        "undo" => Origin::Undo { action: ActionId(name) },
        other => bail!("there is no origin {other}"),
    })
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_string()
}

fn strings(value: &Value) -> Labels {
    let pairs = value.as_object().into_iter().flatten();
    pairs.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_string())).collect()
}
