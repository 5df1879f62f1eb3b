//! How the API behaves whatever is asked: problems, tags, keys, pages, and streams that go on.

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::tests::{Running, start};
use crate::backend::fake::Fake;

fn kind(response: &Response) -> String {
    response.headers()["content-type"].to_str().unwrap().to_string()
}

async fn problem(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    assert_eq!(kind(&response), "application/problem+json", "{}", response.url());
    let status = response.status().as_u16();
    let problem: Value = response.json().await.unwrap();
    assert_eq!((problem["status"].as_u64(), &problem["detail"]), (Some(status.into()), &problem["error"]), "{problem}");
    assert!(problem["type"].as_str().unwrap().starts_with("urn:tidegate:problem:"), "{problem}");
    assert!(problem["instance"].as_str().unwrap().starts_with("urn:tidegate:request:"), "{problem}");
    (status, problem)
}

fn pause(host: &Running) -> RequestBuilder {
    host.client().post(host.url("/v1/pause")).json(&json!({"person": "p"}))
}

#[tokio::test]
async fn for_ever_is_a_time_whoever_writes_it() {
    let host = start("", Fake::default()).await;
    let matcher = json!({"name": "a", "value": "b", "isRegex": false, "isEqual": true});
    let ends = |at: &str| json!({"matchers": [matcher], "startsAt": "2026-01-01T00:00:00Z", "endsAt": at, "createdBy": "ann", "comment": "c"});
    let set = async |at: &str| {
        let answer = host.client().post(host.url("/api/v2/silences")).json(&ends(at)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for at in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999+14:00", "9999-12-30T22:00:01Z"] {
        let (status, text) = set(at).await;
        assert!(status == 200 && text.contains("silenceID"), "{at}: {status} {text}");
        let kept = host.fake.silences.lock().unwrap().last().unwrap().silence.ends_at;
        assert_eq!(kept, jiff::Timestamp::MAX, "{at}");
    }
    for at in ["9999-12-31", "10000-01-01T00:00:00Z", "9999-13-31T23:59:59Z", "for ever"] {
        assert_eq!(set(at).await.0, 422, "{at}");
    }
    let own = json!({"matchers": ["a=b"], "until": "9999-12-31T23:59:59Z", "person": "ann", "comment": "c"});
    assert_eq!(host.client().post(host.url("/v1/silences")).json(&own).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn whatever_is_refused_is_a_problem_of_one_form() {
    let host = start("", Fake::default()).await;
    for (request, status) in [
        (host.get("/v1/incidents?state=odd"), 400),
        (host.get("/v1/incidents/%ff"), 400),
        (host.get("/v1/incidents/i-b1/evidence/x"), 400),
        (host.get("/v1/incidents").header("host", "evil.example"), 403),
        (host.get("/v1/incidents/i-x"), 404),
        (host.get("/v1/nothing/at/all"), 404),
        (host.get("/v1/pause"), 405),
        (host.client().delete(host.url("/v1/incidents")), 405),
        (
            host.post("/v1/incidents/i-b1/actions/a9/deny", "{\"person\":\"p\"}")
                .header("content-type", "application/json"),
            409,
        ),
        (host.post("/v1/pause", " ".repeat(100_000)), 413),
        (host.post("/v1/pause", "person=p"), 415),
        (host.get("/v1/chat"), 200),
    ] {
        if status == 200 {
            assert_eq!(kind(&request.send().await.unwrap()), "application/json");
            continue;
        }
        assert_eq!(problem(request).await.0, status);
    }
    let guarded = start("auth = { bearer = { env = \"TOKEN\" } }", Fake::default()).await;
    assert_eq!(problem(guarded.get("/v1/incidents")).await.0, 401);
    // Senders and monitoring are answered as before.
    for path in ["/alert", "/v1/alerts/nope"] {
        assert_eq!(kind(&host.post(path, "x").send().await.unwrap()), "application/json", "{path}");
    }
    assert_eq!(kind(&host.get("/api/v2/silence/x").send().await.unwrap()), "application/json");
}

#[tokio::test]
async fn what_is_sent_again_under_its_key_is_done_once() {
    let host = start("", Fake::default()).await;
    let orders = || host.fake.orders.lock().unwrap().len();
    let first = pause(&host).header("idempotency-key", "k1").send().await.unwrap();
    assert!(first.status() == 200 && !first.headers().contains_key("idempotency-replayed"));
    let again = pause(&host).header("idempotency-key", "k1").send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.headers()["idempotency-replayed"].to_str().unwrap()), (200, "true"));
    assert_eq!((again.json::<Value>().await.unwrap(), orders()), (first.json().await.unwrap(), 1));
    let other = host.client().post(host.url("/v1/pause")).json(&json!({"person": "q"}));
    assert_eq!(problem(other.header("idempotency-key", "k1")).await.0, 422);
    assert_eq!(orders(), 1);
    pause(&host).header("idempotency-key", "k2").send().await.unwrap();
    pause(&host).send().await.unwrap();
    assert_eq!(orders(), 3, "another key, and none at all, are other requests");
    let wrong = || host.client().post(host.url("/v1/pause")).json(&json!({})).header("idempotency-key", "k3");
    assert_eq!(problem(wrong()).await.0, 400);
    assert_eq!(problem(wrong()).await.0, 400, "a refusal is remembered in its form");
    assert_eq!(problem(pause(&host).header("idempotency-key", "k".repeat(300))).await.0, 400);
}

#[tokio::test]
async fn what_was_read_is_not_sent_again_and_a_change_rests_on_what_was_read() {
    let host = start("", Fake::default()).await;
    let read = host.get("/v1/incidents/i-b1").send().await.unwrap();
    let tag = read.headers()["etag"].to_str().unwrap().to_string();
    let known = host.get("/v1/incidents/i-b1").header("if-none-match", format!("\"x\", W/{tag}")).send().await.unwrap();
    assert_eq!((known.status().as_u16(), known.text().await.unwrap().len()), (304, 0));
    let other = host.get("/v1/incidents/i-a2").header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(other.status(), 200);
    let approve = |tag: &str| {
        let request = host.client().post(host.url("/v1/incidents/i-b1/actions/a1/approve"));
        request.json(&json!({"person": "ada"})).header("if-match", tag.to_string())
    };
    assert_eq!(approve(&tag).send().await.unwrap().status(), 200);
    assert_eq!(problem(approve("\"of-before\"")).await.0, 412);
    assert_eq!(host.fake.answers.lock().unwrap().len(), 1);
    assert_eq!(problem(pause(&host).header("if-match", &tag)).await.0, 400, "nothing is read there");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let host = start("", Fake::default()).await;
    let page = async |query: &str| -> Value {
        host.get(&format!("/v1/incidents?limit=2{query}")).send().await.unwrap().json().await.unwrap()
    };
    let first = page("").await;
    assert_eq!(first["incidents"].as_array().unwrap().len(), 2);
    let second = page(&format!("&cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!((&second["incidents"][0]["id"], &second["next"]), (&json!("i-a1"), &Value::Null));
    assert_eq!(page("&match=namespace%3D%22shop%22").await, json!({"incidents": [], "next": null}));
    for wrong in ["&cursor=odd", "&match=%7B%7B", "&before=i-b1&cursor=aW5jaWRlbnRzOmk"] {
        assert_eq!(problem(host.get(&format!("/v1/incidents?limit=2{wrong}"))).await.0, 400, "{wrong}");
    }
    let deliveries: Value = host.get("/v1/deliveries?cursor=").send().await.unwrap().json().await.unwrap();
    assert_eq!((deliveries["deliveries"].as_array().unwrap().len(), &deliveries["next"]), (1, &Value::Null));
}

/// The next event of a stream: its lines.
async fn event(events: &mut Response) -> String {
    String::from_utf8(events.chunk().await.unwrap().unwrap().to_vec()).unwrap()
}

fn id(event: &str) -> &str {
    event.lines().find_map(|line| line.strip_prefix("id: ")).unwrap()
}

#[tokio::test]
async fn a_watcher_that_comes_back_hears_what_it_missed() {
    let host = start("", Fake::default()).await;
    let watch = |last: Option<&str>| {
        let request = host.get("/v1/incidents/watch");
        last.iter().fold(request, |request, last| request.header("last-event-id", *last)).send()
    };
    let mut events = watch(None).await.unwrap();
    host.fake.changes.send("i-a2".into()).unwrap();
    let first = event(&mut events).await;
    drop(events);
    for id in ["i-a1", "i-b1", "i-a1"] {
        host.fake.changes.send(id.into()).unwrap();
    }
    let mut events = watch(Some(id(&first))).await.unwrap();
    let mut told = String::new();
    while told.matches("event: incident").count() < 2 {
        told.push_str(&event(&mut events).await);
    }
    let at = |id: &str| told.find(&format!("\"id\":\"{id}\"")).unwrap();
    assert!(at("i-b1") < at("i-a1") && !told.contains("\"id\":\"i-a2\""), "{told}");
    let mut events = watch(Some("0000000000000000-7")).await.unwrap();
    assert!(event(&mut events).await.starts_with("event: reset\n"), "of another start");
}

#[tokio::test]
async fn metrics_come_in_the_form_that_is_accepted() {
    let host = start("", Fake::default()).await;
    let accept = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5";
    let open = host.get("/metrics").header("accept", accept).send().await.unwrap();
    assert!(kind(&open).starts_with("application/openmetrics-text"));
    assert!(open.text().await.unwrap().ends_with("# EOF\n"));
    let plain = host.get("/metrics").send().await.unwrap();
    assert!(kind(&plain).starts_with("text/plain") && !plain.text().await.unwrap().contains("# EOF"));
}
