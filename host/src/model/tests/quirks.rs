//! What servers do in ways of their own, each against an endpoint that does just that.

use serde_json::{Value, json};

use super::served::{Endpoint, RESOLVED, calls, fails, of, says};
use super::{alert, call, happen, incident, kubernetes, looked};
use crate::domain::entry::{ModelAnswer, Purpose};
use crate::domain::{Fact, Incident};
use crate::model::{Budget, Client, EndpointOptions, OfferForm, ProfileOptions};
use crate::ports::{Model, ModelReply};

async fn ask(client: &Client, incident: &Incident) -> ModelReply {
    client.ask(incident, &kubernetes(), &[]).await.unwrap()
}

fn web() -> Incident {
    incident(vec![alert("web")])
}

/// The incident after the answer, and after the looks that it asks for.
fn goes_on(incident: &mut Incident, asked: &ModelReply) {
    let ModelReply { answer, text, usage, original } = asked.clone();
    happen(incident, Fact::Answered { answer: answer.clone(), text, usage, original });
    let ModelAnswer::Look { calls } = answer else { return };
    calls.into_iter().for_each(|asked| happen(incident, looked(Purpose::Model, asked.call, "seen")));
}

fn message(body: Value) -> (u16, Value) {
    (200, json!({"choices": [{"message": body, "finish_reason": "tool_calls"}]}))
}

fn get(more: Value) -> Value {
    let mut call = json!({"type": "function", "function": {"name": "kubernetes__kubectl_get", "arguments": "{\"namespace\": \"x\"}"}});
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call
}

#[tokio::test]
async fn a_turn_goes_back_as_it_came_to_the_endpoint_that_gave_it() {
    let came = json!({
        "role": "assistant", "content": null, "reasoning_content": "First look.", "reasoning_details": [{"data": "AY89=="}],
        "tool_calls": [get(json!({"id": "call_00", "extra_content": {"google": {"thought_signature": "AY89a18IwQsQ8in/"}}}))],
    });
    let endpoint = Endpoint::new(vec![message(came.clone()), says(RESOLVED), says(RESOLVED)]).await;
    let mut incident = web();
    let asked = ask(&endpoint.client(), &incident).await;
    assert_eq!(asked.original.as_ref().unwrap().by, "test-model");
    goes_on(&mut incident, &asked);
    ask(&endpoint.client(), &incident).await;
    let messages = endpoint.requests()[1]["messages"].as_array().unwrap().clone();
    assert_eq!(messages[2], came);
    assert_eq!((&messages[3]["role"], &messages[3]["tool_call_id"]), (&json!("tool"), &json!("call_00")));
    // Another endpoint is told what it meant and nothing that only the first one understands.
    let other = of(vec![EndpointOptions { name: "other".into(), ..endpoint.options() }], Budget::default());
    ask(&other, &incident).await;
    let messages = endpoint.requests()[2]["messages"].as_array().unwrap().clone();
    assert!(
        messages[2].get("reasoning_content").is_none() && messages[2]["tool_calls"][0].get("extra_content").is_none()
    );
    assert_eq!(messages[2]["tool_calls"][0]["function"]["name"], "kubernetes__kubectl_get");
}

#[tokio::test]
async fn every_call_of_a_kept_turn_gets_its_result_under_an_id_of_its_own() {
    let patch = json!({"function": {"name": "kubernetes__kubectl_patch<|channel|>commentary", "arguments": "{\"name\": \"web\"}"}});
    let first = json!({"content": "", "tool_calls": [get(json!({})), get(json!({"id": ""})), patch]});
    let endpoint = Endpoint::new(vec![message(first), calls("kubernetes__kubectl_get", "{}"), says(RESOLVED)]).await;
    let (mut incident, client) = (web(), endpoint.client());
    for _ in 0..2 {
        let asked = ask(&client, &incident).await;
        goes_on(&mut incident, &asked);
    }
    ask(&client, &incident).await;
    let messages = endpoint.requests()[2]["messages"].as_array().unwrap().clone();
    let of = |message: &Value| message["tool_calls"].as_array().cloned().unwrap_or_default();
    let made: Vec<String> = messages.iter().flat_map(of).map(|call| call["id"].as_str().unwrap().to_string()).collect();
    let got: Vec<String> =
        messages.iter().filter_map(|message| message["tool_call_id"].as_str().map(Into::into)).collect();
    assert_eq!((made.len(), &made), (4, &got));
    assert!(messages[2]["tool_calls"][2]["function"]["name"] == "kubernetes__kubectl_patch", "{}", messages[2]);
    assert!(messages[5]["content"].as_str().unwrap().starts_with("It was not called"), "{}", messages[5]);
}

