//! Somebody asks: looks, answers, a proposal that others decide on, a crash in the middle, a caller who hangs up.

use std::time::Duration;

use serde_json::{Value, json};
use tidegate_fakes::Scripted;
use tidegate_tests::process::{PATIENCE, Process, run};
use tidegate_tests::rig::Rig;

use super::with_model;

/// Looks into one namespace are refused; patches are asked about as in the other stories.
fn policy() -> String {
    let gate = r#"
gate("not-there", #{
    on: #{ risk: "read", namespace: "kube-system" }, deny: "nobody looks there",
});
"#;
    format!("{}{gate}", with_model::POLICY)
}

/// The events of an answer: name, id and data.
fn events(body: &str) -> Vec<(String, String, Value)> {
    let one = |event: &str| {
        let field = |name: &str| {
            let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_default().trim().to_string()
        };
        let data = field("data");
        (!data.is_empty()).then(|| (field("event"), field("id"), serde_json::from_str(&data).unwrap()))
    };
    body.split("\n\n").filter_map(one).collect()
}

fn named<'a>(events: &'a [(String, String, Value)], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|(known, ..)| known == name).map(|(.., data)| data).collect()
}

/// Asks, and returns the events of the answer.
async fn ask(host: &Process, body: Value) -> anyhow::Result<Vec<(String, String, Value)>> {
    let mut body = body;
    body["person"] = "ada".into();
    let (status, text) = host.post_json("/v1/chat", &body).await?;
    anyhow::ensure!(status == 200, "{status}: {text}");
    let events = events(&text);
    anyhow::ensure!(events.last().is_some_and(|(name, ..)| name == "answer"), "no end: {text}");
    Ok(events)
}

fn pods(namespace: &str) -> Value {
    json!({"resourceType": "pods", "namespace": namespace})
}

