//! Several endpoints: the next one is asked where one gives no usable answer.

use std::time::Duration;

use serde_json::json;

use super::served::{Endpoint, RESOLVED, fails, of, says};
use super::{alert, incident, kubernetes};
use crate::domain::entry::Usage;
use crate::model::{Budget, Client, DayBudget, EndpointOptions};
use crate::ports::{Asked, Model};

async fn ask(client: &Client) -> Result<Asked, (String, Usage)> {
    client.ask(&incident(vec![alert("web")]), &kubernetes()).await
}

fn by(asked: &Asked) -> String {
    asked.original.as_ref().unwrap().by.clone()
}

fn named(endpoint: &Endpoint, name: &str) -> EndpointOptions {
    EndpointOptions { name: name.into(), timeout: Duration::from_millis(300), ..endpoint.options() }
}

#[tokio::test]
async fn the_next_one_is_asked_whatever_the_first_one_does() {
    for answers in [
        vec![fails(401, "no")],
        vec![fails(400, "content policy")],
        vec![(0, json!({})); 2],
        vec![says("nothing of use"), says("nothing of use")],
        vec![(200, json!({"choices": [{"message": {"content": "", "refusal": "I will not"}}]}))],
    ] {
        let first = Endpoint::new(answers.clone()).await;
        let second = Endpoint::new(vec![says(RESOLVED)]).await;
        let client = of(vec![named(&first, "one"), named(&second, "two")], Budget::default());
        let asked = ask(&client).await.unwrap();
        assert_eq!(by(&asked), "two", "{answers:?}");
        assert!(asked.usage.calls >= 2, "both count");
    }
    let (first, second) = (Endpoint::new(vec![fails(401, "no")]).await, Endpoint::new(vec![fails(402, "pay")]).await);
    let (why, _) = ask(&of(vec![named(&first, "one"), named(&second, "two")], Budget::default())).await.unwrap_err();
    assert!(
        why.starts_with("one: ")
            && why.contains("configured key")
            && why.contains("; two: ")
            && why.contains("out of credit"),
        "{why}"
    );
}

#[tokio::test]
async fn who_is_left_alone_or_has_spent_the_day_costs_no_request() {
    let silent = Endpoint::new(vec![(0, json!({})); 8]).await;
    let second = Endpoint::new(vec![says(RESOLVED); 5]).await;
    let client = of(vec![named(&silent, "one"), named(&second, "two")], Budget::default());
    for _ in 0..4 {
        ask(&client).await.unwrap();
    }
    assert_eq!(silent.requests().len(), 6, "three questions, each sent twice");
    assert_eq!(client.skipped(), None, "one answers");
    assert!(client.problems()[0].contains("the model one gave no answer in time"), "{:?}", client.problems());

    let first = Endpoint::new(vec![says(RESOLVED); 5]).await;
    let small = EndpointOptions { budget: DayBudget { calls: 1, ..DayBudget::default() }, ..named(&first, "one") };
    let client = of(vec![small, named(&second, "two")], Budget::default());
    assert_eq!((by(&ask(&client).await.unwrap()), by(&ask(&client).await.unwrap())), ("one".into(), "two".into()));
    assert_eq!(first.requests().len(), 1);
    assert!(client.problems()[0].contains("1 requests a day"), "{:?}", client.problems());
}

#[tokio::test]
async fn what_an_incident_may_cost_holds_for_all_of_them() {
    let first = Endpoint::new(vec![fails(401, "no")]).await;
    let second = Endpoint::new(vec![says(RESOLVED)]).await;
    let budget = Budget { incident_tokens: 100, ..Budget::default() };
    let client = of(vec![named(&first, "same"), named(&second, "same")], budget);
    let mut spent = incident(vec![alert("web")]);
    spent.model.prompt_tokens = 100;
    assert!(client.ask(&spent, &kubernetes()).await.unwrap_err().0.contains("100 of 100 tokens"));
    assert!(first.requests().is_empty() && second.requests().is_empty());
    assert!(by(&ask(&client).await.unwrap()).starts_with("same at http://127.0.0.1:"), "equal names are told apart");
}
