//! Lists of tools in pages, some of which never end or are missing.

use std::time::Duration;

use serde_json::{Value, json};

use super::fake::{Fake, Reply, usual};
use super::quick;
use crate::tools::server::Status;

/// What is known of a server whose pages are these, by their cursor.
async fn listed(page: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Status, usize) {
    let fake = Fake::scripted(Vec::new(), move |_, what, params| match what {
        "tools/list" => page(params["cursor"].as_str().unwrap_or_default()),
        _ => usual(),
    });
    let servers = fake.start(&quick());
    assert!(servers.wait_ready(Duration::from_secs(5)).await, "{:?}", servers.status());
    let status = servers.status().remove(0);
    servers.shutdown().await;
    (status, fake.sessions())
}

fn page(names: &[&str], next: Option<&str>) -> Reply {
    let tools: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    Reply::Result(json!({"tools": tools, "nextCursor": next}))
}

#[tokio::test]
async fn pages_that_lead_back_end_there() {
    let (status, _) = listed(|cursor| match cursor {
        "" => page(&["one"], Some("a")),
        "a" => page(&["two"], Some("b")),
        _ => page(&["three"], Some("a")),
    })
    .await;
    assert_eq!(status.tools, 3);
    assert_eq!(
        status.left_out,
        ["page 3 of the tools of the MCP server k leads back to one before; the list ends there"]
    );
}

#[tokio::test]
async fn a_missing_page_costs_no_tool_of_the_others_and_is_said() {
    for second in ["error", "odd"] {
        let (status, sessions) = listed(move |cursor| match cursor {
            "" => page(&["one"], Some("a")),
            _ if second == "error" => Reply::Error(-32603, "no such page".into()),
            _ => Reply::Result(json!({"tools": 7})),
        })
        .await;
        assert_eq!((status.tools, status.left_out.len(), sessions), (1, 1, 1), "{status:?}");
        let why = if second == "error" { "no such page" } else { "tools is a number and not a list" };
        assert!(status.left_out[0].starts_with("page 2 of the tools"), "{status:?}");
        assert!(status.left_out[0].ends_with(why), "{status:?}");
    }
}

#[tokio::test]
async fn of_many_odd_tools_some_are_told_and_the_rest_is_counted() {
    let (status, _) = listed(|_| {
        let odd = (0..3000).map(|n| json!({"name": format!("t{n}"), "inputSchema": false}));
        let mended = (0..50).map(|n| json!({"name": format!("m{n}")}));
        Reply::Result(json!({"tools": odd.chain(mended).collect::<Vec<_>>()}))
    })
    .await;
    assert_eq!((status.tools, status.left_out.len(), status.mended.len()), (50, 21, 21), "{status:?}");
    assert_eq!(status.left_out[20], "2980 more tools could not be taken");
    assert_eq!(status.mended[20], "30 more tools have a schema that was made sound");
}
