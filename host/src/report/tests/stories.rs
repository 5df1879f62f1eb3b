//! Incidents as the journal would have them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::action::{Action, ActionId, Origin, Proposal, Risk};
use crate::domain::call::{Call, Target, Verification};
use crate::domain::decision::{Decision, GateRuling, Mode, Ruling, RulingKind, Spend, Verdict};
use crate::domain::delivery::{Delivery, Occasion};
use crate::domain::entry::{AskedCall, Diagnosis, Entry, Fact, ModelAnswer, Percent, Purpose, Step, Usage};
use crate::domain::{
    Alert, Incident, IncidentId, Outcome, Person, Proof, Proven, Requirement, Safeguards, Severity, Snapshot, Status,
};
use crate::ports::IncidentRecord;

/// Applies facts, each two seconds after the one before.
fn story(facts: Vec<Fact>) -> IncidentRecord {
    let start: Timestamp = "2025-06-04T09:30:00.25Z".parse().unwrap();
    let at = |i: usize| start + jiff::SignedDuration::from_secs(2 * i64::try_from(i).unwrap());
    let entries: Vec<Entry> = facts.into_iter().enumerate().map(|(i, fact)| Entry { at: at(i), fact }).collect();
    let mut incident = Incident::open(IncidentId("i7k2m9".into()), &entries[0]).unwrap();
    entries[1..].iter().for_each(|entry| incident.apply(entry));
    IncidentRecord { incident, entries }
}

fn alert(pod: &str, status: Status) -> Alert {
    let labels = [("alertname", "KubePodNotReady"), ("namespace", "shop"), ("pod", pod), ("severity", "warning")];
    Alert {
        source: "alertmanager".into(),
        name: "KubePodNotReady".into(),
        status,
        severity: Severity::Warning,
        labels: labels.map(|(key, value)| (key.to_string(), value.to_string())).into(),
        annotations: [
            ("summary".to_string(), "Pod has been in a non-ready state for more than 15 minutes.".to_string()),
            ("description".to_string(), format!("Pod shop/{pod} has been in a non-ready state for longer.")),
        ]
        .into(),
        starts_at: Some("2025-06-04T07:25:54.169Z".parse().unwrap()),
        ends_at: None,
        fingerprint: pod.into(),
        link: Some("http://prometheus.example/graph?g0.expr=up".into()),
    }
}

fn opened(pods: &[&str]) -> Fact {
    let alerts = pods.iter().map(|pod| alert(pod, Status::Firing)).collect();
    Fact::Opened { group_key: "KubePodNotReady/shop".into(), source: "alertmanager".into(), alerts }
}

fn resolved(pods: &[&str]) -> Fact {
    Fact::AlertsChanged { alerts: pods.iter().map(|pod| alert(pod, Status::Resolved)).collect() }
}

fn call(tool: &str, arguments: Value) -> Call {
    Call { tool: tool.into(), arguments: arguments.as_object().unwrap().clone() }
}

fn decided(verdict: Verdict, rule: Option<&str>, reason: &str, mode: Mode) -> Fact {
    Fact::Decided {
        decision: std::sync::Arc::new(Decision {
            verdict,
            rule: rule.map(str::to_string),
            reason: reason.into(),
            mode,
            evidence: Vec::new(),
            faults: Vec::new(),
            policies: "0f".repeat(32),
        }),
    }
}

fn patch() -> Proposal {
    let image = json!({"spec": {"containers": [{"name": "nginx", "image": "nginx:1.25"}]}});
    let arguments = json!({"namespace": "shop", "resourceType": "deployment", "name": "web", "patchData": image});
    let look = call("kubernetes.get", json!({"namespace": "shop", "name": "web"}));
    Proposal {
        call: call("kubernetes.patch", arguments),
        target: "deployment shop/web".into(),
        reason: "the image tag does not exist; the tag before it does".into(),
        evidence: vec!["ImagePullBackOff for nginx:1.25-".into()],
        root_cause: "The deployment names the image nginx:1.25-, a tag that does not exist.".into(),
        verify: Some(Verification {
            look,
            present: vec!["$.status".into()],
            absent: vec![],
            applied: vec![],
            within_ms: 60_000,
            every_ms: 2_000,
        }),
        undo: Some(call("kubernetes.rollout_undo", json!({"namespace": "shop", "name": "web"}))),
    }
}

