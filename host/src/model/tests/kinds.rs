//! Every kind of trouble that the diagnosis knows, from the alert through the shipped policies and their collectors to
//! the verdict, with either Kubernetes server: what is decided without a model, at what cost, and how long the first
//! prompt would be where one is asked. `cargo test -p tidegate --lib every_kind -- --nocapture` prints the table.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{happen, recorded};
use crate::diagnosis;
use crate::domain::entry::Purpose;
use crate::domain::{
    Alert, Call, Catalogue, Decision, Entry, Fact, History, Incident, IncidentId, Labels, Mode, Severity, Status,
    Verdict, values,
};
use crate::model::offer::OfferForm;
use crate::model::prompt::{LONGEST, Shape, build};
use crate::pipeline::required_looks;
use crate::policy::Set;
use crate::rules::{Context, Policies};

/// What a cluster holds.
struct Cluster {
    objects: Vec<(String, Value)>,
    events: Vec<Value>,
    logs: Vec<Value>,
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

impl Cluster {
    fn of(file: &str) -> Self {
        let body: Vec<&str> = file.lines().filter(|line| !line.starts_with("# ")).collect();
        let mut cluster = Self { objects: Vec::new(), events: Vec::new(), logs: Vec::new() };
        for document in body.join("\n").split("---\n").filter(|part| !part.trim().is_empty()) {
            let value = values(document).unwrap().remove(0);
            if value.get("log").is_some() {
                cluster.logs.push(value);
            } else if let Some(events) = value.get("events").and_then(Value::as_array) {
                cluster.events.extend(events.iter().cloned());
            } else {
                cluster.objects.push((document.to_string(), value));
            }
        }
        cluster
    }

