//! Odd and wrong hooks beside each other, and imports that follow one another.

use std::fs;
use std::path::Path;

use super::*;
use crate::config::Config;

/// Hooks as people write them; `tests/stories/hooks.rs` puts what is made of them in force.
pub(super) fn odd() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/eventhooks/odd.yaml");
    fs::read_to_string(path).unwrap().replace("HUGE", &"x".repeat(64 << 10))
}

fn taken() -> ExistingNames {
    ExistingNames { plugins: ["slack".to_string(), "webhook".to_string()].into(), ..ExistingNames::default() }
}

#[test]
fn each_is_taken_by_itself_and_what_is_left_out_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = ImportRequest { into: folder.path().to_path_buf(), taken: taken(), ..ImportRequest::default() };
    let imported = import(of(&odd()), &wanted).unwrap();
    let left_out: Vec<(&str, &str)> =
        imported.left_out.iter().map(|one| (one.hook.as_str(), one.field.as_str())).collect();
    assert_eq!(
        left_out,
        [
            ("huge-keyword", "spec.keywords.include[0]"),
            ("nested", "spec.keywords.include[0]"),
            ("no-list", "spec.keywords.include"),
            ("document 13", "metadata.name"),
            ("document 14", ""),
            ("ops-system/huge-pattern", "spec.keywords.include[0]"),
            ("ops-system/fills-oddly", "spec.url"),
            ("ops-system/dated-index", "spec.options.index"),
            ("ops-system/no-address", "spec.url"),
        ],
        "{:#?}",
        imported.left_out
    );
    let why = |hook: &str| {
        let one = imported.left_out.iter().find(|one| one.hook == hook).unwrap();
        assert_eq!(one.file, "hooks.yaml");
        one.why.clone()
    };
    assert!(why("huge-keyword").contains("65536 bytes"), "{}", why("huge-keyword"));
    assert!(why("document 14").contains("line"), "{}", why("document 14"));
    let of = |hook: &str| imported.hooks.iter().find(|one| one.hook == hook).unwrap();
    let said =
        |hook: &str| [of(hook).became.join("; "), of(hook).never.join("; "), of(hook).notes.join("; ")].join("; ");
    for (hook, part) in [
        ("ops-system/a.b", "it is called a-b here"),
        ("ops-system/a-b", "it is called ops-system-a-b here, because a-b is what ops-system/a.b is called"),
        ("other/a-b", "it is called other-a-b here"),
        ("ops-system/slack", "the name of a plugin"),
        ("ops-system/default", "shipped routes"),
        ("ops-system/look-ahead", "none of its include"),
        ("ops-system/7", "metadata.name: 007 stands without quotes, which Go reads as \"7\""),
        ("ops-system/7", "1e3 stands without quotes, which Go reads as \"1000\""),
        ("ops-system/7", "yes stands without quotes, which Go reads as \"true\""),
        ("ops-system/convert", "sends it on as alerts"),
        ("ops-system/hears-converted", "hears what ops-system/convert sends on"),
        ("ops-system/copies", "hears what ops-system/convert sends on"),
        ("ops-system/round", "goes round for ever"),
        ("ops-system/nowhere", "two dots"),
        ("ops-system/any-mode", "neither ANY nor ALL"),
        ("ops-system/告警", "it is called hook here"),
    ] {
        assert!(said(hook).contains(part), "{part} in {}", said(hook));
    }
    assert!(
        imported.notes.iter().any(|note| note.contains("other/a-b") && note.contains("taken once")),
        "{imported:?}"
    );
    assert!(imported.skipped.len() == 1 && !imported.is_whole(), "{:?}", imported.skipped);

    let set = Set::load(folder.path()).unwrap();
    let report = test::run(&set, &folder.path().join("tests"));
    assert_eq!((report.failed.len(), report.passed), (0, imported.tests), "{:?}", report.failed);
    assert!(imported.tests > 30, "{}", imported.tests);
    let notifiers = fs::read_to_string(folder.path().join("notifiers.toml")).unwrap();
    assert!(!notifiers.contains("very-secret") && !notifiers.contains("s3cret-of-ada"), "{notifiers}");
    let config = Config::parse(notifiers, Some(&folder.path().join("tidegate.toml")), &Default::default()).unwrap();
    assert!(config.notifiers.contains_key("slack-2") || config.notifiers.contains_key("ops-system-slack"));
    // What two hooks send on, one after the other, is sent on from its origin.
    let pod = event("Kube", "ops.clusters.k.namespaces.shop.pods.p.events", json!({ "reason": "Odd" }));
    let judged = set.event(&pod, jiff::Timestamp::UNIX_EPOCH);
    let mut subjects: Vec<&str> = judged.forward.iter().map(|(subject, _)| subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["alerts", "ops.copy"], "{judged:?}");
}