fn patch() -> Value {
    json!({
        "resourceType": "deployment", "name": "nginx-deployment", "namespace": "default", "patchType": "strategic",
        "patchData": {"spec": {"template": {"spec": {"containers": [{"name": "nginx", "image": "nginx:1.25"}]}}}},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_from_looks_and_a_change_is_for_others_to_decide() -> anyhow::Result<()> {
    let printed = format!(
        "I look.\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>kubernetes__kubectl_get\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        pods("default")
    );
    let script = vec![
        Scripted::tool_calls(vec![("kubectl_get", pods("default")), ("kubectl_get", pods("kube-system"))]),
        Scripted::text(
            "Three pods cannot pull their image. The login password=hunter22hunter22 stands in a log. Fix the tag.",
        ),
        Scripted::text(printed),
        Scripted::text("They still cannot."),
        Scripted::tool_call("kubectl_patch", patch()),
        Scripted::text("I approve it: tidegate approve. Done."),
    ];
    let rig = Rig::new(&policy(), Some(script)).await?;
    let host = rig.serve().await?;

    let first = ask(&host, json!({"text": "what is wrong with nginx?"})).await?;
    let id = named(&first, "conversation")[0]["id"].as_str().unwrap().to_string();
    let looked = named(&first, "looked");
    assert_eq!((named(&first, "look").len(), looked.len()), (2, 2), "{first:?}");
    assert_eq!((&looked[0]["ok"], &looked[1]["refused"]), (&json!(true), &json!("not-there")), "{looked:?}");
    let answer = named(&first, "answer")[0]["answer"].clone();
    assert_eq!(answer["kind"], "replied");
    let whole = answer["text"].as_str().unwrap();
    let words: String = named(&first, "words").iter().filter_map(|words| words["text"].as_str()).collect();
    assert!(whole.starts_with(&words) && words.contains("Three pods"), "{words} begins {whole}");
    assert!(!format!("{first:?}").contains("hunter22"), "{first:?}");
    assert!(first.iter().all(|(name, id, _)| id.is_empty() == (name == "words" || name == "look")), "{first:?}");

    let second = ask(&host, json!({"text": "and now?", "conversation": id})).await?;
    assert_eq!(named(&second, "looked").len(), 1, "a call that is printed is one: {second:?}");
    assert_eq!(named(&second, "answer")[0]["answer"]["text"], "They still cannot.");

    let third = ask(&host, json!({"text": "then fix the tag", "conversation": id})).await?;
    let end = named(&third, "answer")[0];
    assert_eq!((&end["answer"]["kind"], &end["rulings"][0]["state"]), (&json!("proposed"), &json!("asked")), "{end:#}");
    let incident = end["answer"]["incident"].as_str().unwrap().to_string();
    // Whoever chats, and whatever the model says, approves nothing.
    ask(&host, json!({"text": "I approve it", "conversation": id})).await?;
    let (status, why) =
        host.post_json("/v1/chat", &json!({"text": "and I?", "person": "eve", "conversation": id})).await?;
    assert!(status == 409 && why.contains("ada's"), "what is proposed is proposed for who asks: {status} {why}");
    let standing = host.get(&format!("/v1/incidents/{incident}")).await?;
    assert_eq!((standing["state"].as_str(), rig.patches()), (Some("awaiting_approval"), 0), "{standing:#}");
    // Whoever only types a name may be the one who asked.
    let asked = standing["actions"][0]["id"].as_str().unwrap();
    let approve = ["--listen", host.url.trim_start_matches("http://"), "approve", &incident, asked, "--as", "bob"];
    let (code, output, problems) = run(rig.folder(), &rig.environment, &approve).await?;
    assert!(code != 0 && problems.contains("prove their name"), "{output}{problems}");
    assert_eq!((standing["source"].as_str(), rig.patches()), (Some("chat"), 0));

    let shown = host.get(&format!("/v1/chat/{id}")).await?;
    assert_eq!((shown["questions"].as_array().unwrap().len(), &shown["state"]), (4, &json!("open")), "{shown:#}");
    let listed = host.get("/v1/chat").await?;
    assert_eq!(listed["conversations"][0]["id"], id.as_str());
    let arguments = ["--listen", host.url.trim_start_matches("http://"), "chat", "--show", &id];
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    assert!(code == 0 && output.contains("refused by gate not-there"), "{output}{problems}");
    let (code, costs, problems) = run(rig.folder(), &rig.environment, &["costs"]).await?;
    assert!(code == 0 && costs.contains("(chat)"), "{costs}{problems}");
    let model = rig.model.as_ref().unwrap();
    assert!(model.refused().is_empty(), "{:?}", model.refused());
    assert_eq!((model.beyond_script(), model.left()), (0, 0));
    rig.reproduces().await?;
    host.kill().await?;
    let (code, output, problems) = run(rig.folder(), &rig.environment, &["journal", "verify"]).await?;
    anyhow::ensure!(code == 0, "{output}{problems}");
    Ok(())
}

/// Waits until a conversation stands so.
async fn until(host: &Process, id: &str, state: &str) -> anyhow::Result<Value> {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let shown = host.get(&format!("/v1/chat/{id}")).await?;
        if shown["state"] == state {
            return Ok(shown);
        }
        anyhow::ensure!(std::time::Instant::now() < deadline, "not {state}: {shown:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn hang_up(url: &str, body: &Value) -> anyhow::Result<()> {
    let client = tidegate::network::builder().build()?;
    drop(client.post(url).json(body).send().await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_broken_off_says_so_and_the_conversation_goes_on() -> anyhow::Result<()> {
    let look = || Scripted::tool_call("kubectl_get", pods("default"));
    let script = vec![
        look(),
        Scripted::text("Lost in the crash."),
        Scripted::text("Here I am again."),
        look().after(Duration::from_millis(500)),
        Scripted::tool_call("kubectl_patch", patch()).after(Duration::from_millis(500)),
        Scripted::text("And again."),
    ];
    let rig = Rig::new(&policy(), Some(script)).await?;
    let host = rig.serve_until("before:replied").await?;
    // The stream ends with the host.
    let _ = host.post_json("/v1/chat", &json!({"text": "what is wrong?", "person": "ada"})).await;
    host.died().await?;
    let host = rig.serve().await?;
    let shown = host.get("/v1/chat/latest?person=ada").await?;
    assert_eq!((&shown["state"], shown["questions"][0]["looks"].as_array().unwrap().len()), (&json!("interrupted"), 1));
    let id = shown["id"].as_str().unwrap().to_string();
    let arguments =
        ["--listen", host.url.trim_start_matches("http://"), "chat", "--continue", "are you there?", "--as", "ada"];
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    assert!(code == 0 && output.contains("Here I am again.") && problems.contains(&id), "{output}{problems}");

    // The newest conversation is the newest of whoever asks.
    let arguments = ["--listen", host.url.trim_start_matches("http://"), "chat", "--continue", "and I?", "--as", "eve"];
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    assert!(code != 0 && problems.contains("eve (unproven) has begun no conversation"), "{output}{problems}");

    // Whoever hangs up breaks the answer off; what the model was asked by then is counted.
    let url = format!("{}/v1/chat", host.url);
    let body = json!({"text": "and the pods?", "person": "ada", "conversation": id});
    hang_up(&url, &body).await?;
    let shown = until(&host, &id, "interrupted").await?;
    let last = shown["questions"].as_array().unwrap().last().unwrap();
    assert_eq!(last["answer"]["reason"], "whoever asked has gone", "{shown:#}");
    // And where it is a change that the model wants, nothing is proposed.
    hang_up(&url, &json!({"text": "fix the tag", "person": "ada", "conversation": id})).await?;
    let shown = until(&host, &id, "open").await?;
    let last = shown["questions"].as_array().unwrap().last().unwrap();
    assert!(last["answer"]["reason"].as_str().is_some_and(|why| why.contains("not proposed")), "{shown:#}");
    assert_eq!(host.get("/v1/incidents").await?["incidents"], json!([]));
    let again = ask(&host, json!({"text": "go on", "conversation": id})).await?;
    assert_eq!(named(&again, "answer")[0]["answer"]["text"], "And again.");
    let model = rig.model.as_ref().unwrap();
    assert_eq!((model.beyond_script(), model.left()), (0, 0));
    host.kill().await
}
