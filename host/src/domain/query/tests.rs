//! Which queries are evaluated, which are refused, and how long that takes.

use std::time::{Duration, Instant};

use serde_json::json;

use super::*;

fn selects(query: &str, value: Value) -> Result<bool, String> {
    Query::parse(query)?.selects(&Document::new(value), &mut { BUDGET })
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

/// A list of pods as a cluster answers it.
fn pods(count: usize) -> Value {
    let pod = |i: usize| {
        json!({ "metadata": { "name": format!("web-{i}"), "namespace": "shop", "labels": { "app": "web" } },
                "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] } })
    };
    json!({ "kind": "List", "items": (0..count).map(pod).collect::<Vec<_>>() })
}

#[test]
fn what_verifications_need_is_evaluated_on_large_answers() {
    for query in [
        "$",
        "$.items[0].status.phase",
        "$.items[?@.metadata.name == 'web-7'].status.conditions[?@.type == 'Ready' && @.status == 'True']",
        "$..conditions[?@.type == 'Ready']",
        "$.items[*].status['phase', \"conditions\"]",
        "$[?$.kind == 'List']",
        "$.items[?search(@.metadata.name, 'web-[0-9]+')]",
        "$.items[ ?match( @.metadata.name , \"web-(1|2)\" ) , 3 ]",
        "$.items[1:5:2]",
        "$.items[?count(@.status.conditions[*]) > 0]",
        "$.items[?length(@.metadata.name) > 3 || !@.gone]",
    ] {
        assert_eq!(selects(query, pods(300)), Ok(true), "{query}");
    }
}

#[test]
fn what_explodes_is_refused_before_it_begins() {
    let wild = format!("${}", "..*".repeat(10));
    let filters = "$[?@[?@[?@[?@.a]]]]";
    let long = format!("$.{}", "a".repeat(3_000));
    let deep = format!("$[?{}@.a{}]", "(".repeat(40), ")".repeat(40));
    for query in [
        wild.as_str(),
        "$..*..*..*[?@.never]",
        "$..*[?$..*..*]",
        filters,
        long.as_str(),
        deep.as_str(),
        "$[?match(@.a, $.pattern)]",
        "$[?search(@, '(a{500}){500}')]",
    ] {
        assert!(Query::parse(query).is_err(), "{query}");
    }
    let wide = json!(vec![json!(vec![1; 50]); 50]);
    for (query, value) in [
        ("$..*[?$..*]", wide.clone()),
        ("$..*[?$.*.*]", json!(vec![json!(vec![json!(vec![1; 40]); 40]); 40])),
        (&format!("$[*]{}", "[*,*,*,*,*,*,*,*]".repeat(8)), nested(40)),
        (&format!("$[{}]{}", ["*"; 40].join(","), "[0,0,0,0,0,0,0,0,0,0]".repeat(9)), nested(60)),
        ("$[*][?$ == $]", json!(vec![json!(vec![1; 60]); 60])),
        ("$[*][?search(@, 'a')]", json!(vec![json!(vec!["b"; 60]); 60])),
    ] {
        let refused = selects(query, value);
        assert!(refused.as_ref().is_err_and(|why| why.contains("cost too much")), "{query}: {refused:?}");
    }
}

/// Whatever passes is quick: the bound is one of time too. Queries are put together from parts at
/// random, and the document is as bad for them as it can be.
#[test]
fn no_query_that_is_evaluated_takes_long() {
    let parts = [
        "..*",
        "..a",
        "[*]",
        ".*",
        "[*,*]",
        "[0,*]",
        "[?@.*]",
        "[?@ == $]",
        "[?$[0] == @]",
        "[?@..a]",
        "[?$..a]",
        "[?search(@, '[ab]+c')]",
        "[?@.a || @[0] || count(@.*) > 2]",
        "[::2]",
        "['a']",
        "[?@[?@.a]]",
    ];
    let documents = [nested(60), json!(vec![json!(vec![json!(vec!["aab"; 12]); 12]); 12]), pods(100)];
    let documents: Vec<Document> = documents.into_iter().map(Document::new).collect();
    let (mut seed, mut evaluated, mut refused) = (7u64, 0, 0);
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for _ in 0..400 {
        let query: String = std::iter::once("$").chain((0..=random(5)).map(|_| parts[random(parts.len())])).collect();
        let Ok(parsed) = Query::parse(&query) else {
            refused += 1;
            continue;
        };
        for document in &documents {
            let began = Instant::now();
            match parsed.selects(document, &mut { BUDGET }) {
                Ok(_) => evaluated += 1,
                Err(_) => refused += 1,
            }
            let took = began.elapsed();
            assert!(took < Duration::from_secs(5), "{query} took {took:?}");
        }
    }
    assert!(evaluated > 100 && refused > 100, "{evaluated} were evaluated, {refused} refused");
}

/// The parser itself must not be what takes long.
#[test]
fn nested_brackets_are_parsed_quickly() {
    for query in [
        format!("$[?{}@.a{}]", "(".repeat(11), ")".repeat(11)),
        format!("$[?!{}@.a{}]", "(".repeat(11), ")".repeat(11)),
        format!("$[?{}@{} == 1]", "value(".repeat(11), ")".repeat(11)),
        format!("${}1{}", "[?@".repeat(11), "]".repeat(11)),
        "[".repeat(2_000),
    ] {
        let began = Instant::now();
        let _ = Query::parse(&query);
        assert!(began.elapsed() < Duration::from_secs(2), "{query}: {:?}", began.elapsed());
    }
}
