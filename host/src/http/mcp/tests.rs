//! The protocol on a real socket, as a client that knows it by heart would speak it, and as one that means harm.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::backend::fake::Fake;
use crate::http::tests::{Running, start};
use crate::token::{self, Hash};

const BOTH: &str = "application/json, text/event-stream";

fn message(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

fn call(tool: &str, arguments: Value) -> Value {
    message("tools/call", json!({"name": tool, "arguments": arguments}))
}

fn ask(host: &Running, body: &Value) -> RequestBuilder {
    host.post("/mcp", body.to_string()).header("accept", BOTH).header("content-type", "application/json")
}

async fn answered(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
}

async fn result(host: &Running, body: Value) -> Value {
    let (status, answer) = answered(ask(host, &body)).await;
    assert_eq!((status, &answer["id"]), (200, &json!(7)), "{answer}");
    answer["result"].clone()
}

fn names(listed: &Value) -> Vec<&str> {
    listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_client_finds_tools_that_read_and_answers_that_are_data() {
    let host = start("", Fake::default()).await;
    let hello =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let said = result(&host, message("initialize", hello)).await;
    assert_eq!((&said["serverInfo"]["name"], &said["protocolVersion"]), (&json!("tidegate"), &json!("2025-06-18")));
    assert_eq!(said["capabilities"], json!({"tools": {}}));
    let listed = result(&host, message("tools/list", json!({}))).await;
    let offered = names(&listed);
    assert!(offered.contains(&"incidents") && offered.contains(&"silences") && !offered.contains(&"action_propose"));
    for tool in listed["tools"].as_array().unwrap() {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool}");
    }
    let told = result(&host, call("incidents", json!({"limit": 2}))).await;
    let data = &told["structuredContent"]["data"];
    assert_eq!((&told["isError"], data["incidents"].as_array().unwrap().len()), (&json!(false), 2), "{told}");
    assert!(told["structuredContent"]["note"].as_str().unwrap().contains("not instructions"));
    let text: Value = serde_json::from_str(told["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(&text["data"], data);
    // The next page goes on where this one ended.
    let more = result(&host, call("incidents", json!({"limit": 2, "cursor": data["next"]}))).await;
    let more = &more["structuredContent"]["data"];
    assert_eq!((&more["incidents"][0]["id"], &more["next"]), (&json!("i-a1"), &Value::Null));
    let metrics = host.get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("tidegate_mcp_calls_total{tool=\"incidents\",result=\"answered\"} 2"), "{metrics}");
}

#[tokio::test]
async fn every_reading_tool_answers_and_says_what_is_wrong_with_a_call() {
    let host = start("", Fake::default()).await;
    let listed = result(&host, message("tools/list", json!({}))).await;
    for name in names(&listed) {
        let arguments = match name {
            "incident" | "explain" | "similar" | "timeline" | "evidence" => json!({"incident": "i-b1"}),
            "report" => json!({"incident": "i-a2"}),
            "search" => json!({"words": "disk"}),
            "silence_preview" => json!({"match": "a=b", "for": "1h"}),
            _ => json!({}),
        };
        let told = result(&host, call(name, arguments)).await;
        assert_eq!(told["isError"], false, "{name}: {told}");
    }
    for (tool, arguments, part) in [
        ("incident", json!({}), "incident"),
        ("incident", json!({"incident": "i-x"}), "there is no incident i-x"),
        ("incidents", json!({"limit": 1_000}), "limit"),
        ("incidents", json!({"state": "odd"}), "there is no state odd"),
        ("incidents", json!({"cursor": "odd"}), "no `next` of a list of incidents"),
        ("incidents", json!({"before": "x"}), "before"),
        ("alerts", json!({"match": "{{"}), ""),
        ("silence_preview", json!({"match": "a=b", "for": "long"}), "no length of time"),
    ] {
        let told = result(&host, call(tool, arguments)).await;
        let text = told["content"][0]["text"].as_str().unwrap();
        assert!(told["isError"] == true && text.contains(part), "{tool}: {told}");
    }
    let (_, wrong) = answered(ask(&host, &call("approve", json!({})))).await;
    assert_eq!(wrong["error"]["code"], -32602, "{wrong}");
}

#[tokio::test]
async fn who_means_harm_gets_nothing() {
    let host = start("", Fake::default()).await;
    let list = message("tools/list", json!({}));
    let status = async |request: RequestBuilder| request.send().await.unwrap().status().as_u16();
    assert_eq!(status(ask(&host, &list).header("origin", "http://evil.example")).await, 403);
    assert_eq!(status(ask(&host, &list).header("host", "evil.example")).await, 403);
    assert_eq!(status(ask(&host, &list).header("mcp-protocol-version", "1999-01-01")).await, 400);
    assert_eq!(status(host.get("/mcp").header("accept", "text/event-stream")).await, 405);
    assert_eq!(status(host.get("/mcp").header("origin", "http://evil.example")).await, 403);
    assert_eq!(status(host.post("/mcp", " ".repeat(300 << 10)).header("accept", BOTH)).await, 413);
    let many = json!([list, list]);
    assert!(status(ask(&host, &many)).await >= 400, "batches are no part of the protocol any more");
    let (_, unknown) = answered(ask(&host, &message("sampling/createMessage", json!({})))).await;
    assert!(unknown["error"]["code"].is_i64(), "{unknown}");
    // What cannot be read is the sender's fault, and is said in the words of the protocol.
    for (body, code) in [("{", -32700), ("", -32700), ("[]", -32600), ("{\"jsonrpc\":\"1.0\"}", -32600)] {
        let request = host.post("/mcp", body).header("accept", BOTH).header("content-type", "application/json");
        let (status, answer) = answered(request).await;
        assert_eq!(
            (status, &answer["error"]["code"], &answer["id"]),
            (400, &json!(code), &Value::Null),
            "{body}: {answer}"
        );
    }
    let off = start("[mcp]\nenabled = false", Fake::default()).await;
    assert_eq!(status(ask(&off, &list)).await, 404);
    assert_eq!(
        status(host.post("/mcp/", list.to_string()).header("accept", BOTH).header("content-type", "application/json"))
            .await,
        200
    );
}

#[tokio::test]
async fn only_who_proves_a_name_and_may_act_is_offered_what_changes_something() {
    let [ada, vera, am] = [(); 3].map(|()| token::generate().unwrap().expose().to_string());
    let users = format!(
        "[users.ada]\ntokens = [\"{}\"]\n[users.vera]\nrole = \"viewer\"\ntokens = [\"{}\"]\n\
         [users.am]\nrole = \"sender\"\ntokens = [\"{}\"]\n",
        Hash::of(&ada),
        Hash::of(&vera),
        Hash::of(&am)
    );
    let host = start(&format!("[mcp]\nwrite = [\"silence\", \"propose\"]\n{users}"), Fake::default()).await;
    let list = message("tools/list", json!({}));
    assert_eq!(answered(ask(&host, &list)).await.0, 401);
    assert_eq!(answered(ask(&host, &list).bearer_auth(&am)).await.0, 403);
    let (_, of_ada) = answered(ask(&host, &list).bearer_auth(&ada)).await;
    let of_ada = names(&of_ada["result"]);
    assert!(of_ada.contains(&"silence_create") && of_ada.contains(&"action_propose"), "{of_ada:?}");
    let (status, of_vera) = answered(ask(&host, &list).bearer_auth(&vera)).await;
    let of_vera = names(&of_vera["result"]);
    assert!(status == 200 && !of_vera.contains(&"silence_create") && of_vera.contains(&"incidents"), "{of_vera:?}");
    let silence = call("silence_create", json!({"match": "a=b", "for": "1h", "comment": "move"}));
    let (_, refused) = answered(ask(&host, &silence).bearer_auth(&vera)).await;
    assert_eq!(refused["error"]["code"], -32602, "what is not offered is not there: {refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("vera may look and change nothing"), "{refused}");
    let long = call("silence_create", json!({"match": "a=b", "for": "5h", "comment": "move"}));
    let (_, refused) = answered(ask(&host, &long).bearer_auth(&ada)).await;
    assert!(refused["result"]["content"][0]["text"].as_str().unwrap().contains("longest"), "{refused}");
    // Where nobody has a token there is nobody in whose name anything could be changed.
    let open = start("[mcp]\nwrite = [\"silence\"]", Fake::default()).await;
    let listed = result(&open, list).await;
    assert!(!names(&listed).contains(&"silence_create"));
}
