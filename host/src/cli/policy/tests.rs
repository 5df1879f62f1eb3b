//! What people read about their policies, word for word.

use super::*;
use crate::policy::{Set, test};

const RULES: &str = r#"
rule("back-again", #{
    on: #{ alertname: "PodStuck" },
    when: |i| fixes(#{ rule: "restart", within: "1d" }) >= 3,
    then: escalate("three restarts a day are enough"),
});
rule("restart", #{
    on: #{ alertname: "PodStuck", pod: exists() },
    then: |i| remediate(i.firing.map(|alert| act("k.delete", #{ namespace: alert.labels.namespace, name: alert.labels.pod })), "it hangs"),
});
rule("quiet", #{ on: #{ severity: "info" }, then: suppress() });
gate("shop-only", #{ on: #{ tool: "k.delete", namespace: "shop" }, when: |a| a.names.len() == 1, allow: true });
gate("not-at-night", #{ on: #{ tool: "k.delete" }, when: during("22:00-06:00", "UTC"), deny: "nobody is there" });
"#;

const CASES: &str = r#"
[[case]]
name = "what hangs is restarted"
alerts = [{ labels = { alertname = "PodStuck", namespace = "shop", pod = "web-1" } }]
want = { verdict = "remediate", actions = [{ tool = "k.delete", arguments = { name = "web-1" } }] }

[[case]]
name = "the third time somebody decides"
alerts = [{ labels = { alertname = "PodStuck", namespace = "shop", pod = "web-1" } }]
history = [{ ago = "1h", rule = "restart", helped = ["web-1", "web-1"] }]
want = { verdict = "escalate", rule = "back-again", reason = "three" }

[[case]]
name = "both pods"
alerts = [
    { labels = { alertname = "PodStuck", namespace = "shop", pod = "web-1" } },
    { labels = { alertname = "PodStuck", namespace = "shop", pod = "web-2" } },
]
want = { rule = "restarts", actions = [{ tool = "k.delete", arguments = { namespace = "web" } }] }

[[case]]
name = "at night"
now = "2026-07-01T12:00:00Z"
alerts = [{ labels = { alertname = "PodStuck" } }]
action = { tool = "k.delete", risk = "low", arguments = { namespace = "shop", name = "web-1" } }
want = { ruling = "deny", rule = "not-at-night" }
"#;

fn tested(cases: &str) -> TestReport {
    let set = Set::from_sources(&[("a.rhai", RULES)]).unwrap();
    let report = test::run_texts(&set, vec![("tests/a.toml".into(), Ok(cases.into()))]);
    TestReport {
        folder: "policies".into(),
        passed: report.passed,
        failed: report.failed.iter().map(ToString::to_string).collect(),
        reached: report.coverage.reached,
        all: report.coverage.all,
        missing: report.coverage.missing.iter().map(|(place, text)| format!("{place}: {text}")).collect(),
    }
}

#[test]
fn a_failed_case_says_where_it_is_what_differs_and_what_was_in_the_way() {
    let wanted = "\
FAILED tests/a.toml:7 · the third time somebody decides
    verdict  wanted  escalate
             got     remediate
    rule     wanted  back-again
             got     restart
    back-again (a.rhai:2): `when` is false
    reason   wanted  something with \"three\"
             got     \"it hangs\"

FAILED tests/a.toml:13 · both pods
    rule                wanted  restarts
                        got     restart
    there is no rule restarts
    actions             wanted  k.delete
                        got     k.delete, k.delete
    argument namespace  wanted  \"web\"
                        got     \"shop\"

FAILED tests/a.toml:21 · at night
    ruling  wanted  deny
            got     allow
    rule    wanted  not-at-night
            got     shop-only

policies: 1 passed, 3 failed
";
    assert_eq!(told(&tested(CASES), false).text(), wanted);
}

#[test]
fn what_no_case_reached_is_listed_by_place() {
    let wanted = "\
policies: 1 passed, 0 failed
coverage: 18 % (2 of 11 declarations and sides of `when`)
  a.rhai:2: `when` of rule `back-again` was never true
  a.rhai:2: rule `back-again` never decided
  a.rhai:11: rule `quiet` never decided
  a.rhai:12: `when` of gate `shop-only` was never asked
  a.rhai:12: gate `shop-only` never spoke
  a.rhai:13: `when` of gate `not-at-night` was never asked
  a.rhai:13: gate `not-at-night` never spoke
";
    let first = CASES.split("[[case]]").nth(1).unwrap();
    assert_eq!(told(&tested(&format!("[[case]]{first}")), true).text(), wanted);
    let none = told(&tested(""), true);
    assert!(
        none.text().starts_with("policies: no tests; write them into tests/*.toml beside the policies\n"),
        "{none:?}"
    );
}

#[test]
fn what_could_not_be_looked_at_is_said_beside_the_findings() {
    let unchecked = vec!["the tools of k: it is down".to_string()];
    let nothing = LintReport { findings: Vec::new(), unchecked: unchecked.clone() };
    assert_eq!(linted_text(&nothing).text(), "nothing to complain about\nnot checked: the tools of k: it is down\n");
    let one = LintReport { findings: vec!["a.rhai:1: never".into()], unchecked };
    assert_eq!(linted_text(&one).text(), "a.rhai:1: never\n1 finding\nnot checked: the tools of k: it is down\n");
}
