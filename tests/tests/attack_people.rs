//! Who said yes, tried in sequences: typed names, lookalikes, two tokens of one person, links that were
//! passed on, proposers who approve, people who left between their yes and the execution. The cases are
//! data, in `attack/people.jsonl`; policies and configuration are read as an operator writes them.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use tidegate::config::{Config, Overrides};
use tidegate::domain::incident::ActionState;
use tidegate::domain::{Call, Entry, Fact, Labels, Mode, Origin, Person, Proof, RulingKind};
use tidegate::gate::{Gate, Options, People};
use tidegate::policy::Set;
use tidegate::token::Hash;
use tidegate_tests::attack::{World, catalogue, said};

const CONFIG: &str = r#"
[server]
auth = { basic = { user = "ops", password = { env = "P" } } }
[approvals]
link = { base = "https://t.example", secret = { env = "L" } }
[notifiers.ada-alone]
plugin = "webhook"
[people]
sre = ["ada", "bob", "vera", "send"]
dba = ["carl"]
[users.ada]
tokens = ["@ada-1@", "@ada-2@"]
notify = "ada-alone"
[users.bob]
tokens = ["@bob-1@"]
[users.carl]
groups = ["oncall"]
tokens = ["@carl-1@"]
[users.vera]
role = "viewer"
tokens = ["@vera-1@"]
[users.send]
role = "sender"
tokens = ["@send-1@"]
"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    why: String,
    /// What each gate asks, as it stands in `ask: #{ … }`.
    asks: Vec<String>,
    proposer: Option<Said>,
    yes: Vec<Said>,
    /// What is replaced in the configuration between the yes and the execution.
    #[serde(default)]
    after: Vec<(String, String)>,
    /// Minutes from the question to the execution.
    execute: Option<i64>,
    want: String,
}

/// An answer, or a proposal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    by: String,
    name: String,
    #[serde(default)]
    token: String,
    /// A name that is given besides the proven one.
    said: Option<String>,
    /// `prefix` for the first half of the right one.
    digest: Option<String>,
    /// Minutes since the question.
    #[serde(default)]
    minutes: i64,
}

impl Said {
    /// Who it is for the host; nobody where the proof is none, as at its door.
    fn person(&self, people: &People) -> Option<Person> {
        let proof = match self.by.as_str() {
            "token" => Proof::Token(Hash::of(&self.token).id()),
            "link" => Proof::Link,
            "password" => Proof::Password,
            "typed" => return Some(Person::typed(&self.name)),
            other => panic!("there is no way {other}"),
        };
        people.prove(&self.name, proof).map(|proven| proven.saying(self.said.as_deref()).into())
    }
}

fn people(changes: &[(String, String)]) -> People {
    let mut text = CONFIG.to_string();
    for (from, to) in changes {
        assert!(text.contains(from.as_str()), "the configuration has no {from:?}");
        text = text.replace(from.as_str(), to);
    }
    for token in ["ada-1", "ada-2", "bob-1", "carl-1", "vera-1", "send-1"] {
        text = text.replace(&format!("@{token}@"), &Hash::of(token).to_string());
    }
    Config::parse(text, None, &Overrides::default()).unwrap().people()
}

/// Whether it is executed, or why not.
fn run(case: &Case) -> Result<(), String> {
    let gates = case.asks.iter().enumerate().map(|(n, ask)| {
        format!("gate(\"g{n}\", #{{ on: #{{ tool: \"kubernetes.kubectl_scale\" }}, ask: #{{ {ask}, within: \"30m\" }} }});\n")
    });
    let policies = Set::from_sources(&[("a.rhai", gates.collect::<String>().as_str())]).map_err(|e| e.to_string())?;
    let asked_at: Timestamp = "2026-11-17T10:00:00Z".parse().unwrap();
    let after = |minutes| asked_at + SignedDuration::from_mins(minutes);
    let mut world = World::new(Arc::new(catalogue().unwrap()), asked_at, Mode::Enforce);
    let people_then = people(&[]);
    let arguments = json!({"resourceType": "deployment", "name": "web", "namespace": "shop", "replicas": 3});
    let serde_json::Value::Object(arguments) = arguments else { unreachable!() };
    let call = Call { tool: "kubernetes.kubectl_scale".into(), arguments };
    let origin = match &case.proposer {
        Some(proposer) => Origin::Person { person: proposer.person(&people_then).expect("a proposer") },
        None => Origin::Policy { rule: "crashes".into() },
    };
    let record = world.record("a1", call, origin);
    let (id, digest) = (record.action.id.clone(), record.action.digest.clone());
    let mut incident = world.incident("i1", "Odd", Labels::new());
    incident.actions.push(record);
    let gate = Gate::new(Options::default()).with_people(people_then.clone());
    let ruling = gate.rule(&policies, &incident, &incident.actions[0].action, &world.context());
    if ruling.kind != RulingKind::Ask {
        return Err(said(&ruling));
    }
    incident.apply(&Entry { at: asked_at, fact: Fact::Ruled { action: id.clone(), ruling } });
    for yes in &case.yes {
        let Some(person) = yes.person(&people_then) else { continue };
        let digest = match yes.digest.as_deref() {
            None => digest.clone(),
            Some("prefix") => digest[..digest.len() / 2].to_string(),
            Some(other) => other.to_string(),
        };
        let fact = Fact::Approved { action: id.clone(), digest, person, via: "http".into(), comment: String::new() };
        incident.apply(&Entry { at: after(yes.minutes), fact });
    }
    let last = case.yes.iter().map(|yes| yes.minutes).max().unwrap_or(0);
    world.now = after(case.execute.unwrap_or(last));
    // The host as it is after a restart with the configuration of now; and as if the state were wrong.
    let gate = Gate::new(Options::default()).with_people(people(&case.after));
    let permit = |record| match gate.permit(&policies, &incident, record, &world.context()) {
        Ok(permit) => {
            gate.withdraw(permit);
            Ok(())
        }
        Err(ruling) => Err(said(&ruling)),
    };
    let mut forced = incident.actions[0].clone();
    forced.state = ActionState::Approved;
    let late = case.yes.iter().any(|yes| yes.minutes >= 30);
    if !late {
        assert_eq!(permit(&forced).is_ok(), case.want == "permitted", "{}: the gate counts by itself", case.name);
    }
    permit(&incident.actions[0])
}

#[test]
fn only_people_who_proved_their_name_and_are_asked_are_counted() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("attack/people.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let cases: Vec<Case> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let attacks = cases.iter().filter(|case| case.want == "refused").count();
    assert!(attacks >= 60 && cases.len() - attacks >= 15, "{attacks} of {}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let done = run(case);
        if done.is_ok() != (case.want == "permitted") {
            wrong.push(format!("{} ({}): {done:?}", case.name, case.why));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
