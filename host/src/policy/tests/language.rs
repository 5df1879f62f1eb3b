//! What rules can say, and what that means.

use super::{Case, alert, case, past, set, simple};
use crate::domain::{Alert, IncidentId, Mode, Occasion, Status, Verdict};
use crate::rules::Policies;

fn two() -> Case {
    case(vec![
        alert("KubePodNotReady", &[("namespace", "shop"), ("pod", "web-1"), ("severity", "info")]),
        alert("KubePodNotReady", &[("namespace", "shop"), ("pod", "web-2"), ("severity", "critical")]),
    ])
}

#[test]
fn a_matcher_must_hold_for_every_firing_alert() {
    let rule = |on: &str| format!("rule(\"a\", #{{ on: #{{ {on} }}, then: escalate() }});");
    for (on, holds) in [
        ("alertname: \"KubePodNotReady\", namespace: \"shop\"", true),
        ("pod: \"web-1\"", false),
        ("pod: [\"web-1\", \"web-2\"]", true),
        ("pod: re(\"web-.\")", true),
        ("pod: re(\"web\")", false),
        ("pod: glob(\"web-*\")", true),
        ("pod: not(\"web-1\")", false),
        ("namespace: not(re(\"kube-.*\"))", true),
        ("team: absent(), namespace: exists()", true),
        ("team: not(\"a\")", true),
        ("team: exists()", false),
        ("severity: \"critical\"", true),
        ("severity: \"info\"", false),
        ("\"label.severity\": \"critical\"", false),
        ("source: \"alertmanager\"", true),
        ("name: [\"Other\", re(\"Kube.*\")]", true),
    ] {
        assert_eq!(!two().rule(&rule(on)).is_empty(), holds, "{on}");
    }
    let mut resolved = two();
    let second = resolved.incident.alerts[1].clone();
    resolved.incident.alerts.put(Alert { status: Status::Resolved, ..second });
    assert_eq!(resolved.rule(&rule("pod: \"web-1\"")), "a");
    let numbers = case(vec![alert("a", &[("value", "0.95"), ("instance", "10.1.2.3:9100"), ("code", "500")])]);
    let on = "value: gt(0.9), code: 500, \"label.value\": le(1), instance: cidr(\"10.0.0.0/8\")";
    assert_eq!(numbers.rule(&rule(on)), "a");
}

#[test]
fn closures_see_the_incident() {
    let text = "rule(\"a\", #{ when: |i| {
        i.id == \"i1\" && i.name == \"KubePodNotReady\" && i.severity == \"critical\" && i.age == 600 && i.count == 2
        && i.labels.namespace == \"shop\" && i.labels.missing == () && label(i, \"missing\") == \"\"
        && !(\"pod\" in i.labels) && i.firing.map(|a| a.labels.pod) == [\"web-1\", \"web-2\"]
        && i.alerts[1].severity == \"critical\" && i.alerts[0].age == 600 && i.now.starts_with(\"2026-07-06\")
        && i.firing.all(|a| a.label(\"pod\").starts_with(\"web-\")) && (i.labels.team ?? \"none\") == \"none\"
        && matches(i.labels.namespace, re(\"sh.p\")) && i.outcome == \"\" && i.state == \"open\"
      }, then: |i| escalate(`${i.title}: ${i.count}`) });";
    let decision = two().decide(text).unwrap();
    assert_eq!(decision.reason, "KubePodNotReady: statefulset shop/web: 2");
    let fault = simple().judge(&set("rule(\"a\", #{ when: |i| i.lables.x == 1, then: escalate() });")).faults.concat();
    assert!(fault.contains("the incident has no field `lables`; did you mean `labels`? (a.rhai:1)"), "{fault}");
    let missing = "rule(\"a\", #{ when: |i| i.labels.team.starts_with(\"x\"), then: escalate() });";
    assert!(simple().judge(&set(missing)).faults.concat().contains("rule `a`: `when` failed"));
}

#[test]
fn an_incident_is_about_what_its_firing_alerts_share() {
    let text = "rule(\"a\", #{ then: |i| {
        let about = subject_of(i);
        let by_name = workload_by_name(i);
        escalate(`${about?.kind} ${about?.namespace}/${about?.name}, ${by_name?.kind} ${by_name?.name}`)
      } });";
    let one = |(label, name): &(&str, &str)| alert("Broken", &[("namespace", "shop"), (*label, *name)]);
    for (alerts, wanted) in [
        (&[("pod", "web-7f9c6d5b8-x2k4p")][..], "pod shop/web-7f9c6d5b8-x2k4p, deployment web"),
        (&[("deployment", "web"), ("pod", "web-7f9c6d5b8-x2k4p")], "deployment shop/web, deployment web"),
        (&[("pod", "web-7f9c6d5b8-x2k4p"), ("pod", "web-7f9c6d5b8-q9w8z")], "deployment shop/web, deployment web"),
        // Whose pods they are their names leave open.
        (&[("pod", "logs-x2k4p"), ("pod", "logs-q9w8z")], "workload shop/logs, workload logs"),
        (&[("deployment", "web"), ("deployment", "db")], " /,  "),
        (&[("deployment", "web"), ("team", "web")], " /,  "),
    ] {
        let case = case(alerts.iter().map(one).collect());
        assert_eq!(case.decide(text).unwrap().reason, wanted, "{alerts:?}");
    }
    let mut case = case([("deployment", "web"), ("deployment", "db")].iter().map(one).collect());
    let mut alerts: Vec<Alert> = case.incident.alerts.iter().cloned().collect();
    alerts[1].status = Status::Resolved;
    case.incident.alerts = alerts.into();
    assert_eq!(case.decide(text).unwrap().reason, "deployment shop/web, deployment web");
}

