//! The client against an endpoint that does what endpoints do.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::served::{Endpoint, Noon, RESOLVED, calls, fails, of, says};
use super::{alert, asked, call, happen, incident, kubernetes, looked};
use crate::domain::conversation::{Conversation, UNHEARD};
use crate::domain::entry::{ModelAnswer, Purpose, Share, Usage};
use crate::domain::{ConversationId, Entry, Incident, Person};
use crate::model::costs::ModelQuestion;
use crate::model::{Budget, Client, DayBudget, EndpointOptions, Unconfigured};
use crate::ports::{ChatRequest, Clock, Model, ModelReply};

fn web() -> Incident {
    incident(vec![alert("web")])
}

/// With so little time that a silent endpoint costs a test little.
fn quick(endpoint: &Endpoint) -> EndpointOptions {
    EndpointOptions { timeout: Duration::from_millis(300), ..endpoint.options() }
}

async fn ask(client: &Client) -> Result<ModelReply, (String, Usage)> {
    client.ask(&web(), &kubernetes(), &[]).await
}

#[tokio::test]
async fn a_native_call_becomes_a_look_and_costs_what_the_endpoint_says() {
    let endpoint = Endpoint::new(vec![calls("kubernetes__kubectl_get", "{\"namespace\":\"default\"}")]).await;
    let asked = ask(&endpoint.client()).await.unwrap();
    let ModelAnswer::Look { calls } = asked.answer else { panic!("{asked:?}") };
    assert_eq!((calls[0].id.as_str(), calls[0].call.tool.as_str()), ("c1", "kubernetes.kubectl_get"));
    assert_eq!((asked.usage.prompt_tokens, asked.usage.completion_tokens), (100, 10));
    let (key, body) = endpoint.script.seen.lock().unwrap()[0].clone();
    assert_eq!(key.unwrap(), "Bearer sk-the-key-of-this-test");
    assert_eq!(body["model"], "test-model");
    assert_eq!((&body["temperature"], &body["max_tokens"]), (&json!(0), &json!(2048)));
    let offered = body["tools"].as_array().unwrap();
    assert_eq!((offered.len(), &offered[3]["function"]["name"]), (4, &json!("final_answer")));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_asked_for_once_more_with_the_reason() {
    let endpoint = Endpoint::new(vec![says("Let me think about it."), says(RESOLVED)]).await;
    let asked = ask(&endpoint.client()).await.unwrap();
    assert!(matches!(asked.answer, ModelAnswer::Resolved { .. }));
    assert_eq!(asked.usage.prompt_tokens, 200);
    let messages = endpoint.requests()[1]["messages"].as_array().unwrap().clone();
    assert!(messages.last().unwrap()["content"].as_str().unwrap().contains("neither a tool call nor a decision"));

    let endpoint = Endpoint::new(vec![calls("kubernetes__kubectl_get", "{broken"), says("still nothing")]).await;
    let (why, usage) = ask(&endpoint.client()).await.unwrap_err();
    assert!(why.contains("neither a tool call"), "{why}");
    assert_eq!(usage.completion_tokens, 20);
    let messages = endpoint.requests()[1]["messages"].as_array().unwrap().clone();
    let tail = &messages[messages.len() - 2..];
    assert_eq!(tail[0]["tool_calls"][0]["function"]["arguments"], "{}", "no endpoint takes broken arguments back");
    assert_eq!((&tail[1]["role"], &tail[1]["tool_call_id"]), (&json!("tool"), &json!("c1")));
}

#[tokio::test]
async fn a_change_that_does_not_fit_is_answered_with_what_its_tool_takes() {
    let wrong = || calls("kubernetes__kubectl_patch", "{\"namespace\": 7}");
    let endpoint = Endpoint::new(vec![wrong(), wrong()]).await;
    let (why, _) = ask(&endpoint.client()).await.unwrap_err();
    assert!(why.contains("does not take these arguments") && !why.contains("it takes"), "{why}");
    let messages = endpoint.requests()[1]["messages"].as_array().unwrap().clone();
    let told = messages.last().unwrap()["content"].as_str().unwrap();
    assert!(told.contains("it takes parameters: {\"namespace\":{\"type\":\"string\"}}"), "{told}");
}

/// The answer as a whole has ten minutes; without a bound of its own, silence within it would take as long.
#[tokio::test]
async fn a_stream_that_stalls_is_asked_for_again() {
    let half = json!({"choices": [{"index": 0, "delta": {"content": "half"}}]});
    let endpoint = Endpoint::new(vec![(1, half.clone()), says(RESOLVED), (1, half.clone()), (1, half)]).await;
    let options = || EndpointOptions {
        timeout: Duration::from_secs(600),
        idle: Duration::from_millis(200),
        ..endpoint.options()
    };
    let asked = ask(&of(vec![options()], Budget::default())).await.unwrap();
    assert!(matches!(asked.answer, ModelAnswer::Resolved { .. }));
    assert_eq!(endpoint.requests().len(), 2);
    let prompt = |index: usize| endpoint.requests()[index].to_string().len().div_ceil(4) as u64;
    let more = asked.usage.prompt_tokens >= prompt(0) && asked.usage.completion_tokens >= 1;
    assert!(more, "what broke off was paid for as well: {:?}", asked.usage);
    let (why, usage) = ask(&of(vec![options()], Budget::default())).await.unwrap_err();
    assert!(why.contains("stalled"), "{why}");
    assert_eq!(
        (usage.prompt_tokens, usage.completion_tokens),
        (2 * prompt(2), 2),
        "two answers of four bytes each began"
    );
}

/// One that hangs would otherwise hold the place of whoever hung up for as long as an answer may take.
#[tokio::test]
async fn an_answer_that_nobody_is_left_to_hear_is_broken_off_and_paid_for() {
    let endpoint = Endpoint::new(vec![(0, json!(null))]).await;
    let options = EndpointOptions { timeout: Duration::from_secs(600), ..endpoint.options() };
    let client = of(vec![options], Budget::default());
    let entry = |fact: Value| Entry { at: Timestamp::UNIX_EPOCH, fact: serde_json::from_value(fact).unwrap() };
    let person = || json!(Person::typed("ada"));
    let began = entry(json!({"kind": "began", "person": person()}));
    let mut conversation = Conversation::begin(ConversationId("chat-1".into()), &began).unwrap();
    conversation.apply(&entry(json!({"kind": "asked", "person": person(), "text": "what is wrong?"})));
    let script = Arc::clone(&endpoint.script);
    let seen = async move {
        while script.seen.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let (catalogue, unheard) = (kubernetes(), seen.boxed().shared());
    let talk = ChatRequest { conversation: &conversation, catalogue: &catalogue, last: false, words: &|_| {}, unheard };
    let (why, usage) = client.converse(talk).await.unwrap_err();
    let prompt = endpoint.requests()[0].to_string().len().div_ceil(4) as u64;
    assert_eq!((why.as_str(), usage.calls, usage.prompt_tokens), (UNHEARD, 1, prompt));
    assert_eq!(client.problems(), Vec::<String>::new(), "that says nothing about the endpoint");
}

/// As long as an endpoint speaks, it may take longer than one that is silent.
#[tokio::test]
async fn an_endpoint_that_speaks_is_waited_for_and_one_that_thinks_is_not_taken_for_stalled() {
    let chunk = |text: &str| json!({"choices": [{"index": 0, "delta": {"content": text}}]});
    let mut slow: Vec<_> = RESOLVED.split_inclusive('\n').map(chunk).collect();
    let thinks = json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]});
    slow.extend(std::iter::repeat_n(chunk("\n"), 7));
    slow.extend([json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}), json!("[DONE]")]);
    let quick = vec![chunk(RESOLVED), json!("[DONE]")];
    let thinking: Vec<_> = [thinks, json!(null)].into_iter().chain(quick).collect();
    let endpoint = Endpoint::new(vec![(2, json!(slow)), (2, json!(thinking))]).await;
    let (timeout, idle) = (Duration::from_millis(1300), Duration::from_millis(600));
    let client = of(vec![EndpointOptions { timeout, idle, ..endpoint.options() }], Budget::default());
    for _ in 0..2 {
        let asked = ask(&client).await.unwrap();
        assert!(matches!(asked.answer, ModelAnswer::Resolved { .. }));
    }
    assert_eq!(endpoint.requests().len(), 2);
    assert_eq!(endpoint.requests()[0]["stream_options"], json!({"include_usage": true}));
}

