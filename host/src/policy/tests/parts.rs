//! Incidents whose alerts no rule fits all.

use super::{Case, alert, case, set};
use crate::domain::{Alert, Status, Verdict};
use crate::rules::Policies;

/// An alert of one's own, at first, beside one that the rules know.
fn mixed(own: &str, known: &str) -> Case {
    case(vec![
        alert("HighErrorRate", &[("namespace", "shop"), ("deployment", "web"), ("severity", own)]),
        alert("KubePodCrashLooping", &[("namespace", "shop"), ("pod", "web-7f9c6d5b8-abcde"), ("severity", known)]),
    ])
}

fn rule(name: &str, alert: &str, then: &str) -> String {
    format!("rule(\"{name}\", #{{ on: #{{ alertname: \"{alert}\" }}, then: {then} }});\n")
}

#[test]
fn where_no_rule_fits_all_alerts_the_worst_decide_and_then_each_name() {
    let crash = rule("crash", "KubePodCrashLooping", "plan(\"kubernetes-workload\")");
    let errors = rule("errors", "HighErrorRate", "escalate(\"errors\")");
    for (own, known, text, wanted) in [
        ("info", "warning", crash.clone(), "crash"),
        ("critical", "warning", crash.clone(), "crash"),
        ("warning", "warning", crash.clone(), "crash"),
        // The worst comes first, whatever the order of the rules.
        ("critical", "warning", format!("{crash}{errors}"), "errors"),
        ("info", "critical", format!("{errors}{crash}"), "crash"),
        // Of one severity the oldest.
        ("warning", "warning", format!("{crash}{errors}"), "errors"),
        // What fits all comes before what fits some.
        ("critical", "warning", format!("{errors}rule(\"all\", #{{ then: escalate() }});"), "all"),
        ("critical", "warning", rule("other", "Other", "escalate()"), ""),
    ] {
        assert_eq!(mixed(own, known).rule(&text), wanted, "{own} {known} {text}");
    }
    let decision = mixed("critical", "warning").decide(&crash).unwrap();
    assert_eq!(decision.verdict, Verdict::Plan { plugin: "kubernetes-workload".into() });
    let wanted = "decided by the alerts KubePodCrashLooping; the others belong to the same incident: rule crash";
    assert_eq!(decision.reason, wanted);
}

#[test]
fn what_is_written_for_some_alerts_hides_no_others() {
    let case = mixed("critical", "warning");
    for then in ["suppress()", "hold(\"1h\")"] {
        for known in ["KubePodCrashLooping", "HighErrorRate"] {
            assert_eq!(case.decide(&rule("quiet", known, then)), None, "{then} {known}");
        }
    }
    let waits = "rule(\"a\", #{ on: #{ alertname: \"HighErrorRate\" }, for_at_least: \"1h\", then: escalate() });";
    assert_eq!(case.decide(waits), None);
    let silence = "silence(\"s\", #{ on: #{ alertname: \"HighErrorRate\" }, author: \"x\", comment: \"y\" });\n";
    let crash = rule("crash", "KubePodCrashLooping", "investigate()");
    assert_eq!(case.rule(&format!("{silence}{crash}")), "crash");
    // A worst alert that a rule keeps quiet does not keep another rule from the others.
    let text = format!("{}{crash}", rule("quiet", "HighErrorRate", "suppress()"));
    assert_eq!(case.rule(&text), "crash");
}

#[test]
fn a_rule_that_errs_is_named_once() {
    let text = "rule(\"a\", #{ when: |i| i.nothing, then: escalate() });";
    assert_eq!(mixed("critical", "warning").judge(&set(text)).faults.len(), 1);
}

#[test]
fn an_explanation_says_by_which_alerts_it_was_decided() {
    let case = mixed("critical", "warning");
    let quiet = rule("quiet", "HighErrorRate", "suppress()");
    let set = set(&format!("{quiet}{}", rule("crash", "KubePodCrashLooping", "investigate()")));
    let lines = set.explain(&case.incident, &case.context());
    let lines: Vec<_> =
        lines.iter().skip(2).map(|line| (line.rule.as_str(), line.matched, line.why.as_str())).collect();
    let hides = "says suppress about the alerts HighErrorRate alone, which must not hide the others";
    let says = "says investigate, and decides by the alerts KubePodCrashLooping; the others belong to the \
                same incident";
    assert_eq!(lines, [("quiet", false, hides), ("crash", true, says)]);
    assert_eq!(case.judge(&set).decision.unwrap().rule.as_deref(), Some("crash"));
}

#[test]
fn a_title_names_the_worst_alert_that_fires() {
    let named = |own, known| mixed(own, known).incident.title();
    assert_eq!(named("info", "critical"), "KubePodCrashLooping +1: deployment shop/web");
    assert_eq!(named("critical", "info"), "HighErrorRate +1: deployment shop/web");
    assert_eq!(named("warning", "warning"), "HighErrorRate +1: deployment shop/web");
    let mut one = mixed("critical", "info").incident;
    let over = one.alerts[0].clone();
    one.alerts.put(Alert { status: Status::Resolved, ..over });
    assert_eq!(one.title(), "KubePodCrashLooping: deployment shop/web");
}