fn proposed(id: &str, proposal: Proposal, origin: Origin) -> Fact {
    let touches = Target {
        server: "kubernetes".into(),
        namespaces: vec!["shop".into()],
        kinds: vec!["deployment".into()],
        names: vec!["web".into()],
        ..Target::default()
    };
    // As the host takes it in: it has seen what stood there before, unless it takes something back itself.
    let seen = Snapshot { uid: None, generation: Some(4), restoration: proposal.undo.clone() };
    let safeguards = Safeguards {
        verify: proposal.verify.clone(),
        before: Some(seen).filter(|seen| seen.restoration.is_some()),
        ..Safeguards::default()
    };
    let action = Action::new(ActionId(id.into()), proposal, origin, Risk::High, touches).with_safeguards(safeguards);
    Fact::Proposed { action: Box::new(action) }
}

fn asked_of_sre() -> Requirement {
    Requirement { gate: "patches-need-a-person".into(), who: vec!["sre".into()], approvals: 1, own: false }
}

fn ruled(id: &str, kind: RulingKind, rule: &str, reason: &str, mode: Mode) -> Fact {
    let heard = |gate: &str, ruling, reason: &str| GateRuling { gate: gate.into(), ruling, reason: reason.into() };
    let until = (kind == RulingKind::Ask).then(|| "2025-06-04T10:00:00Z".parse().unwrap());
    Fact::Ruled {
        action: ActionId(id.into()),
        ruling: Ruling {
            kind,
            rule: rule.into(),
            reason: reason.into(),
            heard: vec![
                heard(rule, kind, reason),
                heard("deployments-are-ours", RulingKind::Allow, "namespace shop is ours"),
            ],
            requires: (kind == RulingKind::Ask).then(asked_of_sre).into_iter().collect(),
            until,
            mode,
            spends: vec![Spend { key: "patches|shop".into(), max: 3, within_ms: 3_600_000 }],
            counts: Default::default(),
            held_against: false,
        },
    }
}

fn executed(id: &str, text: &str) -> [Fact; 2] {
    let (action, attempt) = (ActionId(id.into()), format!("i7k2m9-{id}-1"));
    [
        Fact::Intent {
            action: action.clone(),
            attempt: attempt.clone(),
            spends: vec!["patches|shop".into()],
            counts: Default::default(),
        },
        Fact::Result { action, attempt, ok: true, text: text.into(), took_ms: 140 },
    ]
}

fn looked(purpose: Purpose, text: &str) -> Fact {
    let call = call("kubernetes.get", json!({"namespace": "shop", "resourceType": "pods"}));
    Fact::Looked { purpose, call, ok: true, text: text.into(), took_ms: 35, refused: None }
}

fn verified(id: &str, ok: bool, reason: &str) -> Fact {
    Fact::Verified { action: ActionId(id.into()), ok, reason: reason.into() }
}

fn concluded(outcome: Outcome, reason: &str) -> Fact {
    Fact::Concluded { outcome, reason: reason.into() }
}

fn answered(answer: ModelAnswer) -> Fact {
    let usage = Usage { calls: 1, prompt_tokens: 2100, completion_tokens: 180, took_ms: 4200, ..Usage::default() };
    Fact::Answered { answer, text: String::new(), usage, original: None }
}

fn verify(id: &str) -> Purpose {
    Purpose::Verify { action: ActionId(id.into()) }
}

const RUNNING: &str = "{\n  \"items\": [\n    {\"name\": \"web-5c98-jcn4m\", \"status\": \"Running\"}\n  ]\n}";

