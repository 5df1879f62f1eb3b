//! Equal arguments give equal answers, whatever was asked before.

use super::{set, simple, wrong};
use crate::policy::Set;
use crate::rules::Policies;

#[test]
fn what_a_closure_captured_is_its_own_and_fresh_for_every_call() {
    let set = set(
        "let count = 0; let seen = []; let deep = #{ list: [1] };
         rule(\"counts\", #{ when: |i| { count += 1; seen.push(i.id); deep.list.push(2); count == 2 || seen.len() == 2 || deep.list.len() == 3 }, then: suppress() });
         rule(\"shares\", #{ when: |i| count != 0, then: suppress() });
         rule(\"last\", #{ then: |i| escalate(`${count}`) });",
    );
    for _ in 0..3 {
        let decision = simple().judge(&set).decision.unwrap();
        assert_eq!((decision.rule.as_deref(), decision.reason.as_str()), (Some("last"), "0"));
    }
}

#[test]
fn nothing_that_a_rule_does_to_the_incident_is_seen_by_the_next() {
    let set = set(
        "rule(\"writes\", #{ when: |i| { let all = i.labels; all.namespace = \"kube-system\"; i.labels.pod = \"x\"; false }, then: suppress() });
         rule(\"reads\", #{ when: |i| i.labels.namespace == \"shop\" && i.labels.pod == \"web-1\", then: escalate() });",
    );
    let judged = simple().judge(&set);
    assert_eq!(judged.decision.and_then(|decision| decision.rule).as_deref(), Some("reads"));
}

#[test]
fn constants_of_a_closure_stay_in_it() {
    let set = set("const LIMIT = 3;
         rule(\"a\", #{ when: |i| { const LEAK = i.id; LIMIT == 4 }, then: suppress() });
         rule(\"b\", #{ when: |i| { try { global::LEAK == \"i1\" } catch { false } }, then: suppress() });
         rule(\"c\", #{ when: |i| global::LIMIT == 3, then: escalate() });");
    let judged = simple().judge(&set);
    assert_eq!(judged.decision.and_then(|decision| decision.rule).as_deref(), Some("c"), "{:?}", judged.faults);
}

#[test]
fn a_rule_has_no_clock_no_files_no_eval_and_declares_nothing() {
    for (body, says) in [
        ("timestamp()", "reads no clock"),
        ("exit()", "cannot exit"),
        ("rule(\"x\", #{ then: escalate() })", "top level"),
        ("import \"/etc/passwd\" as x; true", "no module"),
        ("import \"../secret\" as x; true", "no module"),
    ] {
        let set = set(&format!("rule(\"a\", #{{ when: |i| {{ {body} }}, then: suppress() }});"));
        let judged = simple().judge(&set);
        assert!(judged.faults.concat().contains(says), "{body}: {:?}", judged.faults);
    }
    assert!(wrong("rule(\"a\", #{ when: |i| eval(\"true\"), then: suppress() });").contains("eval"));
    assert!(wrong("let now = timestamp();").contains("reads no clock"));
    assert!(wrong("print(tools(\"*\"));").contains("depends on the incident"));
}

#[test]
fn modules_come_from_the_folder_and_closures_see_them() {
    let lib = "fn system(name) { name.starts_with(\"kube-\") } export const WORD = \"yes\";";
    let main = "import \"lib/names\" as names; import \"_more\" as more;
         rule(\"a\", #{ when: |i| names::system(i.labels.namespace), then: suppress() });
         rule(\"b\", #{ when: |i| more::twice(2) == 4, then: |i| escalate(names::WORD) });";
    let more = "import \"lib/names\" as names; fn twice(n) { if names::system(\"x\") { 0 } else { n * 2 } }";
    let set = Set::from_sources(&[("a.rhai", main), ("lib/names.rhai", lib), ("_more.rhai", more)]).unwrap();
    let judged = simple().judge(&set);
    assert_eq!(judged.faults, [""; 0]);
    assert_eq!(judged.decision.unwrap().reason, "yes");

    let cycle = [
        ("a.rhai", "import \"lib/x\" as x;"),
        ("lib/x.rhai", "import \"lib/y\" as y;"),
        ("lib/y.rhai", "import \"lib/x\" as x;"),
    ];
    assert!(Set::from_sources(&cycle).unwrap_err().to_string().contains("imports itself"));
    let declares = [("a.rhai", "import \"lib/x\" as x;"), ("lib/x.rhai", "rule(\"x\", #{ then: escalate() });")];
    assert!(Set::from_sources(&declares).unwrap_err().to_string().contains("a module cannot declare a rule"));
}

#[test]
fn a_set_is_shared_by_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let set = std::sync::Arc::new(set("rule(\"a\", #{ when: |i| i.labels.pod == \"web-1\", then: escalate() });"));
    shared(&*set);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let set = set.clone();
            std::thread::spawn(move || {
                let case = simple();
                (0..200).all(|_| set.decide(&case.incident, &case.context()).decision.is_some())
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}