#[tokio::test]
async fn a_change_that_was_called_is_answered_as_a_proposal() {
    let endpoint = Endpoint::new(vec![calls("kubernetes__kubectl_patch", "{\"name\": \"web\"}"), says(RESOLVED)]).await;
    let mut incident = web();
    let asked = ask(&endpoint.client(), &incident).await;
    goes_on(&mut incident, &asked);
    ask(&endpoint.client(), &incident).await;
    let messages = endpoint.requests()[1]["messages"].as_array().unwrap().clone();
    assert_eq!(messages.len(), 4);
    assert!(messages[3]["content"].as_str().unwrap().contains("as a proposal"), "{}", messages[3]);
}

#[tokio::test]
async fn what_a_refusal_teaches_holds_for_this_request_and_the_next_ones() {
    let shown = |request: &Value| {
        let role = request["messages"][0]["role"].as_str().unwrap().to_string();
        (request.get("tools").is_some(), role, request["stream"].clone(), request.get("temperature").is_some())
    };
    let sse = json!(format!(
        "data: {}\n\ndata: {}\n\ndata: [DONE]\n\n",
        json!({"choices": [{"delta": {"content": "```yaml\ndecision: "}}]}),
        json!({"choices": [{"delta": {"content": "resolved\nreason: gone\n```"}, "finish_reason": "stop"}]}),
    ));
    let endpoint = Endpoint::new(vec![
        fails(400, "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set"),
        fails(400, "System role not supported"),
        fails(400, "Streaming is not enabled for this deployment"),
        fails(400, "This model only support stream mode, please enable the stream parameter to access the model."),
        fails(400, "Unsupported value: 'temperature' does not support 0 with this model."),
        (200, sse.clone()),
        (200, sse),
    ])
    .await;
    let client = endpoint.client();
    let asked = ask(&client, &web()).await;
    assert_eq!(asked.usage.calls, 1, "refusals that teach cost nothing");
    ask(&client, &web()).await;
    let requests = endpoint.requests();
    assert_eq!(shown(&requests[0]), (true, "system".into(), json!(true), true));
    assert_eq!(requests[3]["stream"], false);
    for request in &requests[5..7] {
        assert_eq!(shown(request), (false, "user".into(), json!(true), false));
        assert!(request["messages"][0]["content"].as_str().unwrap().contains("- kubernetes.kubectl_get:"));
    }
    let problems = client.problems();
    assert!(
        problems.len() == 1 && problems[0].contains("takes no tools") && problems[0].contains("--tool-call-parser"),
        "{problems:?}"
    );
}

#[tokio::test]
async fn a_500_of_a_server_without_templates_is_no_overload() {
    let endpoint = Endpoint::new(vec![fails(500, "tools param requires --jinja flag"), says(RESOLVED)]).await;
    ask(&endpoint.client(), &web()).await;
    let requests = endpoint.requests();
    assert!(requests.len() == 2 && requests[1].get("tools").is_none());
}

#[tokio::test]
async fn what_brought_no_answer_was_not_understood_rightly() {
    let endpoint = Endpoint::new(vec![
        fails(400, "this model does not support tools"),
        fails(400, "content policy"),
        says(RESOLVED),
    ])
    .await;
    let client = endpoint.client();
    assert!(client.ask(&web(), &kubernetes(), &[]).await.unwrap_err().0.contains("content policy"));
    ask(&client, &web()).await;
    assert!(endpoint.requests()[2].get("tools").is_some(), "the next one is asked with tools");
}

