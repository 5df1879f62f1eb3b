//! Servers that are away: who is told at once, who waits, and what is sent when they are back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::fake::{Fake, Reply, result, usual};
use super::{call, changes, look, perform, permits, quick, reads};
use crate::ports::{ToolError, ToolSlot, Tools};
use crate::tools::{Options, Phase};

/// Dies when it is asked to, and fails to start again so many times.
fn mortal(failures: usize) -> Fake {
    let tools = vec![reads("get"), reads("die"), changes("patch")];
    Fake::scripted(tools, move |session, what, _| match what {
        "initialize" if session > 1 && session <= 1 + failures => Reply::Die,
        "initialize" | "tools/list" | "ping" => usual(),
        "die" if session == 1 => Reply::Die,
        tool => result(tool),
    })
}

#[tokio::test(start_paused = true)]
async fn a_hundred_changes_of_a_second_each_all_have_their_turn() {
    let fake = Fake::new(vec![changes("patch")], |_, _, _| Reply::Late(1000, Box::new(result("done"))));
    let servers = fake.start(&Options { perform_within: Duration::from_secs(10), ..quick() });
    assert!(servers.wait_ready(Duration::from_secs(5)).await);
    let patch = call("k.patch", json!({}));
    let since = Instant::now();
    let done = join_all((0..100).map(|_| perform(&servers, &patch))).await;
    assert!(done.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.ok)), "{done:?}");
    assert!(since.elapsed() >= Duration::from_secs(100), "one after the other");
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_to_change_something_hears_at_once_that_the_server_is_down_and_when_it_is_back() {
    let servers = mortal(3).start(&Options { look_within: Duration::from_millis(100), ..quick() });
    assert!(servers.wait_ready(Duration::from_secs(5)).await);
    let (patch, back) = (call("k.patch", json!({})), AtomicUsize::new(0));
    let watched = servers.each_time_ready(|server| {
        assert_eq!(server, "k");
        back.fetch_add(1, Ordering::SeqCst);
    });
    let tried = async {
        assert!(servers.ready("k.patch"));
        let _ = look(&*servers, &call("k.die", json!({}))).await;
        assert!(!servers.ready("k.patch"));
        let since = Instant::now();
        let down = servers.acquire(&patch).await.err();
        assert!(matches!(&down, Some(ToolError::Unavailable(why)) if why.contains("nothing was sent")), "{down:?}");
        assert_eq!(since.elapsed(), Duration::ZERO);
        while !servers.ready("k.patch") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(perform(&servers, &patch).await.unwrap().text, "patch");
    };
    tokio::select! {
        () = watched => panic!("the servers are still there"),
        () = tried => {}
    }
    assert_eq!(back.load(Ordering::SeqCst), 2, "at first, and after the outage");
}

#[tokio::test(start_paused = true)]
async fn what_is_permitted_and_meets_a_server_that_has_just_died_was_not_sent() {
    let fake = mortal(1);
    let servers = fake.start(&Options { look_within: Duration::from_millis(100), ..quick() });
    assert!(servers.wait_ready(Duration::from_secs(5)).await);
    let patch = call("k.patch", json!({}));
    let turn = servers.acquire(&patch).await.unwrap();
    let _ = look(&*servers, &call("k.die", json!({}))).await;
    let got = servers.perform(&permits::permit(&patch), &patch, turn).await;
    assert!(matches!(&got, Err(ToolError::Unavailable(why)) if why.contains("nothing was sent")), "{got:?}");
    assert!(!fake.calls().contains(&"patch".to_string()), "{:?}", fake.calls());
}