#[test]
fn every_verdict_can_be_said() {
    let say = |then: &str| simple().decide(&format!("rule(\"a\", #{{ then: {then} }});")).unwrap();
    assert_eq!(say("suppress(\"noise\")").verdict, Verdict::Suppress);
    assert_eq!(say("|i| escalate(\"why\")").reason, "why");
    assert_eq!(say("investigate()").verdict, Verdict::Investigate);
    assert_eq!(say("plan(\"p\", \"why\")").verdict, Verdict::Plan { plugin: "p".into() });
    assert_eq!(say("hold(\"5m\")").verdict, Verdict::Hold { until: "2026-07-06T12:05:00Z".parse().unwrap() });
    let fix = "|i| remediate([
        act(\"k.pods_delete\", #{ namespace: i.labels.namespace, name: i.labels.pod }, #{
            target: \"pod\", reason: \"stuck\", evidence: \"seen\", root_cause: \"leak\", undo: act(\"k.undo\"),
            verify: verification(look(\"k.get\", #{ name: i.labels.pod }), #{ absent: [\"$.error\"], within: \"1m\", every: \"2s\" }),
        }),
        act(\"k.other\").reason(\"r\").target(\"t\").evidence([\"e\"]).root_cause(\"c\").undo(act(\"k.back\", #{ n: 1 })),
      ], \"both\")";
    let decision = say(fix);
    let Verdict::Remediate { actions, .. } = decision.verdict else { panic!("{decision:?}") };
    let [first, second] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(first.call.arguments["name"], "web-1");
    assert_eq!(first.verify.as_ref().map(|v| (v.within_ms, v.every_ms)), Some((60_000, 2_000)));
    assert_eq!((first.root_cause.as_str(), first.evidence.as_slice()), ("leak", &["seen".to_string()][..]));
    assert_eq!(second.undo.as_ref().map(|undo| undo.arguments["n"].clone()), Some(1.into()));
    assert_eq!(decision.reason, "both");
    let ranked = say("alternatives([act(\"k.pods_delete\"), act(\"k.other\")], \"either\")");
    let Verdict::Remediate { actions, alternatives: true } = ranked.verdict else { panic!("{ranked:?}") };
    assert_eq!((actions.len(), ranked.reason.as_str()), (2, "either"));
    let nothing = "rule(\"a\", #{ then: |i| () }); rule(\"b\", #{ then: |i| 5 }); rule(\"c\", #{ then: escalate() });";
    let judged = simple().judge(&set(nothing));
    assert_eq!(judged.decision.unwrap().rule.as_deref(), Some("c"));
    assert!(judged.faults.concat().contains("it must return a verdict such as escalate(), but returned the number"));
}

#[test]
fn modes_only_narrow_and_reasons_have_a_default() {
    let text = "rule(\"a\", #{ mode: \"observe\", description: \"told so\", owner: \"sre\", tags: [\"x\"], then: escalate() });";
    let decision = simple().decide(text).unwrap();
    assert_eq!((decision.mode, decision.reason.as_str()), (Mode::Observe, "told so"));
    let wide = "rule(\"a\", #{ mode: \"enforce\", then: escalate() });";
    let observing = Case { mode: Mode::Observe, ..simple() };
    assert_eq!(observing.decide(wide).map(|decision| decision.mode), Some(Mode::Observe));
}

#[test]
fn a_rule_waits_until_the_oldest_alert_has_lasted() {
    let text = |time: &str| format!("rule(\"a\", #{{ for_at_least: \"{time}\", then: escalate() }});");
    let until = "2026-07-06T12:05:00Z".parse().unwrap();
    assert_eq!(simple().decide(&text("15m")).map(|d| d.verdict), Some(Verdict::Hold { until }));
    assert_eq!(simple().decide(&text("10m")).map(|d| d.verdict), Some(Verdict::Escalate));
}

#[test]
fn time_and_history_are_data() {
    let rule = |when: &str| {
        format!(
            "let work = during(\"mon-fri 09:00-18:00\", \"Europe/Berlin\"); rule(\"a\", #{{ when: {when}, then: escalate() }});"
        )
    };
    // Monday, 14:00 in Berlin.
    for (when, holds) in [
        ("during(\"mon-fri 09:00-18:00\", \"Europe/Berlin\")", true),
        ("not(during(\"mon-fri\"))", false),
        ("work.except(holiday([\"07-06\"], \"Europe/Berlin\"))", false),
        ("any_of([holiday(\"2026-07-01..2026-07-07\"), during(\"sat\")])", true),
        (
            "during(#{ days: \"mon\", months: \"jul-aug\", hours: \"11:00-13:00\", dates: \"07-06\", zone: \"UTC\" })",
            true,
        ),
        ("during(#{ months: \"jan\" })", false),
        ("|i| work.is_now() && !during(\"sun\").is_now()", true),
        ("|i| flapping(3, \"1h\")", true),
        ("|i| flapping(4, \"1h\")", false),
        ("|i| incidents(#{ group: true, within: \"1h\" }) == 2 && incidents(#{ within: \"1d\" }) == 4", true),
        (
            "|i| fixes(#{ rule: \"r\" }) == 3 && successes(#{ rule: \"r\" }) == 2 && fixes(#{ target: \"t1\" }) == 2 && fixes(#{ rule: \"r\", tool: \"restart\" }) == 3 && successes(#{ rule: \"r\", tool: \"k.restart\" }) == 2 && incidents(#{ tool: \"other\" }) == 0",
            true,
        ),
        (
            "|i| past(#{ name: \"KubePodNotReady\" }).len() == 4 && past(#{}).some(|p| p.helped && p.rule == \"r\")",
            true,
        ),
        (
            "|i| fixes(#{ finding: \"out-of-memory\" }) == 3 && successes(#{ finding: \"out-of-memory\", tool: \"restart\" }) == 2 && incidents(#{ finding: \"out-of-memory\" }) == 2 && fixes(#{ finding: \"crash-loop\" }) == 0 && past(#{ finding: \"out-of-memory\" }).some(|p| \"out-of-memory\" in p.findings)",
            true,
        ),
        ("|i| incidents(#{ outcome: \"fixed\" }) == 4 && incidents(#{ name: \"x\" }) == 0", true),
    ] {
        let before = simple().with_past(vec![
            past("r", "group", 600, &[("t1", true), ("t2", false)]),
            past("q", "other", 50, &[]),
            past("r", "group", 40, &[("t1", true)]),
            past("q", "group", 30, &[]),
        ]);
        assert_eq!(!before.rule(&rule(when)).is_empty(), holds, "{when}");
    }
}

#[test]
fn silences_and_inhibitions_come_before_rules() {
    let rules = "rule(\"a\", #{ then: escalate() });";
    let silence = |more: &str| {
        format!(
            "silence(\"s\", #{{ on: #{{ namespace: \"shop\" }}, author: \"ann\", comment: \"move\", {more} }});{rules}"
        )
    };
    let decision =
        simple().decide(&silence("from: \"2026-07-06T10:00Z\", until: \"2026-07-06T13:00[Europe/Berlin]\"")).unwrap();
    assert_eq!(decision.rule.as_deref(), Some("a"), "13:00 in Berlin is 11:00 UTC, which is past");
    let decision = simple().decide(&silence("until: \"2026-07-06T16:00:00+02:00\"")).unwrap();
    assert_eq!(decision.verdict, Verdict::Hold { until: "2026-07-06T14:00:00Z".parse().unwrap() });
    assert_eq!((decision.rule.as_deref(), decision.reason.as_str()), (Some("silence:s"), "silenced by ann: move"));
    assert_eq!(simple().decide(&silence("")).unwrap().verdict, Verdict::Suppress);
    assert_eq!(simple().rule(&silence("from: \"2026-07-07T00:00:00Z\"")), "a");

    let inhibit = format!(
        "inhibit(\"node\", #{{ source: #{{ alertname: \"NodeDown\", severity: \"critical\" }}, target: #{{ severity: [\"warning\", \"info\"] }}, equal: [\"cluster\"], recheck: \"2m\" }});{rules}"
    );
    let active = |incident: &str, cluster: &str| {
        let down = alert("NodeDown", &[("cluster", cluster), ("severity", "critical")]);
        (IncidentId(incident.into()), Alert { source: "x".into(), ..down })
    };
    let in_a = case(vec![alert("Pod", &[("cluster", "a")])]);
    let decision = in_a.clone().with_active(vec![active("i2", "a")]).decide(&inhibit).unwrap();
    assert_eq!(decision.rule.as_deref(), Some("inhibit:node"));
    assert_eq!(decision.verdict, Verdict::Hold { until: "2026-07-06T12:02:00Z".parse().unwrap() });
    assert_eq!(in_a.clone().with_active(vec![active("i2", "b")]).rule(&inhibit), "a");
    assert_eq!(in_a.with_active(vec![active("i1", "a")]).rule(&inhibit), "a", "no incident inhibits itself");
}

#[test]
fn routes_stop_at_the_first_unless_they_continue() {
    let set = set("route(\"page\", #{ on: #{ severity: \"critical\" }, to: [\"pager\"], and_continue: true });
         route(\"fixed\", #{ on: #{ outcome: \"fixed\" }, to: \"log\" });
         route(\"asks\", #{ occasions: [\"approval\"], to: [\"chat\"] });
         route(\"night\", #{ when: |i| i.labels.team == \"x\", to: [\"night\"] });
         route(\"rest\", #{ to: [\"mail\"] }); route(\"never\", #{ to: [\"never\"] });");
    let names = |case: &Case, occasion| -> Vec<String> {
        set.routes(&case.incident, occasion, &case.context()).into_iter().map(|routed| routed.route).collect()
    };
    assert_eq!(names(&two(), Occasion::Report), ["page", "rest"]);
    assert_eq!(names(&two(), Occasion::Approval), ["page", "asks"]);
    assert_eq!(names(&simple(), Occasion::Resolved), ["rest"]);
}

#[test]
fn each_route_says_why_it_is_one_or_not_and_the_same_as_when_it_counts() {
    let set = set("route(\"page\", #{ on: #{ severity: \"critical\" }, to: [\"pager\"], and_continue: true });
         route(\"asks\", #{ occasions: [\"approval\"], to: [\"chat\"] });
         route(\"night\", #{ when: during(\"22:00-06:00\", \"UTC\"), to: [\"night\"] });
         route(\"odd\", #{ when: |i| i.nothing, to: [\"odd\"] });
         route(\"rest\", #{ to: [\"mail\"], fallback: \"phone\" }); route(\"never\", #{ to: [\"never\"] });");
    for (case, occasion) in [(two(), Occasion::Report), (two(), Occasion::Approval), (simple(), Occasion::Resolved)] {
        let tried = set.explain_routes(&case.incident, occasion, &case.context());
        let taken: Vec<&str> = tried.iter().filter(|one| one.taken).map(|one| one.route.as_str()).collect();
        let routed = set.routes(&case.incident, occasion, &case.context());
        assert_eq!(taken, routed.iter().map(|one| one.route.as_str()).collect::<Vec<_>>(), "{tried:?}");
        assert_eq!(tried.len(), 6);
    }
    let case = two();
    let why: Vec<String> =
        set.explain_routes(&case.incident, Occasion::Report, &case.context()).into_iter().map(|one| one.why).collect();
    for (why, part) in why.iter().zip([
        "later routes are asked as well",
        "the occasion is report, wanted approval",
        "its time is not at 2026-07-06T12:00:00Z",
        "counts as no match",
        "matches, and ends the search",
        "matches, but rest came first",
    ]) {
        assert!(why.contains(part), "{part:?} in {why:?}");
    }
}

#[test]
fn a_route_says_who_is_told_when_its_targets_do_not_take_a_message() {
    let set = set("route(\"page\", #{ to: [\"pager\"], fallback: \"phone\", fallback_after: \"90s\", and_continue: true });
         route(\"chat\", #{ to: [\"chat\"], fallback: [\"mail\", \"phone\"], and_continue: true }); route(\"log\", #{ to: \"log\" });");
    let case = two();
    let routed = set.routes(&case.incident, Occasion::Report, &case.context()).into_iter();
    let fallbacks: Vec<_> =
        routed.map(|routed| routed.fallback.map(|fallback| (fallback.to, fallback.after_ms))).collect();
    let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    let want = [Some((names(&["phone"]), 90_000)), Some((names(&["mail", "phone"]), 300_000)), None];
    assert_eq!(fallbacks, want);
}

#[test]
fn evidence_checks_groups_and_tools() {
    let set = set("evidence(\"pod\", #{ on: #{ pod: exists() }, collect: |i| tools(\"*.kubectl_get\").map(|t| look(t, #{ name: i.labels.pod })) });
         evidence(\"again\", #{ collect: |i| [look(tool(\"*.kubectl_get\"), #{ name: i.labels.pod }), ()] });
         evidence(\"bad\", #{ collect: |i| [1] });
         check(\"patch\", #{ on: #{ tool: re(\".*\\\\.kubectl_patch\"), kind: \"deployment\" }, when: |a, i| a.arguments.name != (),
             verify: |a, i| verification(look(a.server + \".kubectl_get\", #{ name: a.arguments.name }), #{ present: \"$.status\" }),
             undo: |a| act(a.server + \".kubectl_rollout\", #{ name: a.arguments.name }) });
         group(\"kube\", #{ on: #{ namespace: exists() }, by: [\"alertname\", \"namespace\", \"zone\"] });
         rule(\"ask\", #{ then: investigate() });");
    let case = simple();
    let decision = case.judge(&set).decision.unwrap();
    assert_eq!(decision.evidence.len(), 1);
    assert_eq!(decision.evidence, set.evidence(&case.incident, &case.context()));
    assert_eq!(decision.evidence[0].tool, "kubernetes.kubectl_get");
    let patch =
        case.action("kubernetes.kubectl_patch", serde_json::json!({"resourceType": "deployment", "name": "web"}));
    let check = set.check(&patch.proposal.call, None, &case.incident, &case.context()).unwrap();
    assert_eq!(check.verify.unwrap().look.tool, "kubernetes.kubectl_get");
    assert_eq!(check.undo.unwrap().tool, "kubernetes.kubectl_rollout");
    let pods = case.action("kubernetes.kubectl_patch", serde_json::json!({"resourceType": "pods", "name": "web"}));
    assert_eq!(set.check(&pods.proposal.call, None, &case.incident, &case.context()), None);
    let key = set.group(&case.incident.alerts[0]).unwrap();
    assert_eq!(key, "kube alertname=\"KubePodNotReady\" namespace=\"shop\" zone=\"\"");
    assert_eq!(set.group(&alert("x", &[])), None);
}

#[test]
fn explain_says_which_matcher_refused_and_what_it_saw() {
    let set = set("rule(\"a\", #{ on: #{ namespace: [\"b\", \"c\"] }, then: escalate() });
         rule(\"b\", #{ when: |i| false, then: escalate() });
         rule(\"c\", #{ then: escalate() });
         rule(\"d\", #{ then: plan(\"p\") });");
    let case = simple();
    let said: Vec<String> = set
        .explain(&case.incident, &case.context())
        .into_iter()
        .map(|one| format!("{} {} {} {}", one.place, one.rule, one.matched, one.why))
        .collect();
    assert_eq!(
        said,
        [
            "a.rhai:1 a false label namespace is \"shop\", wanted [\"b\", \"c\"]",
            "a.rhai:2 b false `when` is false",
            "a.rhai:3 c true says escalate, and decides",
            "a.rhai:4 d true says remediate as plugin p plans, but c came first",
        ]
    );
}

#[test]
fn an_incident_is_not_part_of_its_own_past() {
    let case = simple();
    let itself = crate::domain::history::Past::of(&case.incident);
    let text =
        "rule(\"a\", #{ when: |i| flapping(2, \"1h\") || incidents() > 0 || past(#{}).len() > 0, then: escalate() });";
    assert_eq!(case.clone().with_past(vec![itself.clone()]).rule(text), "");
    assert_eq!(case.with_past(vec![itself, past("r", "group", 5, &[])]).rule(text), "a");
}