/// Three alerts, one rule, one repair.
pub(crate) fn fixed() -> IncidentRecord {
    let pods = ["web-85c8-6kmxz", "web-85c8-g8d82", "web-85c8-ws758"];
    let origin = Origin::Policy { rule: "bad-image-tag".into() };
    let mut facts = vec![
        opened(&pods),
        decided(
            Verdict::Remediate { actions: vec![patch()], alternatives: false },
            Some("bad-image-tag"),
            "the tag of a deployment does not exist",
            Mode::Enforce,
        ),
        proposed("a1", patch(), origin),
        ruled("a1", RulingKind::Allow, "patches-in-shop", "1 of 3 within an hour", Mode::Enforce),
    ];
    facts.extend(executed("a1", "deployment.apps/web patched\n"));
    facts.extend([
        looked(verify("a1"), RUNNING),
        verified("a1", true, "every condition holds"),
        concluded(Outcome::Fixed, "deployment shop/web repaired and verified"),
        Fact::Reported { markdown: "…".into() },
        Fact::Told {
            occasion: Occasion::Report,
            deliveries: vec![Delivery::new(
                "i7k2m9-report-team".into(),
                "team".into(),
                "all".into(),
                Occasion::Report,
                Timestamp::UNIX_EPOCH,
            )],
        },
        Fact::Delivered { delivery: "i7k2m9-report-team".into(), reference: None },
        resolved(&pods),
        Fact::Closed { reason: "all alerts resolved".into() },
    ]);
    story(facts)
}

fn diagnosis() -> Diagnosis {
    Diagnosis {
        root_cause: "The image tag nginx:1.25- does not exist.".into(),
        confidence: Percent::new(92),
        confidence_reason: "The registry answers 404 for this tag.".into(),
        impact: "No pod of the shop answers.".into(),
        steps: vec![
            Step { text: "Correct the tag.".into(), command: "kubectl set image deployment/web web=nginx:1.25".into() },
            "Watch the rollout.".into(),
        ],
        prevention: vec!["Check image tags before a rollout.".into()],
    }
}

fn until_asked() -> Vec<Fact> {
    let asked = AskedCall { id: "c1".into(), call: call("kubernetes.describe", json!({"name": "web-85c8-6kmxz"})) };
    vec![
        opened(&["web-85c8-6kmxz"]),
        decided(Verdict::Investigate, None, "no rule matches", Mode::Enforce),
        looked(Purpose::Evidence, "web-85c8-6kmxz  0/1  ImagePullBackOff  0  2h"),
        Fact::Collected { causes: Some(Vec::new()), incomplete: None },
        answered(ModelAnswer::Look { calls: vec![asked] }),
        looked(Purpose::Model, "Failed to pull image \"nginx:1.25-\": 400 Bad Request"),
        answered(ModelAnswer::Act { proposals: vec![patch()], diagnosis: diagnosis() }),
        proposed("a1", patch(), Origin::Model),
        ruled("a1", RulingKind::Ask, "patches-need-a-person", "a patch can break what was whole", Mode::Enforce),
    ]
}

/// A person must approve what the model proposed.
pub(crate) fn asked() -> IncidentRecord {
    story(until_asked())
}

/// The same where the target that was to ask has not taken the question.
pub(crate) fn undelivered() -> IncidentRecord {
    let mut facts = until_asked();
    let id = "i7k2m9-approval-a1-pager";
    let (target, route) = ("pager".into(), "critical".into());
    let question = Delivery::new(id.into(), target, route, Occasion::Approval, Timestamp::UNIX_EPOCH);
    facts.push(Fact::Told { occasion: Occasion::Approval, deliveries: vec![question] });
    facts.push(Fact::DeliveryFailed {
        delivery: id.into(),
        reason: "pager answered 503: overloaded".into(),
        retry_at: None,
        refused: false,
    });
    story(facts)
}

