//! Messages that were not delivered, over HTTP.

use serde_json::{Value, json};

use super::tests::start;
use crate::backend::deliveries::Which;
use crate::backend::fake::Fake;

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
    assert_eq!((anew.which, anew.reason.as_str()), (Which::Target("pager".into()), "mended"));
    assert!(anew.person.proven().is_some());
    let nobody = host.client().post(host.url("/v1/deliveries/retry")).json(&json!({"all": true}));
    assert_eq!(nobody.send().await.unwrap().status(), 401);
}
