//! Guests that no compiler makes: modules written by hand, each wrong where Rust cannot be.

use std::path::Path;

use tidegate::plugin::Problem;
use tidegate_tests::guests::{LoadOptions, decode};

/// A module that decodes into nothing, with one piece put in the place of another.
const MODULE: &str = r#"(module
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 16384))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "tidegate:plugin/source@0.1.0#decode")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32) (result i32)
    (i32.const 1024))
  (func (export "cabi_post_tidegate:plugin/source@0.1.0#decode") (param i32) (nop)))"#;

/// A guest: what is taken out of the module and what is put there, and what the error says.
const CALLS: [(&str, &str, &str, &str); 13] = [
    (
        "loops-at-its-start",
        "(nop)))",
        "(nop)) (func $s (loop (br 0))) (start $s))",
        "used more than its 150 ms of CPU time",
    ),
    (
        "loops-when-it-is-given-memory",
        "(local.get $at))",
        "(loop (br 0)) unreachable)",
        "used more than its 150 ms of CPU time",
    ),
    ("loops-when-it-is-thanked", "(nop)", "(loop (br 0))", "used more than its 150 ms of CPU time"),
    (
        "grows-its-table",
        "(i32.const 1024))",
        "(loop (br_if 0 (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable) (table $t 1 funcref)",
        "asked for more than 65536 entries in its tables",
    ),
    ("begins-with-much-memory", "\"memory\") 1", "\"memory\") 2000", "asked for more than its 64 MiB of memory"),
    ("calls-itself", "(i32.const 1024))", "(call $r) (i32.const 1024)) (func $r (call $r))", "ran out of stack"),
    (
        "divides-beyond-numbers",
        "(i32.const 1024))",
        "(i32.div_s (i32.const -2147483648) (i32.const -1)))",
        "crashed: wasm trap: integer overflow",
    ),
    (
        "makes-a-number-of-none",
        "(i32.const 1024))",
        "(i32.trunc_f64_s (f64.div (f64.const 0) (f64.const 0))))",
        "crashed: wasm trap: invalid conversion to integer",
    ),
    (
        "answers-from-nowhere",
        "(i32.const 1024))",
        "(i32.const -16))",
        "gave an answer that the contract does not allow",
    ),
    (
        "answers-with-a-list-without-end",
        "(i32.const 1024))",
        "(i32.store (i32.const 1032) (i32.const 8)) (i32.store (i32.const 1036) (i32.const 0x7fffffff)) (i32.const 1024))",
        "gave an answer that the contract does not allow",
    ),
    (
        "answers-with-a-case-that-there-is-not",
        "(i32.const 1024))",
        "(i32.store8 (i32.const 1024) (i32.const 9)) (i32.const 1024))",
        "gave an answer that the contract does not allow",
    ),
    (
        "answers-with-bytes-that-are-no-text",
        "(i32.const 1024))",
        "(i32.store8 (i32.const 1080) (i32.const 1)) (i32.store (i32.const 1084) (i32.const 2048))
         (i32.store (i32.const 1088) (i32.const 1)) (i32.store8 (i32.const 2048) (i32.const 0xff)) (i32.const 1024))",
        "gave an answer that the contract does not allow",
    ),
    (
        "gives-memory-that-it-does-not-have",
        "(local.get $at))",
        "(i32.const -16))",
        "gave an answer that the contract does not allow",
    ),
];

/// The same for what is not even loaded.
const REFUSED: [(&str, &str, &str, &str); 2] = [
    ("has-more-memory-than-there-is", "\"memory\") 1", "\"memory\") 5000", "memory"),
    ("has-a-table-that-fits-nowhere", "(nop)))", "(nop)) (table 100000 funcref))", "table"),
];

fn component(text: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    let mut resolve = wit_parser::Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/v0.1");
    let (package, _) = resolve.push_path(wit).unwrap();
    let world = resolve.select_world(&[package], Some("source-plugin")).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8).unwrap();
    module
}

fn write(folder: &Path, name: &str, module: &[u8]) {
    let own = folder.join(name);
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("plugin.toml"), format!("name = \"{name}\"\nkind = \"source\"\nversion = \"0.1.0\"\n"))
        .unwrap();
    std::fs::write(own.join(format!("{name}.wasm")), module).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_that_is_wrong_anywhere_ends_as_a_named_error() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("plugins");
    write(&folder, "decodes-into-nothing", &component(MODULE));
    let mut plugins = String::new();
    for (name, from, to, _) in CALLS.iter().chain(&REFUSED) {
        assert_eq!(MODULE.matches(from).count(), 1, "{name}");
        write(&folder, name, &component(&MODULE.replace(from, to)));
        plugins.push_str(&format!("[{name}]\nlimits = {{ cpu_ms = 150, wall_ms = 300000 }}\n"));
    }
    let (plugins, problems) = LoadOptions { plugins, ..LoadOptions::default() }.load(&folder).await.unwrap();
    for (name, _, _, want) in REFUSED {
        let own = |problem: &&Problem| problem.subject.starts_with(name);
        let problem = problems.iter().find(own).unwrap_or_else(|| panic!("{name} was loaded"));
        assert!(problem.text.contains(want) && problem.text.len() < 500, "{name}: {}", problem.text);
    }
    assert_eq!(problems.len(), REFUSED.len(), "{problems:?}");
    for (name, _, _, want) in CALLS {
        let error = decode(&plugins, name, "x").await.expect_err(name).to_string();
        assert!(error.contains(&format!("plugin {name} 0.1.0 {want}")), "{name}: {error}");
        assert!(error.len() < 500, "{name}: {} bytes", error.len());
        assert_eq!(decode(&plugins, "decodes-into-nothing", "x").await.unwrap(), []);
    }
}
