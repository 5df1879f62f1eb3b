//! Event rules: what they may say, who is heard, and what the lint objects to.

use serde_json::{Value, json};

use super::set;
use crate::domain::event::{Envelope, Event};
use crate::policy::{Set, lint};
use crate::rules::{EventDecision, Policies};

fn event(subject: &str, data: Value) -> Event {
    let said = Envelope {
        subject: subject.into(),
        kind: "Kube".into(),
        cluster: "k".into(),
        time: Some("2026-07-01T11:59:00Z".parse().unwrap()),
        data,
        ..Envelope::default()
    };
    Event::new(said)
}

fn judge(set: &Set, event: &Event) -> EventDecision {
    Policies::event(set, event, "2026-07-01T12:00:00Z".parse().unwrap())
}

fn problems(text: &str) -> String {
    Set::from_sources(&[("a.rhai", text)]).map_or_else(|problems| problems.to_string(), |_| String::new())
}

#[test]
fn what_a_host_tells_of_itself_is_heard_by_those_alone_who_ask_for_it() {
    let set = set(r#"
        event("reported", #{ on: #{ observation: "alerts" }, alert: #{ name: "Reported" } });
        event("others", #{ on: #{ observation: "alerts", source: not("elsewhere") }, alert: #{ name: "Other" } });
        event("hosts", #{ on: #{ observation: "alerts", source: glob("tidegate/*") }, alert: #{ name: "Hosts" } });
    "#);
    let by = |source: &str| {
        let said = event("ops.clusters.k.nodes.n1.alerts", json!({ "status": "alerting" })).said;
        let event = Event::new(Envelope { source: source.into(), ..said });
        let explained = Policies::explain_event(&set, &event, "2026-07-01T12:00:00Z".parse().unwrap());
        (judge(&set, &event).rule.unwrap_or_default(), explained[0].why.clone())
    };
    assert_eq!(by("https://github.com/shaowenchen/ops").0, "reported");
    let (rule, why) = by("tidegate/kestrel/ops");
    assert!(rule == "hosts" && why.contains("tells it of itself"), "{rule}: {why}");
}

const POD: &str = "ops.clusters.k.namespaces.shop.pods.web-1.events";

#[test]
fn the_first_that_decides_counts_and_every_end_is_heard() {
    let set = set(r#"
        event("end-a", #{ on: #{ reason: "Odd" }, resolve: "A" });
        event("nothing", #{ on: #{ reason: "Odd", namespace: "test" }, ignore: true });
        event("first", #{ on: #{ reason: "Odd" }, alert: #{ name: "First" } });
        event("second", #{ on: #{ reason: "Odd" }, alert: #{ name: "Second" } });
        event("end-b", #{ on: #{ kind: "pod" }, resolve: ["B", "C"] });
    "#);
    let judged = judge(&set, &event(POD, json!({ "reason": "Odd" })));
    assert_eq!(judged.rule.as_deref(), Some("first"));
    let over: Vec<&str> = judged.over.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((judged.raised[0].alert.name.as_str(), over), ("First", vec!["A", "B", "C"]));
    let in_test = event("ops.clusters.k.namespaces.test.pods.web-1.events", json!({ "reason": "Odd" }));
    let judged = judge(&set, &in_test);
    assert_eq!((judged.rule.as_deref(), judged.raised.len(), judged.over.len()), (Some("nothing"), 0, 3));
    assert_eq!(judge(&set, &event("else", json!({ "reason": "Even" }))), EventDecision::default());
    let explained = Policies::explain_event(&set, &in_test, "2026-07-01T12:00:00Z".parse().unwrap());
    let why: Vec<&str> = explained.iter().map(|one| one.why.as_str()).collect();
    assert_eq!(
        why,
        [
            "says that these are over: A",
            "says that it means nothing, and decides",
            "raises First, but nothing came first",
            "raises Second, but nothing came first",
            "says that these are over: B, C"
        ]
    );
}

#[test]
fn every_rule_may_send_an_event_on() {
    let set = set(r#"
        event("first", #{ on: #{ reason: "Odd" }, alert: #{ name: "First" } });
        event("copy", #{ on: #{ kind: "pod" }, forward: ["Alerts", "ops.copy"] });
        event("narrow", #{ on: #{ kind: "pod" }, when: |e| e.reason == "Even", forward: "x.y" });
    "#);
    let judged = judge(&set, &event(POD, json!({ "reason": "Odd" })));
    let to: Vec<(&str, &str)> = judged.forward.iter().map(|(to, rule)| (to.as_str(), rule.as_str())).collect();
    assert_eq!((to, judged.rule.as_deref()), (vec![("alerts", "copy"), ("ops.copy", "copy")], Some("first")));
    assert_eq!(set.forwards(), Some("copy"));
}

#[test]
fn every_field_can_be_named_and_only_what_is_there_matches() {
    let data =
        json!({ "reason": "Odd", "note": "disk is slow", "type": "Warning", "list": ["a", "b"], "n": 7, "none": null });
    for (on, wanted) in [
        (r#"subject: "ops.clusters.*.namespaces.>""#, true),
        (r#"subject: ["x.y", "ops.clusters.*.namespaces.*.pods.*.events"]"#, true),
        (r#"subject: "ops.clusters.*.nodes.>""#, false),
        (r#"subject: glob("*.web-1.*")"#, true),
        (r#"type: "Kube", cluster: "k", namespace: "shop", kind: "pod", name: "web-1", observation: "events""#, true),
        (r#"reason: ["Odd", "Even"], message: glob("*slow")"#, true),
        (r#"text: glob("*Warning*")"#, true),
        (r#""data.type": "Warning", "data.n": gt(5), "data.list": "b""#, true),
        (r#""data.list": not("b")"#, false),
        (r#""data.none": exists()"#, false),
        (r#""data.none": absent(), source: absent()"#, true),
        (r#"source: exists()"#, false),
        (r#""data.type.deeper": "Warning""#, false),
    ] {
        let set = set(&format!("event(\"x\", #{{ on: #{{ {on} }}, alert: #{{ name: \"X\" }} }});"));
        let judged = judge(&set, &event(POD, data.clone()));
        assert_eq!(!judged.raised.is_empty(), wanted, "{on}");
    }
}

#[test]
fn an_alert_is_about_the_object_of_its_event_and_says_what_the_rule_adds() {
    let set = set(r#"
        event("x", #{
            on: #{ reason: "Odd" },
            count: #{ times: 3, within: "10m" },
            alert: |e| if e.data.n > 5 { #{
                name: "Odd", severity: "error", link: "https://a.example/" + e.name,
                labels: #{ team: "shop", pod: "", n: e.data.n, none: e.data.nothing },
                annotations: #{ ends_after: "1s", hint: "look at " + e.kind }, ends_after: "1h30m",
            } },
        });
    "#);
    let raised = judge(&set, &event(POD, json!({ "reason": "Odd", "message": "it is odd", "n": 7 }))).raised.remove(0);
    let alert = raised.alert;
    let labels: Vec<(String, String)> = alert.labels.to_map().into_iter().collect();
    let wanted = [
        ("alertname", "Odd"),
        ("cluster", "k"),
        ("n", "7"),
        ("namespace", "shop"),
        ("severity", "error"),
        ("team", "shop"),
    ];
    assert_eq!(labels, wanted.map(|(key, value)| (key.to_string(), value.to_string())));
    assert_eq!(alert.annotations.get("ends_after"), Some("1h30m"), "the host's own word");
    assert_eq!(
        (alert.annotations.get("summary"), alert.annotations.get("hint")),
        (Some("it is odd"), Some("look at pod"))
    );
    assert_eq!(
        (alert.starts_at.unwrap().to_string().as_str(), alert.link.as_deref()),
        ("2026-07-01T11:59:00Z", Some("https://a.example/web-1"))
    );
    assert_eq!((raised.ends_after_ms, raised.count.unwrap().times), (Some(5_400_000), 3));
    assert_eq!(judge(&set, &event(POD, json!({ "reason": "Odd", "n": 1 }))).raised, []);
    let judged = judge(&set, &event(POD, json!({ "reason": "Odd", "n": [] })));
    assert!(judged.raised.is_empty(), "{judged:?}");
}

#[test]
fn what_is_wrong_with_a_rule_is_told_at_once() {
    for (fields, part) in [
        ("on: #{ reason: \"a\" }", "exactly one of `alert`, `resolve`, `forward` and `ignore`"),
        ("on: #{ reason: \"a\" }, ignore: true, resolve: \"A\"", "exactly one of"),
        ("on: #{ reason: \"a\" }, forward: \"ops.*\"", "names a whole subject"),
        ("on: #{ reason: \"a\" }, forward: \"a..b\"", "names a whole subject"),
        ("on: #{ reason: \"a\" }, ignore: false", "`ignore` can only be true"),
        ("ignore: true", "would hear everything"),
        ("on: #{ reasons: \"a\" }, ignore: true", "did you mean `reason`?"),
        ("on: #{ subject: \"a.>.b\" }, ignore: true", "nothing can follow it"),
        ("on: #{ reason: \"a\" }, alert: #{}", "`name` is missing"),
        ("on: #{ reason: \"a\" }, alert: #{ name: \"A\", severity: \"bad\" }", "critical, error, warning or info"),
        ("on: #{ reason: \"a\" }, alert: #{ name: \"A\", ends_after: \"8d\" }", "from \"1s\" to \"7d\""),
        ("on: #{ reason: \"a\" }, alert: #{ name: \"A\", labels: #{ a: [] } }", "`labels`, `a` must be a text"),
        ("on: #{ reason: \"a\" }, alert: 7", "must be a map such as"),
        ("on: #{ reason: \"a\" }, alert: |e, i| #{ name: \"A\" }", "takes 2 arguments, but gets |e|"),
        ("on: #{ reason: \"a\" }, resolve: []", "names the alerts"),
        ("on: #{ reason: \"a\" }, resolve: \"A\", count: #{ times: 2, within: \"1m\" }", "`alert` is missing"),
        ("on: #{ reason: \"a\" }, alert: #{ name: \"A\" }, count: #{ times: 2 }", "`count`: `times` is missing"),
        ("on: #{ reason: \"a\" }, alert: #{ name: \"A\" }, count: #{ times: 2000, within: \"1m\" }", "1000 at most"),
    ] {
        let told = problems(&format!("event(\"x\", #{{ {fields} }});"));
        assert!(told.contains(part), "{fields}: {told}");
    }
}

#[test]
fn a_closure_that_errs_is_a_fault_and_later_rules_are_asked() {
    let set = set(r#"
        event("bad", #{ on: #{ reason: "Odd" }, when: |e| e.nothing == 1, alert: #{ name: "A" } });
        event("worse", #{ on: #{ reason: "Odd" }, alert: |e| 7 });
        event("unnamed", #{ on: #{ reason: "Odd" }, alert: |e| #{ severity: "error" } });
        event("history", #{ on: #{ reason: "Odd" }, when: |e| incidents() > 0, alert: #{ name: "B" } });
        event("good", #{ on: #{ reason: "Odd" }, alert: #{ name: "C" } });
    "#);
    let judged = judge(&set, &event(POD, json!({ "reason": "Odd" })));
    assert_eq!((judged.rule.as_deref(), judged.faults.len()), (Some("good"), 4), "{:?}", judged.faults);
    assert!(judged.faults[0].contains("the event has no field `nothing`"), "{:?}", judged.faults);
}

#[test]
fn the_lint_names_what_cannot_be_meant() {
    let said = |text: &str| -> Vec<String> { lint::run(&set(text), None).iter().map(ToString::to_string).collect() };
    let endless = said(r#"event("x", #{ on: #{ reason: "a" }, alert: #{ name: "A" } });"#);
    assert!(endless[0].contains("nothing ends its alert `A`"), "{endless:?}");
    let ended = r#"event("x", #{ on: #{ reason: "a" }, alert: #{ name: "A" } }); event("y", #{ on: #{ reason: "b" }, resolve: "A" });"#;
    assert_eq!(said(ended), [""; 0]);
    let unknown = said(r#"event("y", #{ on: #{ reason: "b" }, resolve: "A" });"#);
    assert!(unknown[0].contains("which no event rule raises"), "{unknown:?}");
    let shadowed = said(
        r#"
        event("wide", #{ on: #{ reason: ["a", "b"] }, ignore: true });
        event("narrow", #{ on: #{ reason: "a", kind: "pod" }, alert: #{ name: "A", ends_after: "1m" } });
    "#,
    );
    assert!(shadowed[0].contains("event `narrow` can never decide, because `wide`"), "{shadowed:?}");
}

#[test]
fn a_test_hears_rules_that_send_on_and_that_end_alerts() {
    let set = set(r#"
        event("copy", #{ on: #{ reason: "A" }, forward: "alerts" });
        event("over", #{ on: #{ reason: "A" }, resolve: "B" });
        "#);
    let failed = |want: &str| {
        let case = format!(
            "[[case]]\nname = 'a'\nevent = {{ subject = 'ops.x.events', data = {{ reason = 'A' }} }}\nwant = {want}\n"
        );
        !crate::policy::test::run_texts(&set, vec![("a".into(), Ok(case))]).failed.is_empty()
    };
    for (want, fails) in [
        ("{ rule = 'copy' }", false),
        ("{ rule = 'over', forward = ['ops.x.alerts'] }", false),
        ("{ rule = 'none' }", false),
        ("{ rule = 'other' }", true),
        ("{ silent = ['copy'] }", true),
        ("{ silent = ['over'] }", true),
        ("{ silent = ['other'] }", false),
    ] {
        assert_eq!(failed(want), fails, "{want}");
    }
}
