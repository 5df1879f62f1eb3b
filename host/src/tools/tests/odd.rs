//! Servers that list and answer oddly: what is sound of it works.

use std::time::Duration;

use serde_json::{Value, json};

use super::fake::{Fake, Reply, tool};
use super::{call, changes, look, perform, quick, reads};
use crate::ports::Tools;

#[tokio::test]
async fn odd_tools_are_left_out_by_name_or_made_sound_and_the_others_work() {
    let listed = vec![
        Value::Null,
        json!({"name": "bare", "annotations": {"readOnlyHint": true}}),
        json!({"name": "never", "inputSchema": false}),
        json!({"name": "odd", "inputSchema": {"type": "string", "required": null, "properties": null}}),
        json!({"name": "no name at all", "inputSchema": {}}),
        reads("get"),
    ];
    let fake = Fake::new(listed, |_, name, _| super::result(&format!("{name} answers")));
    let servers = fake.start(&quick());
    assert!(servers.wait_ready(Duration::from_secs(5)).await);
    for name in ["k.get", "k.bare"] {
        assert!(look(servers.as_ref(), &call(name, json!({}))).await.unwrap().ok, "{name}");
    }
    let catalogue = servers.catalogue();
    assert_eq!(catalogue.get("k.odd").unwrap().schema, json!({"type": "object", "properties": {}}));
    let status = servers.status().remove(0);
    assert_eq!((status.tools, status.left_out.len(), status.mended.len()), (3, 3, 2), "{status:?}");
    for (part, sentence) in ["place 1", "never is left out", "no name at all"].iter().zip(&status.left_out) {
        assert!(sentence.contains(part), "{sentence}");
    }
    assert!(servers.withheld()["k.never"].contains("its schema is false"));
    // What the server mends comes back, and is no longer spoken of.
    fake.show(vec![reads("get"), tool("never", json!({"readOnlyHint": true}))]);
    for _ in 0..100 {
        if servers.catalogue().get("k.never").is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = servers.status().remove(0);
    assert_eq!((status.tools, status.left_out.len(), status.mended.len()), (2, 0, 0), "{status:?}");
    servers.shutdown().await;
}

#[tokio::test]
async fn a_change_that_was_answered_was_answered() {
    let results = json!({
        "more": {"content": [{"type": "text", "text": "patched"}], "messages": [], "tools": [], "action": "accept"},
        "block": {"content": [{"type": "odd"}, {"type": "text", "text": "patched"}]},
        "text": "patched",
        "flag": {"content": [{"type": "text", "text": "patched"}], "isError": "false"},
    });
    let names: Vec<String> = results.as_object().unwrap().keys().cloned().collect();
    let listed = names.iter().map(|name| changes(name)).collect();
    let fake = Fake::new(listed, move |_, name, _| Reply::Result(results[name].clone()));
    let servers = fake.start(&quick());
    assert!(servers.wait_ready(Duration::from_secs(5)).await);
    for name in names {
        let answer = perform(&servers, &call(&format!("k.{name}"), json!({}))).await.unwrap();
        assert!(answer.ok && answer.text.contains("patched"), "{name}: {answer:?}");
    }
    servers.shutdown().await;
}

#[tokio::test]
async fn what_is_too_long_or_no_json_was_answered_all_the_same() {
    let long = "x".repeat(crate::tools::connect::MESSAGE);
    let fake = Fake::new(vec![reads("get"), changes("patch")], move |_, name, arguments| {
        let id = &arguments["id"];
        if name == "get" || id == "long" {
            return Reply::Result(json!({"content": [{"type": "text", "text": long}]}));
        }
        super::result("patched")
    });
    let servers = fake.start(&quick());
    assert!(servers.wait_ready(Duration::from_secs(5)).await);
    let want = "the answer is longer than 8 MiB and was left out";
    for _ in 0..4 {
        let got = look(servers.as_ref(), &call("k.get", json!({}))).await.unwrap();
        assert_eq!((got.ok, got.text.as_str()), (false, want));
    }
    assert_eq!(servers.status()[0].skipped, None, "it answers");
    let got = perform(&servers, &call("k.patch", json!({"id": "long"}))).await.unwrap();
    assert_eq!((got.ok, got.text.as_str()), (false, want));
    let got = perform(&servers, &call("k.patch", json!({}))).await.unwrap();
    assert!(got.ok, "{got:?}");
    servers.shutdown().await;
}