    /// What the server answers, in its own form; none for what is not there.
    fn answer(&self, call: &Call) -> Option<String> {
        let argument = |key: &str| call.arguments.get(key).and_then(Value::as_str).unwrap_or_default();
        let tool = call.tool.rsplit('.').next().unwrap_or_default();
        if matches!(tool, "kubectl_logs" | "pods_log") {
            let log = self.logs.iter().find(|log| text(log, "/name") == argument("name"));
            return Some(log.map_or(String::new(), |log| text(log, "/log").to_string()));
        }
        let about = argument("fieldSelector").strip_prefix("involvedObject.name=");
        if let Some(about) = about {
            let own = self.events.iter().filter(|event| text(event, "/involvedObject/name") == about);
            return Some(json!({ "events": own.collect::<Vec<_>>() }).to_string());
        }
        let kind = [argument("resourceType"), argument("kind"), if tool == "pods_get" { "pod" } else { "" }].concat();
        let kind = kind.to_lowercase();
        let of_kind = |object: &&(String, Value)| {
            let own = text(&object.1, "/kind").to_lowercase();
            own == kind || format!("{own}s") == kind
        };
        let mut all = self.objects.iter().filter(of_kind);
        if argument("name").is_empty() {
            let row = |(_, object): &(String, Value)| {
                let status = text(object, "/status/phase");
                json!({"name": text(object, "/metadata/name"), "namespace": text(object, "/metadata/namespace"),
                    "kind": text(object, "/kind"), "status": status})
            };
            return Some(json!({ "items": all.map(row).collect::<Vec<_>>() }).to_string());
        }
        let found = all.find(|(_, object)| text(object, "/metadata/name") == argument("name"))?;
        Some(if tool == "kubectl_get" { found.1.to_string() } else { found.0.clone() })
    }
}

pub(super) fn opened(words: &str) -> Incident {
    let plain = words.split(" description=").next().unwrap_or_default();
    let labels = plain.split_whitespace().filter_map(|pair| pair.split_once('='));
    let labels: Labels = labels.map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let alert = Alert {
        source: "alertmanager".into(),
        name: labels.get("alertname").unwrap_or_default().into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels,
        annotations: Labels::default(),
        starts_at: Some(Timestamp::UNIX_EPOCH),
        ends_at: None,
        fingerprint: "f".into(),
        link: None,
    };
    let fact = Fact::Opened { group_key: "g".into(), source: "alertmanager".into(), alerts: vec![alert] };
    Incident::open(IncidentId("i1".into()), &Entry { at: Timestamp::UNIX_EPOCH, fact }).unwrap()
}

/// What came of a case: the last decision, looks and rounds, and the bytes of a first prompt.
struct Outcome {
    decision: Option<Decision>,
    looks: usize,
    rounds: usize,
    prompt: usize,
    /// And of the tools that are offered with it.
    tools: usize,
}

fn handle(set: &Set, catalogue: &Arc<Catalogue>, cluster: &Cluster, mut incident: Incident) -> Outcome {
    let history = Arc::new(History::default());
    let now: Timestamp = "2026-07-01T12:00:00Z".parse().unwrap();
    let context = Context { now, mode: Mode::Enforce, history: &history, catalogue };
    let mut outcome = Outcome { decision: None, looks: 0, rounds: 0, prompt: 0, tools: 0 };
    for _ in 0..8 {
        let decision = set.decide(&incident, &context).decision;
        let verdict = decision.as_ref().map(|decision| decision.verdict.clone());
        if let Some(decision) = &decision {
            happen(&mut incident, Fact::Decided { decision: Arc::new(decision.clone()) });
        }
        outcome.decision = decision;
        match verdict {
            // The plugin sees nothing that it could repair here.
            Some(Verdict::Plan { plugin }) => {
                let (proposals, findings) = (Vec::new(), Vec::new());
                happen(&mut incident, Fact::Planned { plugin, proposals, findings, error: None });
            }
            Some(Verdict::Diagnose) => loop {
                let calls = required_looks(set, &incident, &context);
                if calls.is_empty() {
                    let causes = diagnosis::of(&incident);
                    happen(&mut incident, Fact::Collected { causes: Some(causes), incomplete: None });
                    break;
                }
                outcome.rounds += 1;
                for call in calls {
                    outcome.looks += 1;
                    let answer = cluster.answer(&call);
                    let (ok, text) = (answer.is_some(), answer.unwrap_or_else(|| "not found".into()));
                    let purpose = Purpose::Evidence;
                    happen(&mut incident, Fact::Looked { purpose, call, ok, text, took_ms: 1, refused: None });
                }
            },
            _ => break,
        }
    }
    let shape = Shape { form: OfferForm::Native, language: "en", bytes: LONGEST, by: "", last: false };
    let prompt = build(&incident, catalogue, &[], &shape);
    outcome.prompt = prompt.messages.iter().map(|message| message.to_string().len()).sum();
    outcome.tools = prompt.tools.iter().map(|tool| tool.to_string().len()).sum();
    outcome
}

#[test]
fn every_kind_is_decided_without_a_model_and_told_in_few_bytes() {
    let set = Set::embedded().unwrap();
    let servers = [
        ("kubectl", Arc::new(recorded(include_str!("../testdata/kubectl.jsonl")))),
        ("native", Arc::new(recorded(include_str!("../testdata/native.jsonl")))),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnosis/testdata");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = files.filter(|path| path.is_file()).collect();
    paths.sort();
    let mut table = String::from(
        "kind                       server   decided by                              looks rounds prompt tools\n",
    );
    let (mut kinds, mut without, mut wrong) = (0, 0, Vec::new());
    for path in &paths {
        let file = fs::read_to_string(path).unwrap();
        let head = |key: &str| file.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().to_string();
        let (name, want) = (path.file_stem().unwrap().to_string_lossy().into_owned(), head("# want: "));
        let cluster = Cluster::of(&file);
        let mut both = true;
        for (server, catalogue) in &servers {
            let outcome = handle(&set, catalogue, &cluster, opened(&head("# alert: ")));
            let rule = outcome.decision.as_ref().and_then(|decision| decision.rule.clone()).unwrap_or("-".into());
            // With all tools of a server there a rule proposes what it would otherwise leave to a person.
            let without_model = |verdict: &Verdict| matches!(verdict, Verdict::Escalate | Verdict::Remediate { .. });
            let decided = outcome.decision.is_some_and(|decision| without_model(&decision.verdict));
            both &= decided;
            table.push_str(&format!(
                "{name:<26} {server:<8} {rule:<40} {:>4} {:>6} {:>6} {:>5}\n",
                outcome.looks, outcome.rounds, outcome.prompt, outcome.tools
            ));
            // Two questions about an incident have some 30 KB.
            if outcome.prompt + outcome.tools > 16 << 10 {
                wrong.push(format!("{name} ({server}): {} bytes with the tools", outcome.prompt + outcome.tools));
            }
            if outcome.prompt >= 6 << 10 {
                wrong.push(format!("{name} ({server}): the first prompt has {} bytes", outcome.prompt));
            }
        }
        if want != "none" {
            kinds += 1;
            without += usize::from(both);
        }
    }
    table.push_str(&format!("{without} of {kinds} kinds are decided without a model, with both servers\n"));
    #[expect(clippy::print_stdout, reason = "the table is what the test is for")]
    {
        println!("{table}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What only the program's own words could tell is left to the model.
    assert!(kinds >= 50 && without + 2 >= kinds, "{table}");
}
