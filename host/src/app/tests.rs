//! A started host takes a person's answer only about exactly what was asked, from whom it was asked,
//! and in time.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::backend::{FindError, Host, find};
use crate::clock::SystemClock;
use crate::config::{Config, Overrides};
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{
    Action, ActionId, Catalogue, Decision, Entry, Fact, Mode, Origin, Outcome, Person, Proof, Proposal, Proven, Risk,
    Ruling, Sealed, Verdict,
};
use crate::gate::LINK;
use crate::journal::{Options, Sqlite};
use crate::ports::{Clock, Journal};
use crate::token::Hash;

/// Nobody else's tool servers, and people who may be asked.
const CONFIG: &str = "[people]\nsre = [\"ada\", \"bob\", \"ann\"]\n";

/// Everybody has a token.
fn users() -> String {
    let user = |name: &&str| format!("[users.{name}]\ntokens = [\"{}\"]\n", Hash::of(name));
    ["ada", "bob", "ann", "eve"].iter().map(user).collect()
}

/// Somebody who proves their name by their token.
fn proven(app: &App, name: &str) -> Person {
    app.services.gate.people().prove(name, Proof::Token(Hash::of(name).id())).unwrap().into()
}

/// One incident that waits for `approvals` of the group `sre` about `a1`, which `origin` proposed.
fn question(origin: Origin, approvals: u32, until: Timestamp) -> Vec<Fact> {
    let alert = json!({
        "source": "alertmanager", "name": "Stuck", "status": "firing", "severity": "warning", "labels": {},
        "annotations": {}, "fingerprint": "f", "starts_at": null, "ends_at": null, "link": null,
    });
    let call = json!({"call": {"tool": "k.restart", "arguments": {"namespace": "shop", "name": "web"}}});
    let proposal: Proposal = serde_json::from_value(call).unwrap();
    let touches = Catalogue::default().touches(&proposal.call);
    let action = Action::new(ActionId("a1".into()), proposal, origin, Risk::High, touches);
    let decision = Decision {
        verdict: Verdict::Investigate,
        rule: None,
        reason: String::new(),
        mode: Mode::Enforce,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: String::new(),
    };
    let ruling = json!({
        "kind": "ask", "rule": "restarts-need-people", "reason": "", "heard": [], "mode": "enforce", "until": until,
        "requires": [{ "gate": "restarts-need-people", "who": ["sre"], "approvals": approvals }],
    });
    let ruling: Ruling = serde_json::from_value(ruling).unwrap();
    vec![
        Fact::Opened {
            group_key: "g".into(),
            source: "alertmanager".into(),
            alerts: vec![serde_json::from_value(alert).unwrap()],
        },
        Fact::Decided { decision: decision.into() },
        Fact::Proposed { action: Box::new(action) },
        Fact::Ruled { action: ActionId("a1".into()), ruling },
    ]
}

fn sealed(id: &str, facts: Vec<Fact>) -> Vec<Sealed> {
    let seal = |(n, fact): (u64, Fact)| Sealed::new(id, n, &Entry { at: SystemClock.now(), fact }).unwrap();
    (1..).zip(facts).map(seal).collect()
}

/// A host that was started over a journal with these incidents.
async fn host(incidents: Vec<(&str, Vec<Fact>)>) -> (TempDir, Arc<App>) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "mode = \"enforce\"\n[journal]\npath = \"{0}/data/journal.db\"\n[policies]\npath = \"{0}/policies\"\n{CONFIG}{1}",
        folder.path().display(),
        users()
    );
    write_policies(folder.path());
    let config = Config::parse(text, None, &Overrides::default()).unwrap();
    let journal = Sqlite::open(&config.journal, Options::default()).unwrap();
    for (id, facts) in incidents {
        journal.append(sealed(id, facts)).await.unwrap();
    }
    drop(journal);
    let (app, _) = launch::start(&config, &|_| {}).await.unwrap();
    (folder, app)
}