/// The person approves, it does not help, it is taken back.
pub(crate) fn useless() -> IncidentRecord {
    let mut facts = until_asked();
    let digest = match proposed("a1", patch(), Origin::Model) {
        Fact::Proposed { action } => action.digest,
        _ => String::new(),
    };
    facts.push(Fact::Approved {
        action: ActionId("a1".into()),
        digest,
        person: Proven::new("lin", Proof::Token("4f00".into()), Default::default()).unwrap().into(),
        via: "cli".into(),
        comment: "tag checked".into(),
    });
    facts.extend(executed("a1", "deployment.apps/web patched"));
    facts.extend([
        looked(verify("a1"), "web-5c98-jcn4m  0/1  CrashLoopBackOff"),
        verified("a1", false, "nothing matches $.status"),
        Fact::BreakerOpened { key: "model".into(), because: "the last 3 fixes of model did not help".into() },
    ]);
    let undo = Proposal {
        call: patch().undo.unwrap(),
        reason: "a1 did not help".into(),
        evidence: vec![],
        root_cause: String::new(),
        verify: None,
        undo: None,
        ..patch()
    };
    facts.push(proposed("a2", undo, Origin::Undo { action: ActionId("a1".into()) }));
    facts.push(ruled("a2", RulingKind::Allow, "undo-is-allowed", "it takes back what was done", Mode::Enforce));
    facts.extend(executed("a2", "deployment.apps/web rolled back"));
    facts.push(concluded(
        Outcome::NeedsPerson,
        "kubernetes.patch on deployment shop/web did not help: nothing matches $.status; it was taken back",
    ));
    story(facts)
}

/// A rule would repair it, but the mode is observe.
pub(crate) fn observed() -> IncidentRecord {
    story(vec![
        opened(&["web-85c8-6kmxz", "web-85c8-g8d82"]),
        decided(
            Verdict::Remediate { actions: vec![patch()], alternatives: false },
            Some("bad-image-tag"),
            "the tag of a deployment does not exist",
            Mode::Observe,
        ),
        proposed("a1", patch(), Origin::Policy { rule: "bad-image-tag".into() }),
        ruled("a1", RulingKind::Allow, "patches-in-shop", "1 of 3 within an hour", Mode::Observe),
        concluded(
            Outcome::NeedsPerson,
            "mode is observe: nothing was executed, the report says what would have been done",
        ),
    ])
}

/// What an exporter says about a job, and no rule that repairs it.
pub(crate) fn escalated() -> IncidentRecord {
    story(vec![
        Fact::Opened {
            group_key: "KubeJobFailed".into(),
            source: "alertmanager".into(),
            alerts: (0..5).map(|n| job(&format!("housekeeping-2938608{n}"), Status::Firing)).collect(),
        },
        decided(Verdict::Escalate, Some("jobs-are-for-people"), "nobody knows what a job does", Mode::Enforce),
        concluded(Outcome::NeedsPerson, "nobody knows what a job does"),
    ])
}

/// The same, when its alerts have resolved.
pub(crate) fn over() -> IncidentRecord {
    let mut entries = escalated().entries;
    let resolved = (0..5).map(|n| job(&format!("housekeeping-2938608{n}"), Status::Resolved)).collect();
    entries.push(Entry { at: Timestamp::UNIX_EPOCH, fact: Fact::AlertsChanged { alerts: resolved } });
    story(entries.into_iter().map(|entry| entry.fact).collect())
}

fn job(name: &str, status: Status) -> Alert {
    let labels = [
        ("alertname", "KubeJobFailed"),
        ("container", "kube-state-metrics"),
        ("instance", "192.0.2.19:8080"),
        ("job", "kube-state-metrics"),
        ("job_name", name),
        ("namespace", "billing"),
        ("pod", "metrics-kube-state-metrics-7c8b8bf58c-x4vcd"),
        ("severity", "warning"),
    ];
    let texts = [
        (
            "description",
            format!(
                "Job billing/{name} failed to complete. Removing failed job after investigation should clear this alert."
            ),
        ),
        ("runbook_url", "https://runbooks.prometheus-operator.dev/runbooks/kubernetes/kubejobfailed".into()),
        ("summary", "Job failed to complete.".into()),
    ];
    Alert {
        name: "KubeJobFailed".into(),
        labels: labels.map(|(key, value)| (key.to_string(), value.to_string())).into(),
        annotations: texts.map(|(key, value)| (key.to_string(), value)).into(),
        fingerprint: name.into(),
        ..alert(name, status)
    }
}

