//! Servers that hang, lie, die and come back.

use std::time::{Duration, Instant};

use serde_json::json;

use super::fake::{Fake, Reply, result, usual};
use super::{call, changes, look, perform, quick, reads};
use crate::ports::{ToolError, Tools};
use crate::tools::{Options, Phase};

#[tokio::test]
async fn a_look_survives_the_death_of_the_server_and_a_change_does_not() {
    let fake = Fake::new(vec![reads("get"), changes("patch")], |session, name, _| match (session, name) {
        (1, "get") | (2, "patch") => Reply::Die,
        _ => result("alive"),
    });
    let servers = fake.start(&quick());
    servers.wait_ready(Duration::from_secs(5)).await;
    assert_eq!(look(&*servers, &call("k.get", json!({}))).await.unwrap().text, "alive");
    assert_eq!(fake.sessions(), 2);
    let lost = perform(&servers, &call("k.patch", json!({}))).await;
    assert!(matches!(&lost, Err(ToolError::Lost(why)) if why.contains("may have had its effect")), "{lost:?}");
    assert_eq!(fake.calls(), ["get", "get", "patch"], "a change is sent once");
    let down = perform(&servers, &call("k.patch", json!({}))).await;
    assert!(matches!(&down, Err(ToolError::Unavailable(why)) if why.contains("nothing was sent")), "{down:?}");
}

#[tokio::test]
async fn a_call_without_an_answer_is_lost_at_its_deadline_and_the_session_goes_on() {
    let fake = Fake::new(vec![reads("get"), changes("patch")], |_, name, _| match name {
        "patch" => Reply::Silence,
        _ => result("alive"),
    });
    let servers = fake.start(&quick());
    servers.wait_ready(Duration::from_secs(5)).await;
    let lost = perform(&servers, &call("k.patch", json!({}))).await;
    assert!(matches!(&lost, Err(ToolError::Lost(why)) if why.contains("within 0.3 s")), "{lost:?}");
    assert_eq!(look(&*servers, &call("k.get", json!({}))).await.unwrap().text, "alive");
    assert_eq!(fake.sessions(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_must_know_the_tools_waits_for_a_slow_server_and_not_for_a_dead_one() {
    let within = Options { start_within: Duration::from_secs(30), ..quick() };
    let slow = |ms: u64| {
        Fake::scripted(vec![reads("get")], move |_, what, _| match what {
            "initialize" => Reply::Late(ms, Box::new(usual())),
            _ => usual(),
        })
    };
    let servers = slow(25_000).start(&within);
    servers.settled().await;
    assert!(servers.catalogue().get("k.get").is_some(), "25 s are less than the 30 s that it may take");
    let servers = slow(600_000).start(&within);
    let since = tokio::time::Instant::now();
    servers.settled().await;
    assert!(since.elapsed() <= Duration::from_secs(31), "{:?}", since.elapsed());
    assert!(servers.catalogue().get("k.get").is_none());
}

#[tokio::test]
async fn a_server_that_hangs_dies_or_babbles_at_the_start_is_tried_again() {
    for how in ["hang", "die", "error", "babble", "no tools"] {
        let fake = Fake::scripted(vec![reads("get")], move |session, what, _| match (session, what, how) {
            (1, "initialize", "hang") => Reply::Silence,
            (1, "initialize", "die") => Reply::Die,
            (1, "initialize", "error") => Reply::Error(-32603, "no cluster".into()),
            (1, "initialize", "babble") => {
                Reply::Garbage(json!({"jsonrpc": "2.0", "id": 77, "result": {}}).to_string())
            }
            (1, "tools/list", "no tools") => Reply::Error(-32601, "what?".into()),
            (_, "get", _) => result("alive"),
            _ => usual(),
        });
        let servers = fake.start(&quick());
        assert!(!servers.wait_ready(Duration::from_secs(5)).await, "{how}");
        let status = servers.status().remove(0);
        assert_eq!(status.phase, Phase::Down, "{how}");
        assert!(status.error.unwrap().contains("the MCP server k is down"), "{how}");
        let down = look(&*servers, &call("k.get", json!({}))).await;
        assert!(matches!(down, Err(ToolError::Unavailable(_))), "{how}: {down:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(look(&*servers, &call("k.get", json!({}))).await.unwrap().text, "alive", "{how}");
    }
}

#[tokio::test]
async fn lines_that_are_no_messages_are_passed_over() {
    let fake = Fake::scripted(vec![reads("get")], |_, what, arguments| match (what, arguments["n"].as_u64()) {
        ("get", Some(1)) => Reply::Garbage("debug: {not json".into()),
        ("get", _) => result("alive"),
        _ => usual(),
    });
    let mut options = quick();
    options.look_within = Duration::from_millis(200);
    let servers = fake.start(&options);
    servers.wait_ready(Duration::from_secs(5)).await;
    assert!(matches!(look(&*servers, &call("k.get", json!({"n": 1}))).await, Err(ToolError::Lost(_))));
    assert_eq!(look(&*servers, &call("k.get", json!({"n": 2}))).await.unwrap().text, "alive");
}

#[tokio::test]
async fn an_idle_server_that_no_longer_answers_is_started_again() {
    let fake = Fake::scripted(vec![reads("get")], |session, what, _| match (session, what) {
        (1, "ping") => Reply::Silence,
        (_, "get") => result("alive"),
        _ => usual(),
    });
    let mut options = quick();
    options.check_every = Duration::from_millis(60);
    let servers = fake.start(&options);
    servers.wait_ready(Duration::from_secs(5)).await;
    let until = Instant::now() + Duration::from_secs(5);
    while servers.status()[0].restarts == 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(servers.status()[0].restarts, 1);
    assert!(servers.status()[0].error.as_ref().unwrap().contains("does not answer"));
}

#[tokio::test]
async fn after_a_shutdown_nothing_is_sent_and_nothing_is_said() {
    let fake = Fake::new(vec![reads("get")], |_, _, _| result("alive"));
    let servers = fake.start(&quick());
    servers.wait_ready(Duration::from_secs(5)).await;
    servers.shutdown().await;
    // An error would be journaled as a finding, and it would be one about the host.
    let get = call("k.get", json!({}));
    let got = tokio::time::timeout(Duration::from_millis(300), look(&*servers, &get)).await;
    assert!(got.is_err(), "{got:?}");
    assert_eq!(servers.status()[0].problem().as_deref(), Some("the MCP server k is shut down"));
    assert!(fake.calls().is_empty());
}