fn write_policies(folder: &Path) {
    std::fs::create_dir(folder.join("policies")).unwrap();
    let gate =
        "gate(\"restarts-need-people\", #{ on: #{ tool: \"k.restart\" }, ask: #{ who: \"sre\", within: \"1h\" } });";
    std::fs::write(folder.join("policies/a.rhai"), gate).unwrap();
}

fn soon() -> Timestamp {
    SystemClock.now() + SignedDuration::from_mins(30)
}

fn answer(incident: &str, person: Person) -> ApprovalAnswer {
    ApprovalAnswer {
        incident: incident.into(),
        action: "a1".into(),
        digest: None,
        person,
        via: "http".into(),
        comment: "go on".into(),
    }
}

fn record(app: &App, incident: &str) -> ActionRecord {
    app.incident(incident).unwrap().unwrap().actions[0].clone()
}

/// Which refusal it was, and that it says so.
fn refused(result: Result<(), ControlError>, part: &str) -> &'static str {
    let error = result.expect_err("it must be refused");
    assert!(error.to_string().contains(part), "{error} should say {part}");
    match error {
        ControlError::NotFound(_) => "not found",
        ControlError::Conflict(_) => "conflict",
        ControlError::Forbidden(_) => "forbidden",
        ControlError::Unavailable(_) => "unavailable",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_must_be_about_exactly_one_open_question() {
    let closed = vec![
        Fact::Concluded { outcome: Outcome::NeedsPerson, reason: String::new() },
        Fact::Closed { reason: "over".into() },
    ];
    let over = [question(Origin::Model, 1, soon()), closed].concat();
    let (_folder, app) = host(vec![
        ("i-aa1", question(Origin::Model, 1, soon())),
        ("i-aa2", question(Origin::Model, 1, soon())),
        ("i-over", over),
    ])
    .await;
    let ask = |answer: ApprovalAnswer| app.approve(answer);
    let answer = |incident: &str, name: &str| answer(incident, proven(&app, name));
    assert_eq!(refused(ask(answer("i-b", "ada")).await, "there is no incident i-b"), "not found");
    // People may shorten ids, but what they mean is settled before an answer is given.
    assert_eq!(refused(ask(answer("i-aa", "ada")).await, "there is no incident i-aa"), "not found");
    let several = find(app.as_ref(), "i-aa").unwrap_err();
    assert!(matches!(&several, FindError::NotOne(why) if why.contains("several: i-aa2, i-aa1")), "{several}");
    assert_eq!(refused(ask(answer("i-over", "ada")).await, "incident i-over is closed"), "conflict");
    let other = ApprovalAnswer { action: "a2".into(), ..answer("i-aa1", "ada") };
    assert_eq!(refused(ask(other).await, "has no action a2"), "not found");
    let changed = ApprovalAnswer { digest: Some("0".repeat(64)), ..answer("i-aa1", "ada") };
    let digest = record(&app, "i-aa1").action.digest;
    assert_eq!(refused(ask(changed.clone()).await, &format!("its digest is {digest}")), "conflict");
    assert_eq!(refused(app.reject(changed).await, "is not what you saw"), "conflict");
    for nobody in ["", " ", "\u{200b}"] {
        let nobody = ApprovalAnswer { person: Person::typed(nobody), ..answer("i-aa1", "ada") };
        assert_eq!(refused(ask(nobody).await, "name of a person"), "forbidden");
    }
    assert_eq!(refused(ask(answer("i-aa1", "eve")).await, "eve is not in the group sre"), "forbidden");
    let linked = ApprovalAnswer { via: LINK.into(), ..answer("i-aa1", "eve") };
    assert_eq!(refused(ask(linked).await, "eve is not among those who are asked"), "forbidden");
    let typed = ApprovalAnswer { person: Person::typed("ada"), ..answer("i-aa1", "ada") };
    assert_eq!(refused(ask(typed).await, "people who prove their name"), "forbidden");
    assert!(record(&app, "i-aa1").approvals.is_empty());

    let seen = ApprovalAnswer { digest: Some(digest.clone()), ..answer("i-aa1", "ada") };
    ask(seen).await.unwrap();
    let given = record(&app, "i-aa1").approvals;
    assert_eq!((given.len(), given[0].person.name(), given[0].digest.as_str()), (1, "ada", digest.as_str()));
    assert_eq!(refused(ask(answer("i-aa1", "bob")).await, "waits for nobody"), "conflict");
    assert_eq!(refused(app.reject(answer("i-aa1", "bob")).await, "waits for nobody"), "conflict");
    let entries = app.story("i-aa1").unwrap().unwrap().entries;
    let kept = entries.iter().any(|entry| {
        matches!(&entry.fact, Fact::Approved { person, via, comment, .. }
            if *person == proven(&app, "ada") && via == "http" && comment == "go on")
    });
    assert!(kept, "the journal keeps who, how and in which words");

    app.reject(answer("i-aa2", "bob")).await.unwrap();
    assert_eq!(record(&app, "i-aa2").state, ActionState::Rejected);
    assert_eq!(refused(ask(answer("i-aa2", "ada")).await, "it is rejected"), "conflict");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_are_two_people() {
    let ann = Proven::new("Ann", Proof::Password, Default::default()).unwrap();
    let ann = Origin::Person { person: ann.into() };
    let (_folder, app) = host(vec![("i-two", question(ann, 2, soon()))]).await;
    let by = |name: &str| answer("i-two", proven(&app, name));
    assert_eq!(refused(app.approve(by("ann")).await, "cannot approve it too"), "forbidden");
    app.approve(ApprovalAnswer { via: LINK.into(), ..by("ada") }).await.unwrap();
    assert_eq!(record(&app, "i-two").state, ActionState::Asked, "one of two");
    assert_eq!(refused(app.approve(by("ada")).await, "has approved a1 already"), "conflict");
    for typed in ["bob", "ada", "ada (as bob)"] {
        let typed = ApprovalAnswer { person: Person::typed(typed), ..by("ada") };
        assert_eq!(refused(app.approve(typed).await, "people who prove their name"), "forbidden");
    }
    app.approve(by("bob")).await.unwrap();
    let people: Vec<String> = record(&app, "i-two").approvals.iter().map(|one| one.person.to_string()).collect();
    assert_eq!(people, ["ada", "bob"]);
    assert_ne!(record(&app, "i-two").state, ActionState::Asked, "two of two");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_after_the_end_and_one_no_is_enough() {
    let late = SystemClock.now() - SignedDuration::from_secs(1);
    let (_folder, app) =
        host(vec![("i-late", question(Origin::Model, 1, late)), ("i-no", question(Origin::Model, 2, soon()))]).await;
    let answer = |incident: &str, name: &str| answer(incident, proven(&app, name));
    // Either the answer finds the question expired, or the host was quicker and has said so.
    assert_eq!(refused(app.approve(answer("i-late", "ada")).await, "expired"), "conflict");
    assert_eq!(refused(app.reject(answer("i-late", "ada")).await, "expired"), "conflict");
    app.approve(answer("i-no", "ada")).await.unwrap();
    app.reject(answer("i-no", "bob")).await.unwrap();
    assert_eq!(record(&app, "i-no").state, ActionState::Rejected);
    assert_eq!(refused(app.approve(answer("i-no", "ann")).await, "it is rejected"), "conflict");
    app.stop().await;
}

#[tokio::test]
async fn check_finds_what_a_start_would_refuse_or_regret() {
    let folder = tempfile::tempdir().unwrap();
    write_policies(folder.path());
    std::fs::create_dir(folder.path().join("policies/tests")).unwrap();
    let case = "[[case]]\nname = \"none\"\nalerts = [{ name = \"A\" }]\nwant = { verdict = \"suppress\" }\n";
    std::fs::write(folder.path().join("policies/tests/a.toml"), case).unwrap();
    std::fs::write(folder.path().join("policies/b.rhai"), "route(\"all\", #{ to: [\"broken\"] });").unwrap();
    std::fs::write(folder.path().join("secret"), "too short").unwrap();
    let text = format!(
        "[journal]\npath = \"{0}/data/journal.db\"\n[policies]\npath = \"{0}/policies\"\n[approvals]\nlink = {{ base = \
         \"http://127.0.0.1:1\", secret = {{ file = \"{0}/secret\" }} }}\n{CONFIG}[users.eve]\ngroups = [\"dba\"]\n\
         [notifiers.broken]\nplugin = \"absent\"\n[[inspection]]\nname = \"daily\"\nserver = \"absent\"\n\
         [[cluster]]\nname = \"osprey\"\n[[cluster]]\nname = \"heron\"\ntools = []\n",
        folder.path().display(),
    );
    let config = Arc::new(Config::parse(text, None, &Overrides::default()).unwrap());
    let checked = Launcher.check(config, &|_| {}).await;
    for line in ["model: none", "inspections: daily", "sign-in: nobody need prove anything"] {
        assert!(checked.loaded.iter().any(|told| told.starts_with(line)), "{line}: {:?}", checked.loaded);
    }
    let plugins = checked.loaded.iter().find(|line| line.starts_with("plugins: ")).unwrap();
    let bundled = super::launch::bundled().count();
    assert!(plugins.contains(&format!("of {bundled} bundled ones ")), "{plugins}");
    let found = checked.problems;
    for part in [
        "approvals.link: the secret of links needs",
        "test failed: none, verdict wanted suppress",
        "eve has no way to prove this name",
        "daily: server: there is no tool server \"absent\"; there are none",
        "osprey: there is no tool server \"osprey\", so nothing of osprey can be looked at",
    ] {
        let hits = found.iter().filter(|problem| problem.to_string().contains(part)).count();
        assert_eq!(hits, 1, "{part}: {found:?}");
    }
    assert!(!found.iter().any(|problem| problem.to_string().contains("heron")), "{found:?}");
    // A target that cannot be used is told as that, not as one that is missing.
    let missing = |problem: &&crate::config::Problem| problem.to_string().contains("which is no target");
    assert_eq!(found.iter().find(missing), None);
    assert!(found.iter().any(|problem| problem.to_string().contains("absent")), "{found:?}");
}

#[tokio::test]
async fn what_a_server_offers_amiss_is_told_apart_from_what_nobody_wants() {
    let mut tools: Vec<_> = (0..30).map(|n| json!({"name": format!("odd{n}"), "inputSchema": false})).collect();
    tools.extend(["get", "denied"].map(|name| json!({"name": name, "annotations": {"readOnlyHint": true}})));
    let answers = [
        json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}),
        json!({ "tools": tools }),
    ];
    let [shake, list] = [0, 1].map(|id| json!({"jsonrpc": "2.0", "id": id, "result": answers[id]}).to_string());
    let script = "read l; echo \"$SHAKE\"; read l; read l; echo \"$LIST\"; read l";
    let server = json!({
        "command": "/bin/sh", "args": ["-c", script], "env": {"SHAKE": shake, "LIST": list}, "disabledTools": ["denied"],
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("servers.json");
    std::fs::write(&file, json!({"mcpServers": {"k": server}}).to_string()).unwrap();
    let text = format!("[tools]\nservers = \"{}\"\n", file.display());
    let config = Arc::new(Config::parse(text, None, &Overrides::default()).unwrap());
    let checked = Launcher.check_tools(config, &|_| {}).await;
    assert!(checked.problems.is_empty(), "{:?}", checked.problems);
    let count = |beginning: &str| checked.loaded.iter().filter(|line| line.starts_with(beginning)).count();
    assert_eq!(count("  left out: "), 21, "twenty by name and one for how many more: {:?}", checked.loaded);
    assert_eq!(count("  not offered: "), 1, "{:?}", checked.loaded);
    assert!(checked.loaded.iter().any(|line| line == "  left out: 10 more tools could not be taken"));
}