#[tokio::test]
async fn a_turn_that_is_refused_is_told_in_words_once_and_teaches_nothing() {
    let endpoint = Endpoint::new(vec![
        calls("kubernetes__kubectl_get", "{}"),
        fails(400, "the tool call in message 2 was answered too late: tools are not supported"),
        says(RESOLVED),
        says(RESOLVED),
    ])
    .await;
    let (mut incident, client) = (web(), endpoint.client());
    let asked = ask(&client, &incident).await;
    goes_on(&mut incident, &asked);
    ask(&client, &incident).await;
    ask(&client, &web()).await;
    let requests = endpoint.requests();
    assert!(requests[1]["messages"][2].get("tool_calls").is_some());
    assert!(requests[2]["messages"][2].get("tool_calls").is_none() && requests[2].get("tools").is_some());
    assert!(requests[3].get("tools").is_some() && client.problems().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_takes_no_thoughts_gets_none() {
    let came = json!({"role": "assistant", "content": "", "reasoning": "hm", "tool_calls": [get(json!({"id": "a"}))]});
    let refused = fails(
        400,
        "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'reasoning' is unsupported)]",
    );
    let endpoint = Endpoint::new(vec![message(came), refused, says(RESOLVED)]).await;
    let (mut incident, client) = (web(), endpoint.client());
    let asked = ask(&client, &incident).await;
    goes_on(&mut incident, &asked);
    ask(&client, &incident).await;
    let last = &endpoint.requests()[2]["messages"][2];
    assert!(last.get("reasoning").is_none() && last.get("tool_calls").is_some(), "{last}");
}

#[tokio::test]
async fn a_context_that_is_too_short_is_shown_less_and_remembered() {
    let mut large = web();
    for n in 0..120 {
        let call = call("kubernetes.kubectl_get", json!({"n": n}));
        happen(&mut large, looked(Purpose::Evidence, call, &format!("{n} {}", "words and words ".repeat(400))));
    }
    let refused = "This model's maximum context length is 8192 tokens. However, you requested 15000 tokens.";
    let endpoint = Endpoint::new(vec![fails(400, refused), says(RESOLVED), says(RESOLVED)]).await;
    let client = endpoint.client();
    ask(&client, &large).await;
    ask(&client, &large).await;
    let sizes: Vec<usize> = endpoint.requests().iter().map(|request| request.to_string().len()).collect();
    assert!(sizes[0] > 30_000 && sizes[1] / 4 + 2048 < 8192 && sizes[2] == sizes[1], "{sizes:?}");
    assert!(client.problems()[0].contains("takes 8192 tokens in all"), "{:?}", client.problems());
    let wants = ProfileOptions { context: Some(8192), ..ProfileOptions::default() };
    let endpoint = Endpoint::new(vec![says(RESOLVED)]).await;
    ask(&of(vec![EndpointOptions { wants, ..endpoint.options() }], Budget::default()), &large).await;
    assert!(endpoint.requests()[0].to_string().len() <= sizes[1], "what is configured need not be learnt");
}

#[tokio::test]
async fn what_the_configuration_says_is_not_unlearnt() {
    let wants = ProfileOptions { tools: Some(OfferForm::Native), ..ProfileOptions::default() };
    let endpoint = Endpoint::new(vec![fails(400, "this model does not support tools"), says(RESOLVED)]).await;
    let client = of(
        vec![EndpointOptions { wants, key_header: Some("api-key".into()), ..endpoint.options() }],
        Budget::default(),
    );
    let why = client.ask(&web(), &kubernetes(), &[]).await.unwrap_err().0;
    assert!(why.contains("does not support tools") && endpoint.requests().len() == 1, "{why}");
    assert_eq!(endpoint.script.seen.lock().unwrap()[0].0, None, "the key stands in its own header");
}

#[tokio::test]
async fn a_check_asks_a_harmless_question_and_says_what_it_learnt() {
    let called = message(
        json!({"content": null, "tool_calls": [{"id": "t", "type": "function", "function": {"name": "clock_now", "arguments": "{\"zone\": \"UTC\"}"}}]}),
    );
    let endpoint = Endpoint::new(vec![
        fails(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
        called,
        says("It is noon."),
    ])
    .await;
    let checked = endpoint.client().check().await.remove(0);
    assert_eq!((checked.problem, checked.said.as_str(), checked.usage.calls), (None, "It is noon.", 2));
    assert!(checked.learnt[0].contains("wants max_completion_tokens"), "{:?}", checked.learnt);
    assert!(checked.tools.contains("called"), "{}", checked.tools);
    let endpoint = Endpoint::new(vec![fails(401, "wrong key sk-the-key-of-this-test")]).await;
    let problem = endpoint.client().check().await.remove(0).problem.unwrap();
    assert!(problem.contains("does not take the configured key") && !problem.contains("sk-the-key"), "{problem}");
}
