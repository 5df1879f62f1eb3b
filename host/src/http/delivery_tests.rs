//! Messages that were not delivered, and test messages, over HTTP.

use serde_json::{Value, json};

use super::tests::start;
use crate::backend::deliveries::DeliverySelector;
use crate::backend::fake::Fake;
use crate::domain::audit::AuditOutcome;

#[tokio::test]
async fn what_was_not_delivered_is_listed_by_state_and_target() {
    let host = start("", Fake::default()).await;
    for (query, count) in
        [("", 1), ("?state=abandoned&target=pager", 1), ("?state=failed", 0), ("?target=other", 0), ("?limit=0", 0)]
    {
        let response = host.get(&format!("/v1/deliveries{query}")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{query}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["deliveries"].as_array().unwrap().len(), count, "{query}: {body}");
    }
    for query in ["?state=lost", "?stat=failed"] {
        assert_eq!(host.get(&format!("/v1/deliveries{query}")).send().await.unwrap().status(), 400, "{query}");
    }
}

#[tokio::test]
async fn what_is_sent_anew_must_be_said_and_who_wants_it_is_kept() {
    let host = start("auth = { basic = { user = \"ada\", password = { env = \"KEY\" } } }", Fake::default()).await;
    let post = async |body: Value| {
        let request = host.client().post(host.url("/v1/deliveries/retry")).json(&body);
        request.basic_auth("ada", Some("k3yk3y")).send().await.unwrap().status().as_u16()
    };
    for unclear in [json!({}), json!({"id": "a", "all": true}), json!({"id": "a", "target": "b"}), json!({"every": 1})]
    {
        assert_eq!(post(unclear.clone()).await, 400, "{unclear}");
    }
    assert!(host.fake.anew.lock().unwrap().is_empty());
    assert_eq!(post(json!({"id": "nothing"})).await, 404);
    assert_eq!(post(json!({"target": "pager", "reason": "mended"})).await, 200);
    let anew = host.fake.anew.lock().unwrap().pop().unwrap();
    assert_eq!((anew.which, anew.reason.as_str()), (DeliverySelector::Target("pager".into()), "mended"));
    assert!(anew.person.proven().is_some());
    let nobody = host.client().post(host.url("/v1/deliveries/retry")).json(&json!({"all": true}));
    assert_eq!(nobody.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn who_tries_a_target_and_what_it_has_against_that_is_written_down() {
    let host = start("", Fake::default()).await;
    let post = async |name: &str, body: Value| {
        let answer = host.post_json(&format!("/v1/targets/{name}/test"), body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(post("pager", json!({})).await.0, 400, "somebody must have sent it");
    assert_eq!(post("pager", json!({"person": "ann", "severity": "loud"})).await.0, 400);
    assert_eq!(post("pager", json!({"person": "ann", "text": "x"})).await.0, 400);
    assert_eq!(post("other", json!({"person": "ann"})).await.0, 404);
    let (status, taken) = post("pager", json!({"person": "ann"})).await;
    assert_eq!((status, &taken["delivered"], &taken["reference"]), (200, &json!(true), &json!("r1")), "{taken}");
    let (status, refused) = post("pager", json!({"person": "ann", "severity": "critical"})).await;
    assert_eq!((status, &refused["obstacle"]), (200, &json!("misconfigured")), "{refused}");
    assert!(refused["advice"].as_str().unwrap().contains("[notifiers.pager]"), "{refused}");
    let told = || host.fake.audited.lock().unwrap().iter().filter(|one| one.status == 200).cloned().collect::<Vec<_>>();
    while told().len() < 2 {
        tokio::task::yield_now().await;
    }
    let told = told();
    let of = |outcome| told.iter().find(|one| one.outcome == outcome).unwrap();
    let (done, failed) = (of(AuditOutcome::Done), of(AuditOutcome::Failed));
    assert_eq!((done.object.as_str(), done.why.as_str()), ("/v1/targets/pager/test", ""));
    assert_eq!(done.person.as_ref().unwrap().name(), "ann");
    assert_eq!(failed.why, "pager did not take it: the token is wrong");
}
