//! Every way known to run for ever must end, quickly, as a fault of that one rule.

use super::{set, simple};
use crate::domain::Verdict;

const BIG: &str = "let a = []; a.pad(4000, 7); ";

/// Bodies of `when` that must not get through, and what their fault must say.
const BOMBS: [(&str, &str); 27] = [
    ("loop {}", "longer than a policy may"),
    ("let n = 0; while true { n += 1 } true", "longer"),
    ("fn_calls_itself(0)", "Stack overflow"),
    ("let s = \"a\"; loop { s += s }", "too large"),
    ("let a = []; loop { a.push(1) }", "too large"),
    ("let a = []; loop { a = [a, a] }", "too large"),
    ("let m = #{}; let n = 0; loop { m[n.to_string()] = n; n += 1 }", ""),
    ("BIG loop { a.sort(|x, y| 0) }", "longer"),
    ("BIG loop { a.sort() }", "longer"),
    ("BIG loop { a.map(|x| x) }", "longer"),
    ("BIG loop { a.filter(|x| true) }", "longer"),
    ("BIG loop { a.index_of(8) }", "longer"),
    ("BIG loop { a.contains(8) }", "longer"),
    ("BIG loop { let b = a; }", "longer"),
    ("BIG loop { a.extract(0, 4000) }", "longer"),
    ("BIG loop { a.dedup() }", "longer"),
    ("BIG loop { a == a }", "longer"),
    ("BIG loop { a.reduce(|sum, x| sum + x, 0) }", "longer"),
    ("BIG loop { a.some(|x| x == 8) }", "longer"),
    ("BIG loop { try { a.map(|x| { loop {} }) } catch { } }", "longer"),
    ("loop { try { loop {} } catch { } }", "longer"),
    ("let s = \"\"; s.pad(60000, \"a\"); loop { s.replace(\"b\", \"cc\") }", "longer"),
    ("let s = \"\"; s.pad(60000, \"a\"); loop { s.split(\"a\") }", ""),
    ("let s = \"\"; s.pad(1000000000, \"a\"); true", "too large"),
    ("let b = blob(1000000000); true", "too large"),
    ("for x in 0..9223372036854775807 { let y = x; } true", "longer"),
    ("sleep(3)", "cannot sleep"),
];

#[test]
fn every_bomb_ends_as_a_fault_and_the_next_rule_decides() {
    for (bomb, says) in BOMBS {
        let body = bomb.replace("BIG ", BIG);
        let text = format!(
            "fn fn_calls_itself(n) {{ fn_calls_itself(n + 1) }}
             rule(\"bomb\", #{{ when: |i| {{ {body} }}, then: suppress() }});
             rule(\"next\", #{{ then: escalate() }});"
        );
        let set = set(&text);
        let judged = simple().judge(&set);
        assert_eq!(judged.decision.map(|decision| decision.verdict), Some(Verdict::Escalate), "{bomb}");
        let fault = judged.faults.first().cloned().unwrap_or_default();
        // On a busy machine the deadline may come before the limit on sizes.
        let ended = fault.contains(says) || (says == "too large" && fault.contains("longer"));
        assert!(ended && fault.contains("a.rhai:2: rule `bomb`"), "{bomb} says {fault:?}");
    }
}

#[test]
fn many_slow_rules_share_one_budget() {
    let mut text = String::new();
    for n in 0..50 {
        text.push_str(&format!("rule(\"slow-{n}\", #{{ when: |i| {{ loop {{}} }}, then: suppress() }});\n"));
    }
    let set = set(&text);
    let judged = simple().judge(&set);
    assert_eq!(judged.faults.len(), 50);
}

#[test]
fn a_file_that_never_ends_is_a_problem_and_not_the_end() {
    let wrong = super::wrong("rule(\"first\", #{ then: escalate() }); loop {}");
    assert!(wrong.contains("a.rhai:1: it ran longer than a policy may"), "{wrong}");
}

/// The stack of a runtime's worker thread is two megabytes.
#[test]
fn deep_nesting_fits_a_small_stack() {
    let deep = format!("{}f(n + 1){}", "(1 + ".repeat(9), ")".repeat(9));
    let text = format!(
        "fn f(n) {{ if n > 0 {{ if n > 0 {{ {deep} }} }} }}
         rule(\"deep\", #{{ when: |i| f(1) == 1, then: suppress() }});"
    );
    let run = move || simple().judge(&set(&text)).faults.join("");
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap();
    assert!(thread.join().unwrap().contains("Stack overflow"));
    let nested = format!("let x = {}1{};", "(".repeat(5000), ")".repeat(5000));
    assert!(super::wrong(&nested).contains("a.rhai:1"), "a deep expression is refused when it is read");
}
