//! Several endpoints: the next one is asked where one gives no usable answer.

use std::time::Duration;

use serde_json::json;

use super::served::{Endpoint, RESOLVED, fails, of, says};
use super::{alert, happen, incident, kubernetes};
use crate::domain::Fact;
use crate::domain::entry::{ModelAnswer, RawAnswer, Usage};
use crate::model::{Budget, Client, DayBudget, EndpointOptions};
use crate::ports::{Model, ModelReply};

async fn ask(client: &Client) -> Result<ModelReply, (String, Usage)> {
    client.ask(&incident(vec![alert("web")]), &kubernetes(), &[]).await
}

fn by(asked: &ModelReply) -> String {
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

/// An hour is not waited for, and whoever is on call hears of it.
#[tokio::test]
async fn who_wants_to_be_left_alone_is_passed_over_at_once_and_named() {
    let busy = Endpoint::new(vec![(429, json!({"error": {"message": "slow"}, "later": 3600})), says(RESOLVED)]).await;
    let second = Endpoint::new(vec![says(RESOLVED)]).await;
    let client = of(vec![named(&busy, "one"), named(&second, "two")], Budget::default());
    assert_eq!((by(&ask(&client).await.unwrap()).as_str(), busy.requests().len()), ("two", 1));
    let problems = client.problems();
    assert!(problems[0].contains("the model one gave no answer when it was asked last"), "{problems:?}");
    assert!(problems[0].contains("left alone for 3600 s") && problems.len() == 1, "{problems:?}");
    assert_eq!(by(&ask(&client).await.unwrap()), "one");
    assert_eq!(client.problems(), Vec::<String>::new(), "it answers again");
}

#[tokio::test]
async fn what_an_incident_may_cost_holds_for_all_of_them() {
    let first = Endpoint::new(vec![fails(401, "no")]).await;
    let second = Endpoint::new(vec![says(RESOLVED)]).await;
    let budget = Budget { incident_tokens: 100, ..Budget::default() };
    let client = of(vec![named(&first, "same"), named(&second, "same")], budget);
    let mut spent = incident(vec![alert("web")]);
    spent.model.prompt_tokens = 100;
    assert!(client.ask(&spent, &kubernetes(), &[]).await.unwrap_err().0.contains("100 of 100 tokens"));
    assert!(first.requests().is_empty() && second.requests().is_empty());
    assert!(by(&ask(&client).await.unwrap()).starts_with("same at http://127.0.0.1:"), "equal names are told apart");
}

#[tokio::test]
async fn an_endpoint_that_hangs_leaves_time_for_the_next_and_nobody_else_is_blamed() {
    let hangs = Endpoint::new(vec![(0, json!({})); 20]).await;
    let second = Endpoint::new(vec![says(RESOLVED); 9]).await;
    // Less time for the whole incident than the first one could take.
    let budget = Budget { incident_time: Duration::from_millis(800), ..Budget::default() };
    let client = of(vec![named(&hangs, "one"), named(&second, "two")], budget);
    for _ in 0..3 {
        assert_eq!(by(&ask(&client).await.unwrap()), "two");
    }
    assert_eq!(second.requests().len(), 3);
    assert!(client.problems()[0].contains("the model one gave no answer in time to 3"), "{:?}", client.problems());
    assert_eq!(client.problems().len(), 1, "{:?}", client.problems());

    // Cut off before its own time is over, it is not blamed either.
    let budget = Budget { incident_time: Duration::from_millis(400), ..Budget::default() };
    let client = of(vec![named(&hangs, "one"), named(&second, "two")], budget);
    for _ in 0..4 {
        assert_eq!(by(&ask(&client).await.unwrap()), "two");
    }
    assert_eq!(client.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn time_that_is_used_up_is_said_and_blames_nobody() {
    let (hangs, second) = (Endpoint::new(vec![(0, json!({})); 9]).await, Endpoint::new(vec![says(RESOLVED)]).await);
    let budget = Budget { incident_time: Duration::from_millis(200), ..Budget::default() };
    let client = of(vec![named(&hangs, "one"), named(&hangs, "two"), named(&second, "three")], budget.clone());
    let mut late = incident(vec![alert("web")]);
    late.model.took_ms = 200;
    let (why, usage) = client.ask(&late, &kubernetes(), &[]).await.unwrap_err();
    assert_eq!((why.as_str(), usage.calls), ("the model's time for one incident is used up: 0 s", 0));
    let client = of(vec![named(&hangs, "one")], budget);
    for _ in 0..4 {
        let (why, _) = ask(&client).await.unwrap_err();
        assert_eq!(why, "the model did not answer in the time that was left for it");
    }
    assert!(client.skipped().is_none() && client.problems().is_empty());
    assert!(second.requests().is_empty());
}

#[tokio::test]
async fn who_answered_the_last_turn_is_asked_first_as_long_as_it_can_be() {
    let first = Endpoint::new(vec![says(RESOLVED); 9]).await;
    let second = Endpoint::new(vec![says(RESOLVED); 9]).await;
    let mut going_on = incident(vec![alert("web")]);
    let original = RawAnswer { by: "two".into(), message: None, reused: None };
    let answer = ModelAnswer::Look { calls: Vec::new() };
    let answered =
        Fact::Answered { answer, text: "look".into(), usage: Usage::default(), original: Some(Box::new(original)) };
    happen(&mut going_on, answered);
    let small = EndpointOptions { budget: DayBudget { calls: 1, ..DayBudget::default() }, ..named(&second, "two") };
    let client = of(vec![named(&first, "one"), small], Budget::default());
    for want in ["two", "one"] {
        assert_eq!(by(&client.ask(&going_on, &kubernetes(), &[]).await.unwrap()), want);
    }
    assert_eq!((first.requests().len(), second.requests().len()), (1, 1));
}

#[tokio::test]
async fn no_name_is_said_twice_and_who_is_passed_over_is_said_once() {
    let silent = Endpoint::new(vec![(0, json!({})); 8]).await;
    let refuses = Endpoint::new(vec![fails(401, "no"); 9]).await;
    let client = of(vec![named(&silent, "one"), named(&refuses, "two")], Budget::default());
    for _ in 0..3 {
        let (why, _) = ask(&client).await.unwrap_err();
        assert!(why.starts_with("one: the model did not answer in time; two: the model's endpoint"), "{why}");
    }
    let said = || client.endpoints[0].passed_over.load(std::sync::atomic::Ordering::Relaxed);
    assert!(!said());
    for _ in 0..2 {
        let (why, _) = ask(&client).await.unwrap_err();
        assert!(why.starts_with("the model one gave no answer in time to 3 calls in a row; it is left alone"), "{why}");
        assert!(said());
    }
}
