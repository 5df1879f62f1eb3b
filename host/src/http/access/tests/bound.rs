//! Whoever is bound to places is told of what lies there, wherever they ask: by pages, by the API, through MCP.

use serde_json::{Value, json};

use super::{People, people};

impl People {
    async fn get(&self, path: &str, name: &str) -> reqwest::Response {
        self.host.get(path).header("Authorization", format!("Bearer {}", self.token(name))).send().await.unwrap()
    }

    async fn speaks(&self, name: &str, method: &str, params: Value) -> Value {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let request = self.host.post("/mcp", message).header("Accept", "application/json, text/event-stream");
        let request = request.header("Content-Type", "application/json");
        let answer = request.header("Authorization", format!("Bearer {}", self.token(name))).send().await.unwrap();
        answer.json().await.unwrap()
    }

    async fn calls(&self, name: &str, tool: &str, arguments: Value) -> Value {
        self.speaks(name, "tools/call", json!({"name": tool, "arguments": arguments})).await
    }
}

fn namespaces(alerts: &Value) -> Vec<&str> {
    alerts.as_array().unwrap().iter().map(|alert| alert["labels"]["namespace"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn alerts_are_told_of_by_page_and_api() {
    let people = people().await;
    for (name, wanted) in [("bo", vec!["payments"]), ("vic", vec!["payments", "shop"])] {
        let listed: Value = people.get("/v1/alerts", name).await.json().await.unwrap();
        assert_eq!(
            (namespaces(&listed["alerts"]), &listed["count"]),
            (wanted.clone(), &json!(wanted.len())),
            "{listed}"
        );
        let page = people.get("/alerts", name).await.text().await.unwrap();
        assert!(page.contains("/i/i-pay") && page.contains("i-shop") == wanted.contains(&"shop"), "{page}");
        assert!(page.contains(&format!("{} of {} alerts that fire", wanted.len(), wanted.len())), "{page}");
    }
    let first: Value = people.get("/v1/alerts?limit=1", "vic").await.json().await.unwrap();
    let next = first["next"].as_str().unwrap();
    let second: Value = people.get(&format!("/v1/alerts?limit=1&cursor={next}"), "vic").await.json().await.unwrap();
    let seen = [namespaces(&first["alerts"]), namespaces(&second["alerts"])].concat();
    assert_eq!((seen, &second["next"]), (vec!["payments", "shop"], &Value::Null));
    let none: Value = people.get("/v1/alerts?match=namespace%3D%22shop%22", "bo").await.json().await.unwrap();
    assert_eq!((namespaces(&none["alerts"]), &none["count"]), (vec![], &json!(0)));
    for wrong in ["/v1/alerts?match=%7B%7B", "/v1/alerts?cursor=odd", "/v1/alerts?silenced=maybe", "/v1/alerts?odd=1"] {
        assert_eq!(people.get(wrong, "vic").await.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn programs_are_told_through_mcp() {
    let people = people().await;
    let listed = people.speaks("bo", "tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().unwrap().iter();
    let tools: Vec<&str> = tools.map(|tool| tool["name"].as_str().unwrap()).collect();
    for (tool, offered) in [
        ("incidents", true),
        ("incident", true),
        ("alerts", true),
        ("silences", true),
        ("approvals", true),
        ("silence_create", true),
        ("policies", false),
        ("tools", false),
        ("costs", false),
        ("status", false),
        ("search", false),
        ("similar", false),
        ("action_propose", false),
    ] {
        assert_eq!(tools.contains(&tool), offered, "{tool}: {tools:?}");
    }
    let data = |answer: Value| answer["result"]["structuredContent"]["data"].clone();
    let text = |answer: Value| {
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["content"][0]["text"].as_str().unwrap().to_string()
    };
    for (name, wanted) in [("bo", vec!["i-pay"]), ("vic", vec!["i-pay", "i-shop"])] {
        let seen = data(people.calls(name, "incidents", json!({})).await);
        let ids = seen["incidents"].as_array().unwrap().iter();
        let mut ids: Vec<&str> = ids.map(|one| one["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, wanted, "{name}");
        let seen = data(people.calls(name, "alerts", json!({})).await);
        assert_eq!(seen["count"], wanted.len(), "{seen}");
    }
    for tool in ["incident", "explain", "timeline", "evidence", "report"] {
        let refused = text(people.calls("bo", tool, json!({"incident": "i-shop"})).await);
        assert!(refused.contains("there is no incident i-shop"), "{tool}: {refused}");
    }
    let refused = people.calls("bo", "policies", json!({})).await["error"]["message"].clone();
    let wanted = "policies tells of the host as a whole, and bo may look only where namespace=pay*";
    assert_eq!(refused, wanted);
    for (tool, arguments) in [
        ("silence_preview", json!({"match": "namespace=shop", "for": "1h"})),
        ("silence_create", json!({"match": "namespace=shop", "for": "1h", "comment": "x"})),
        ("silence_create", json!({"match": "alertname=n", "for": "1h", "comment": "x"})),
    ] {
        let refused = text(people.calls("bo", tool, arguments).await);
        assert!(refused.contains("only where namespace=pay*"), "{tool}: {refused}");
    }
    let made =
        people.calls("bo", "silence_create", json!({"match": "namespace=pay", "for": "1h", "comment": "x"})).await;
    assert_eq!(made["result"]["isError"], false, "{made}");
    // What is not offered says why.
    let refused = people.calls("vic", "silence_create", json!({})).await["error"]["message"].to_string();
    assert!(refused.contains("vic may look and change nothing; the roles that may make, change and end"), "{refused}");
}

#[tokio::test]
async fn an_open_page_hears_of_nothing_elsewhere() {
    let people = people().await;
    let mut stream = people.get("/live", "bo").await;
    let mut next = async || {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(5), stream.chunk()).await.unwrap();
        String::from_utf8_lossy(&chunk.unwrap().unwrap()).into_owned()
    };
    assert!(next().await.contains("event: tick"));
    people.host.fake.changes.send("i-shop".into()).unwrap();
    // Longer than what happens together is told together.
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    people.host.fake.changes.send("i-pay".into()).unwrap();
    let told = next().await;
    assert!(told.contains("event: changed") && told.contains("[\"i-pay\"]"), "{told}");
}

#[tokio::test]
async fn a_button_that_would_be_refused_is_none() {
    let token = crate::token::generate().unwrap();
    let config = format!(
        "[users.wes]\nrole = \"viewer\"\ntokens = [\"{}\"]\n[[access]]\npeople = [\"wes\"]\nrole = \"responder\"\nnamespace = \"pay*\"\n",
        crate::token::Hash::of(token.expose())
    );
    let incidents = vec![super::incident("i-pay", "payments"), super::incident("i-shop", "shop")];
    let fake = crate::backend::fake::Fake { incidents, ..Default::default() };
    let host = crate::http::tests::start(&config, fake).await;
    let look = async |path: &str| {
        let answer = host.get(path).bearer_auth(token.expose()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    };
    let button =
        |page: &str| page.split("value=\"acknowledge\"").nth(1).unwrap().split('>').next().unwrap().to_string();
    assert!(!button(&look("/i/i-pay").await).contains("disabled"), "there they may");
    let elsewhere = look("/i/i-shop").await;
    assert!(button(&elsewhere).contains("disabled") && elsewhere.contains("or not here"), "{elsewhere}");
    let people = people().await;
    let pause = |page: &str| page.split("name=\"pause\"").nth(1).unwrap().split('>').next().unwrap().to_string();
    for (name, stops, goes_on) in [("vic", false, false), ("rae", true, false), ("opal", true, true)] {
        let page = people.get("/tools", name).await.text().await.unwrap();
        assert_eq!(!pause(&page).contains("disabled"), stops, "{name}");
        assert_eq!(!page.contains("id=\"who-resumes\""), goes_on, "{name}");
    }
}