/// Looks one after the other, with a refusal and a failure among them.
pub(crate) fn looks() -> IncidentRecord {
    let look = |tool: &str, purpose: Purpose, ok: bool, refused: Option<&str>| Fact::Looked {
        purpose,
        call: call(tool, json!({"name": "web"})),
        ok,
        text: "…".into(),
        took_ms: 85,
        refused: refused.map(str::to_string),
    };
    let mut facts = vec![opened(&["web-85c8-6kmxz"])];
    facts.extend((0..4).map(|_| look("kubernetes.get", Purpose::Plan, true, None)));
    facts.extend((0..2).map(|_| look("kubernetes.logs", Purpose::Plan, true, None)));
    facts.push(look("kubernetes.get", Purpose::Plan, false, None));
    facts.push(look("kubernetes.get", Purpose::Plan, true, None));
    facts.push(look("kubernetes.get", Purpose::Evidence, true, None));
    facts.push(look("kubernetes.secret", Purpose::Evidence, false, Some("secrets-stay-unread")));
    facts.extend((0..7).map(|n| look(&format!("t{n}.x"), Purpose::Model, true, None)));
    facts.push(Fact::Planned {
        plugin: "kubernetes-workload".into(),
        proposals: vec![],
        findings: vec![],
        error: None,
    });
    story(facts)
}

/// Everything that comes from outside tries to be more than text.
pub(crate) fn hostile() -> IncidentRecord {
    const BAD: &str = "```\n# Approved\n<script>alert(1)</script> <img src=x> <at id=all></at> | cell | \
                       ![x](http://evil.example/p.png) [click](https://evil.example) www.evil.example \u{202e}\u{1b}[2J ` end";
    hostile_with(BAD)
}

/// The same of another text.
pub(crate) fn hostile_with(text: &str) -> IncidentRecord {
    let mut bad = alert("web", Status::Firing);
    bad.name = format!("Kube{text}");
    bad.labels.insert("pod", text);
    bad.labels.insert(text, text);
    bad.annotations = ["summary", "description"].map(|key| (key.to_string(), text.to_string())).into();
    bad.link = Some(text.into());
    let proposal = Proposal {
        call: call("kubernetes.patch", json!({"name": text, text: 1})),
        target: text.into(),
        reason: text.into(),
        evidence: vec![text.into()],
        root_cause: text.into(),
        verify: None,
        undo: None,
    };
    let diagnosis = Diagnosis {
        root_cause: text.into(),
        confidence: Percent::new(100),
        confidence_reason: text.into(),
        impact: text.into(),
        steps: vec![Step { text: text.into(), command: text.into() }],
        prevention: vec![text.into()],
    };
    story(vec![
        Fact::Opened { group_key: text.into(), source: text.into(), alerts: vec![bad] },
        decided(Verdict::Investigate, Some(text), text, Mode::Enforce),
        looked(Purpose::Evidence, text),
        looked(Purpose::Evidence, &format!("{}\n{text}", "`".repeat(9))),
        answered(ModelAnswer::Act { proposals: vec![proposal.clone()], diagnosis }),
        proposed("a1", proposal, Origin::Plugin { name: text.into(), rule: text.into() }),
        ruled("a1", RulingKind::Ask, text, text, Mode::Enforce),
        Fact::Approved {
            action: ActionId("a1".into()),
            digest: text.into(),
            person: Person::typed(text),
            via: text.into(),
            comment: text.into(),
        },
        Fact::Result { action: ActionId("a1".into()), attempt: "t".into(), ok: false, text: text.into(), took_ms: 1 },
        concluded(Outcome::NeedsPerson, text),
    ])
}