#[tokio::test]
async fn an_endpoint_whose_streams_hold_no_answer_is_asked_for_it_as_a_whole() {
    let broken = || (2, json!([json!({"choices": [{"index": 0, "delta": {"content": "half"}}]})]));
    let endpoint = Endpoint::new(vec![broken(), broken(), says(RESOLVED), says(RESOLVED)]).await;
    let client = endpoint.client();
    assert!(ask(&client).await.is_ok() && ask(&client).await.is_ok());
    let streamed: Vec<bool> = endpoint.requests().iter().map(|request| request["stream"] == true).collect();
    assert_eq!(streamed, [true, true, false, false], "what brought an answer is remembered");
    assert_eq!(client.problems(), Vec::<String>::new(), "answers are no worse for it");
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_will_not_is_explained() {
    let endpoint = Endpoint::new(vec![fails(429, "slow down"), fails(503, "busy"), says(RESOLVED)]).await;
    assert!(ask(&endpoint.client()).await.is_ok());
    let endpoint = Endpoint::new(vec![fails(500, "a"), fails(500, "b"), fails(500, "c"), says(RESOLVED)]).await;
    let (why, _) = ask(&endpoint.client()).await.unwrap_err();
    assert!(why.contains("overloaded or broken (HTTP 500") && endpoint.requests().len() == 3, "{why}");
    for (status, message, want) in [
        (
            401,
            "bad key sk-the-key-of-this-test",
            "does not take the configured key (HTTP 401 Unauthorized): bad key [redacted]",
        ),
        (404, "no such model", "has no model test-model"),
        (402, "pay", "run out of credit"),
        (400, "content policy", "refuses the request (HTTP 400 Bad Request): content policy"),
        (302, "", "leads elsewhere"),
    ] {
        let endpoint = Endpoint::new(vec![fails(status, message), says(RESOLVED)]).await;
        let (why, _) = ask(&endpoint.client()).await.unwrap_err();
        assert!(why.contains(want), "{why}");
        assert_eq!(endpoint.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn an_endpoint_without_tools_gets_them_in_the_text_from_then_on() {
    let refused = fails(400, "registry.ollama.ai/library/gemma does not support tools");
    let endpoint = Endpoint::new(vec![refused, says(RESOLVED), says(RESOLVED)]).await;
    let client = endpoint.client();
    assert!(ask(&client).await.is_ok() && ask(&client).await.is_ok());
    let requests = endpoint.requests();
    assert!(requests[0].get("tools").is_some());
    assert!(requests[1].get("tools").is_none() && requests[2].get("tools").is_none());
    assert!(requests[1]["messages"][0]["content"].as_str().unwrap().contains("- kubernetes.kubectl_get:"));
}

#[tokio::test]
async fn endpoints_that_want_other_settings_get_them() {
    let limit = fails(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.");
    let temperature = fails(400, "Unsupported value: 'temperature' does not support 0.");
    let endpoint = Endpoint::new(vec![limit, temperature, says(RESOLVED)]).await;
    assert!(ask(&endpoint.client()).await.is_ok());
    let last = endpoint.requests().remove(2);
    assert!(last.get("max_tokens").is_none() && last.get("temperature").is_none());
    assert_eq!(last["max_completion_tokens"], 2048);
}

#[tokio::test]
async fn who_never_answers_in_time_is_left_alone() {
    let endpoint = Endpoint::new(vec![(0, json!({})); 6]).await;
    let client = of(vec![quick(&endpoint)], Budget::default());
    for asked in 1..=3 {
        assert_eq!(client.skipped(), None, "after {} questions", asked - 1);
        let (why, _) = ask(&client).await.unwrap_err();
        assert!(why.contains("did not answer in time"), "{why}");
    }
    let (why, usage) = ask(&client).await.unwrap_err();
    assert!(why.contains("gave no answer in time to 3 calls in a row; it is left alone"), "{why}");
    assert_eq!((usage.calls, client.skipped()), (0, Some(why)));
}

#[tokio::test]
async fn silence_garbage_and_floods_end_in_a_sentence() {
    let endpoint = Endpoint::new(vec![(0, json!({})), (0, json!({})), says(RESOLVED)]).await;
    let client = of(vec![quick(&endpoint)], Budget::default());
    let (why, usage) = ask(&client).await.unwrap_err();
    assert!(why.contains("did not answer in time") && usage.took_ms >= 300, "{why}");
    for (answer, want, requests) in [
        // The next try may bring an answer.
        (json!("<html>"), "answered with a page and not with JSON", 3),
        (json!("{\"choices\": [{\"mess"), "did not answer with JSON", 3),
        (json!({"choices": []}), "without a choice", 3),
        (
            json!({"error": {"message": "quota", "code": 503}}),
            "overloaded or broken (HTTP 503 Service Unavailable): quota",
            3,
        ),
        (json!({"error": {"message": "quota"}}), "refuses the request (HTTP 400 Bad Request): quota", 1),
        (json!("x".repeat(2_000_000)), "more than 1048576 bytes", 1),
    ] {
        let endpoint = Endpoint::new(vec![(200, answer); 4]).await;
        let client =
            of(vec![EndpointOptions { timeout: Duration::from_secs(9), ..endpoint.options() }], Budget::default());
        let (why, _) = ask(&client).await.unwrap_err();
        assert!(why.contains(want), "{why}");
        assert_eq!(endpoint.requests().len(), requests, "{want}");
    }
    let options =
        EndpointOptions { url: "http://127.0.0.1:9/v1".into(), timeout: Duration::from_secs(5), ..endpoint.options() };
    assert!(ask(&of(vec![options.clone()], Budget::default())).await.unwrap_err().0.contains("cannot be reached"));
    let options = crate::model::Options {
        endpoints: vec![options, EndpointOptions { url: "localhost".into(), ..EndpointOptions::default() }],
        budget: Budget::default(),
        reuse: None,
        anonymise: false,
        language: "en".into(),
    };
    assert_eq!(Client::new(options, std::sync::Arc::new(Noon)).err().map(|(place, _)| place), Some(1));
}

#[tokio::test]
async fn spent_budgets_end_in_a_sentence_and_not_in_a_request() {
    let endpoint = Endpoint::new(vec![says(RESOLVED); 9]).await;
    let with = |budget: Budget| of(vec![endpoint.options()], budget);
    let a_day = |budget: DayBudget| of(vec![EndpointOptions { budget, ..endpoint.options() }], Budget::default());
    let mut spent = web();
    spent.model.prompt_tokens = 100;
    spent.model.took_ms = 1000;
    for (budget, want) in [
        (Budget { incident_tokens: 100, ..Budget::default() }, "100 of 100 tokens"),
        (Budget { incident_time: Duration::from_secs(1), ..Budget::default() }, "time for one incident is used up"),
    ] {
        let (why, _) = with(budget).ask(&spent, &kubernetes(), &[]).await.unwrap_err();
        assert!(why.contains(want), "{why}");
    }
    assert!(endpoint.requests().is_empty());
    let client = a_day(DayBudget { calls: 1, ..DayBudget::default() });
    assert!(ask(&client).await.is_ok());
    assert!(ask(&client).await.unwrap_err().0.contains("1 requests a day"));
    let client = a_day(DayBudget { tokens: 50, ..DayBudget::default() });
    let mut spent = Usage::default();
    spent.spend(Share { model: "test-model".into(), prompt_tokens: 50, ..Share::default() });
    client.restore(&ModelQuestion { incident: web(), at: Noon.now(), usage: spent, reused: None });
    assert!(ask(&client).await.unwrap_err().0.contains("50 tokens a day"));
    assert_eq!(endpoint.requests().len(), 1);
}

#[tokio::test]
async fn asking_twice_for_what_was_seen_is_a_circle() {
    let again = || {
        says(
            "{\"name\":\"kubectl_get\",\"arguments\":{\"resourceType\":\"Pod\",\"namespace\":\"default\",\"all\":false}}",
        )
    };
    let endpoint = Endpoint::new(vec![again(), again()]).await;
    let get = call("kubernetes.kubectl_get", json!({"resourceType": "pods", "namespace": "default"}));
    let mut incident = web();
    happen(&mut incident, looked(Purpose::Evidence, get.clone(), "ImagePullBackOff"));
    let first = endpoint.client().ask(&incident, &kubernetes(), &[]).await.unwrap();
    assert!(matches!(first.answer, ModelAnswer::Look { .. }), "once is no circle");
    happen(&mut incident, asked("", get.clone(), "again"));
    happen(&mut incident, looked(Purpose::Model, get, "ImagePullBackOff"));
    let (why, usage) = endpoint.client().ask(&incident, &kubernetes(), &[]).await.unwrap_err();
    assert!(why.contains("already seen") && usage.prompt_tokens == 100, "{why}");
}

#[tokio::test]
async fn without_a_model_there_is_a_sentence() {
    assert!(!Unconfigured.configured());
    assert!(Unconfigured.ask(&web(), &kubernetes(), &[]).await.unwrap_err().0.contains("no language model"));
}

#[tokio::test]
async fn tools_without_room_are_counted_and_every_server_is_offered() {
    let mut many = kubernetes();
    let mut cloud = super::catalogue(&["cloud.op"]).tools.remove("cloud.op").unwrap();
    cloud.description = "an operation of the cloud".repeat(8);
    for n in 0..450 {
        let name = format!("aws.op_{n:03}");
        many.tools.insert(name.clone(), crate::domain::Tool { name, ..cloud.clone() });
    }
    let endpoint = Endpoint::new(vec![says(RESOLVED); 2]).await;
    let client = endpoint.client();
    client.ask(&web(), &many, &[]).await.unwrap();
    let requests = endpoint.requests();
    let offered: Vec<&str> =
        requests[0]["tools"].as_array().unwrap().iter().filter_map(|tool| tool["function"]["name"].as_str()).collect();
    assert_eq!(offered.iter().filter(|name| name.starts_with("kubernetes__")).count(), 3, "{offered:?}");
    let missing = 453 - offered.iter().filter(|name| **name != "final_answer").count();
    let want = format!("the model test-model is not offered {missing} of 453 tools");
    assert!(missing > 0 && client.problems()[0].starts_with(&want), "{:?}", client.problems());
    client.ask(&web(), &kubernetes(), &[]).await.unwrap();
    assert!(client.problems().is_empty());
}