#[test]
fn go_numbers_are_what_keywords_are() {
    let (_, set, _folder) = imported(
        "kind: EventHooks\nmetadata: { name: 0x1F }\nspec: { type: webhook, url: https://h.example, subject: 'ops.>', keywords: { include: [007, 1e3] } }",
    );
    let heard = |message: &str| !raised(&set, &event("Webhook", "ops.x", json!({ "content": message }))).is_empty();
    assert!(heard("code 7") && heard("1000 times") && !heard("code 0 0 6, 1e3"));
}

#[test]
fn what_is_no_longer_there_is_removed_and_what_a_person_changed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = |force| ImportRequest { into: folder.path().to_path_buf(), force, ..ImportRequest::default() };
    let one = |name: &str, url: &str| {
        format!(
            "kind: EventHooks\nmetadata: {{ name: {name} }}\nspec: {{ type: webhook, subject: 'ops.>', url: '{url}' }}\n---\n"
        )
    };
    let (first, second) = (one("first", "https://h.example/?key=1"), one("second", "https://h.example/?key=2"));
    let there = |name: &str| folder.path().join(name).exists();
    fs::create_dir_all(folder.path().join("secrets")).unwrap();
    fs::write(folder.path().join("secrets/mine"), "a person's").unwrap();
    import(of(&format!("{first}{second}")), &wanted(false)).unwrap();
    assert!(there("secrets/first") && there("secrets/second"));
    let again = import(of(&first), &wanted(true)).unwrap();
    assert!(again.is_whole() && again.removed.len() == 1, "{again:?}");
    assert!(there("secrets/first") && !there("secrets/second") && there("secrets/mine"));

    // A person changes a file: it stays, and the new text is put beside it.
    let policies = folder.path().join("12-hooks.rhai");
    let changed = fs::read_to_string(&policies).unwrap() + "// mine\n";
    fs::write(&policies, &changed).unwrap();
    for _ in 0..2 {
        let again = import(of(&second), &wanted(true)).unwrap();
        assert!(!again.is_whole() && again.kept.len() == 1, "{again:?}");
        assert!(again.kept[0].contains("12-hooks.rhai") && again.kept[0].contains(".new"), "{again:?}");
        assert_eq!(fs::read_to_string(&policies).unwrap(), changed);
        assert!(!there("secrets/first") && there("secrets/second"));
    }
    // The person takes the new text: it is the import's own again.
    fs::rename(folder.path().join("12-hooks.rhai.new"), &policies).unwrap();
    let again = import(of(&first), &wanted(true)).unwrap();
    assert!(again.is_whole() && there("secrets/first") && !there("12-hooks.rhai.new"), "{again:?}");
    // What a person changed of what is no longer there stays as well.
    fs::write(folder.path().join("secrets/first"), "another").unwrap();
    let again = import(of(&second), &wanted(true)).unwrap();
    assert!(again.kept.len() == 1 && again.kept[0].contains("no hook stands behind it"), "{again:?}");
    // Nothing that is written leads out of the folder, and without its mark nothing is an import's own.
    fs::remove_file(folder.path().join(".imported-eventhooks.json")).unwrap();
    let again = import(of(&second), &wanted(true)).unwrap();
    assert!(again.kept.iter().all(|kept| kept.contains(".new")) && again.kept.len() == 4, "{again:?}");
}

#[test]
fn what_is_in_force_keeps_its_name_and_what_is_others_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = "kind: EventHooks\nmetadata: { name: one }\nspec: { type: webhook, subject: 'ops.>', url: 'https://h.example/x' }";
    let into = folder.path().join("a");
    let first = import(of(yaml), &ImportRequest { into: into.clone(), ..ImportRequest::default() }).unwrap();
    assert!(first.hooks[0].became.join(" ").contains("[notifiers.one]"), "{first:?}");
    // Its section was put into the configuration.
    let section = fs::read_to_string(into.join("notifiers.toml")).unwrap();
    let targets = |text: &str| Config::parse(text.into(), None, &Default::default()).unwrap().notifiers;
    let next = |targets| {
        let taken = ExistingNames { targets, ..ExistingNames::default() };
        let into = folder.path().join("b");
        let imported =
            import(of(yaml), &ImportRequest { into, force: true, taken, ..ImportRequest::default() }).unwrap();
        imported.hooks[0].became.join(" ")
    };
    assert!(next(targets(&section)).contains("[notifiers.one]"));
    let other = targets(&section.replace("h.example", "elsewhere.example"));
    assert!(next(other).contains("[notifiers.one-2]"));
}

#[test]
fn a_bus_that_tells_is_named_and_where_it_does_not_reach() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = "kind: EventHooks\nmetadata: { name: one }\nspec: { type: event, subject: 'ops.>', url: alerts }";
    let notes = |prefix: &str, into: &str| {
        let buses = vec![("nats".to_string(), prefix.to_string())];
        let wanted = ImportRequest { into: folder.path().join(into), buses, ..ImportRequest::default() };
        import(of(yaml), &wanted).unwrap().notes.join("; ")
    };
    assert_eq!(notes("ops", "a"), "events are sent on over [[bus.nats]] nats");
    assert!(notes("tide", "b").contains("tells subjects below tide alone"));
}