#[tokio::test]
async fn nothing_is_performed_out_of_turn() {
    let fake = Fake::new(vec![changes("patch")], |_, _, _| result("done"));
    let (servers, other) = (fake.start(&quick()), Fake::new(vec![changes("patch")], |_, _, _| result("x")));
    let other = other.named("other").start(&quick());
    servers.wait_ready(Duration::from_secs(5)).await;
    other.wait_ready(Duration::from_secs(5)).await;
    let patch = call("k.patch", json!({}));
    let elsewhere = other.acquire(&call("other.patch", json!({}))).await.unwrap();
    for turn in [ToolSlot::default(), elsewhere] {
        let got = servers.perform(&permits::permit(&patch), &patch, turn).await;
        assert!(matches!(&got, Err(ToolError::Refused(why)) if why.contains("whose turn it is not")), "{got:?}");
    }
    assert!(fake.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_look_waits_for_a_server_that_has_just_gone_down_and_not_for_one_that_stays_away() {
    let long = Options { look_within: Duration::from_secs(30), ..quick() };
    let servers = mortal(4).start(&long);
    assert!(servers.wait_ready(Duration::from_secs(5)).await);
    let die = look(&*servers, &call("k.die", json!({}))).await;
    assert_eq!(die.unwrap().text, "die", "asked once more when it was back");
    let servers = mortal(usize::MAX - 1).start(&long);
    assert!(servers.wait_ready(Duration::from_secs(5)).await);
    let get = call("k.get", json!({}));
    let _ = look(&*servers, &call("k.die", json!({}))).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let since = Instant::now();
    let down = look(&*servers, &get).await;
    assert!(matches!(&down, Err(ToolError::Unavailable(why)) if why.contains("is down")), "{down:?}");
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_nothing_is_changed_before_the_server_says_that_it_is_there() {
    let fake = Fake::scripted(vec![changes("patch")], |session, what, _| match (session, what) {
        // It hangs as a whole.
        (1, "patch" | "ping") => Reply::Silence,
        (_, "initialize" | "tools/list" | "ping") => usual(),
        _ => result("done"),
    });
    let servers = fake.start(&Options { check_every: Duration::from_secs(5), ..quick() });
    assert!(servers.wait_ready(Duration::from_secs(5)).await);
    let patch = call("k.patch", json!({}));
    assert!(matches!(perform(&servers, &patch).await, Err(ToolError::Lost(_))));
    assert_eq!((servers.status()[0].phase, servers.ready("k.patch")), (Phase::Ready, false));
    let again = perform(&servers, &patch).await;
    assert!(matches!(&again, Err(ToolError::Unavailable(_))), "{again:?}");
    assert_eq!(fake.calls(), ["patch"], "the session that hangs is sent nothing more");
    while !servers.ready("k.patch") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(perform(&servers, &patch).await.unwrap().text, "done");
    assert_eq!(fake.sessions(), 2);
}

#[tokio::test]
async fn a_tool_that_is_gone_is_refused_and_not_awaited() {
    let fake = Fake::new(vec![reads("get"), changes("patch")], |_, _, _| result("done"));
    let servers = fake.start(&quick());
    servers.wait_ready(Duration::from_secs(5)).await;
    fake.show(vec![reads("get")]);
    while servers.catalogue().get("k.patch").is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let gone = servers.acquire(&call("k.patch", json!({}))).await.err();
    assert!(matches!(&gone, Some(ToolError::Refused(why)) if why.contains("no tool patch")), "{gone:?}");
}

#[tokio::test]
async fn a_server_that_is_still_starting_is_named_and_nobody_waits_for_its_turn() {
    let fake = Fake::scripted(vec![changes("patch")], |_, what, _| match what {
        "initialize" => Reply::Silence,
        _ => usual(),
    });
    let servers = fake.start(&quick());
    let patch = call("k.patch", json!({}));
    let got = timeout(Duration::from_millis(200), servers.acquire(&patch)).await.unwrap().err();
    assert!(matches!(&got, Some(ToolError::Unavailable(why)) if why.contains("has not started yet")), "{got:?}");
    assert_eq!(servers.status()[0].problem().as_deref(), Some("the MCP server k is still starting"));
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_looks_hang_again_and_again_is_left_alone_for_a_while() {
    let fake = Fake::new(vec![reads("get"), reads("slow")], |_, tool, arguments| match tool {
        "slow" if arguments["ends"].is_null() => Reply::Silence,
        _ => result("done"),
    });
    let servers = fake.start(&quick());
    assert!(servers.wait_ready(Duration::from_secs(5)).await);
    for _ in 0..3 {
        let hung = look(&*servers, &call("k.slow", json!({}))).await;
        assert!(matches!(&hung, Err(ToolError::Lost(_))), "{hung:?}");
    }
    let calls = fake.calls().len();
    let skipped = look(&*servers, &call("k.get", json!({}))).await;
    assert!(matches!(&skipped, Err(ToolError::Unavailable(why)) if why.contains("left alone")), "{skipped:?}");
    assert_eq!(fake.calls().len(), calls, "nothing is sent");
    assert!(servers.status()[0].problem().is_some_and(|why| why.contains("3 calls in a row")));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(look(&*servers, &call("k.get", json!({}))).await.unwrap().text, "done");
    assert_eq!(servers.status()[0].problem(), None);
}
