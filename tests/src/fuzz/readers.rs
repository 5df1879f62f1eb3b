//! The readers of what comes from outside. One more is one more entry in [`all`].

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};
use tidegate::author::cases::Files;
use tidegate::domain::Labels;
use tidegate::domain::alert::normalised::Normalised;
use tidegate::plugin::{Kind, Options, Plugins};
use tidegate::ports::{DecodeError, Inbound, Sources};
use tidegate::source::BuiltIn;
use tidegate::tools::reading;
use tokio::runtime::{Handle, Runtime};

use super::{List, ReadOutcome, Reader};

/// All readers; `runtime` is the one that plugins are called on, `cache` holds their code.
///
/// # Errors
/// When the recorded bodies or a bundled plugin cannot be read.
pub fn all(runtime: &Runtime, cache: &Path) -> Result<Vec<Reader>> {
    let grafana = runtime.block_on(crate::golden::alone("grafana", Options::default(), cache))?;
    Ok(vec![
        alertmanager(runtime.handle().clone())?,
        of_grafana(grafana, runtime.handle().clone())?,
        tools(),
        results(),
        completions(),
    ])
}

/// Every bundled source with the bodies of its cases. A plugin that stops itself or breaks a limit is one that does not
/// stand what it was sent.
///
/// # Errors
/// When the cases or a plugin cannot be read.
pub fn sources(runtime: &Runtime, cache: &Path) -> Result<Vec<Reader>> {
    let mut readers = Vec::new();
    for suite in crate::golden::suites()?.into_iter().filter(|suite| suite.manifest.kind == Kind::Source) {
        let name = suite.bundled.0;
        let (mut bodies, mut options) = (Vec::new(), Options::default());
        for case in &suite.cases {
            let files = Files::of_case(case, Kind::Source).map_err(anyhow::Error::msg)?;
            bodies.push(files.input);
            // Settings that are refused are of no use.
            if options.settings.is_empty() && files.expected.is_some_and(|expected| expected.get("ok").is_some()) {
                options.settings = files.settings;
            }
        }
        let plugins = runtime.block_on(crate::golden::alone(name, options, cache))?;
        let handle = runtime.handle().clone();
        let decode = move |body: &str| match handle.block_on(plugins.call_source(name, &inbound(body))) {
            Some(Ok(decoded)) => read(decoded.map_err(|error| DecodeError::Invalid(error.to_string()))),
            Some(Err(failure)) => ReadOutcome::Again(failure.to_string()),
            None => ReadOutcome::Again(format!("there is no source {name}")),
        };
        readers.push(Reader { name, bodies, list: None, read: Box::new(decode) });
    }
    Ok(readers)
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn inbound(body: &str) -> Inbound {
    let body = body.to_string();
    Inbound {
        method: "POST".into(),
        headers: Labels::new(),
        query: Vec::new(),
        body,
        received_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn read(decoded: Result<Normalised, DecodeError>) -> ReadOutcome {
    match decoded {
        Ok(decoded) => ReadOutcome::Taken {
            taken: decoded.alerts.iter().map(|alert| alert.name.clone()).collect(),
            left_out: Some(decoded.left_out.len()),
        },
        Err(DecodeError::Invalid(why) | DecodeError::UnknownSource(why)) => ReadOutcome::Refused(why),
        Err(DecodeError::Unavailable(why)) => ReadOutcome::Again(why),
    }
}

fn alert(mark: &str) -> Value {
    json!({
        "status": "firing",
        "labels": {"alertname": mark, "namespace": "shop", "severity": "critical"},
        "annotations": {"summary": "the shop is down"},
        "startsAt": "2026-11-27T01:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": mark,
    })
}

fn alerts_of(bodies: &[String]) -> Vec<Value> {
    let list = |body: &String| serde_json::from_str::<Value>(body).ok()?.get("alerts")?.as_array().cloned();
    bodies.iter().filter_map(list).flatten().collect()
}

fn alertmanager(runtime: Handle) -> Result<Reader> {
    let mut bodies = Vec::new();
    for entry in fs::read_dir(root("host/src/source/testdata/alertmanager"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            bodies.push(fs::read_to_string(path)?);
        }
    }
    bodies.push(json!([alert("FromTheApi")]).to_string());
    let items = alerts_of(&bodies);
    let around = |items: Vec<Value>| {
        json!({"version": "4", "status": "firing", "receiver": "tidegate", "groupKey": "{}:{}", "groupLabels": {},
            "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://a.example", "alerts": items})
    };
    let decode = move |body: &str| read(runtime.block_on(BuiltIn.normalised("alertmanager", inbound(body))));
    let list = List { around: Box::new(around), item: Box::new(alert), items };
    Ok(Reader { name: "alertmanager", bodies, list: Some(list), read: Box::new(decode) })
}

fn of_grafana(plugins: Arc<Plugins>, runtime: Handle) -> Result<Reader> {
    let mut bodies = Vec::new();
    for entry in fs::read_dir(root("plugins/source/grafana/testdata"))? {
        let path = entry?.path().join("body.json");
        if path.is_file() {
            bodies.push(fs::read_to_string(path)?);
        }
    }
    let items = alerts_of(&bodies);
    let around = |items: Vec<Value>| {
        json!({"version": "1", "orgId": 1, "receiver": "tidegate", "status": "firing", "state": "alerting", "title": "t",
            "groupKey": "{}:{}", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
            "externalURL": "http://grafana.example/", "alerts": items})
    };
    let decode = move |body: &str| read(runtime.block_on(plugins.decode("grafana", inbound(body))));
    let list = List { around: Box::new(around), item: Box::new(alert), items };
    Ok(Reader { name: "grafana", bodies, list: Some(list), read: Box::new(decode) })
}

fn answer(result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 3, "result": result})
}

fn tool(name: &str) -> Value {
    json!({
        "name": name,
        "title": "Looks something up",
        "description": "Gets objects of a kind.",
        "inputSchema": {
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": {"type": "string", "enum": ["pod", "node"], "description": "the kind"},
                "limit": {"type": "integer", "minimum": 1, "default": 10},
                "labels": {"type": "array", "items": {"$ref": "#/$defs/label"}},
                "where": {"anyOf": [{"type": "object", "properties": {"ns": {"type": "string"}}}, {"type": "null"}]},
            },
            "$defs": {"label": {"type": "object", "additionalProperties": {"type": "string"}}},
        },
        "annotations": {"readOnlyHint": true, "destructiveHint": false},
    })
}

/// Whether every endpoint takes a schema: an object, of an object of properties, with a list of what is required.
fn is_sound(schema: &Value) -> bool {
    let names = |required: &Value| required.as_array().is_some_and(|names| names.iter().all(Value::is_string));
    schema.get("type") == Some(&json!("object"))
        && schema.get("properties").is_some_and(Value::is_object)
        && schema.get("required").is_none_or(names)
}

fn tools() -> Reader {
    let around = |items: Vec<Value>| answer(&json!({"tools": items, "nextCursor": null}));
    let read = |body: &str| match reading::tools(body) {
        Ok(read) => {
            for (name, schema) in &read.taken {
                assert!(is_sound(schema), "the schema of {name} is {schema}");
            }
            ReadOutcome::Taken {
                taken: read.taken.into_iter().map(|(name, _)| name).collect(),
                left_out: Some(read.left_out.len()),
            }
        }
        Err(why) => ReadOutcome::Refused(why),
    };
    let items = vec![tool("get"), json!({"name": "bare"}), json!({"name": "free", "inputSchema": true})];
    let bodies = vec![around(items.clone()).to_string()];
    let list = List { around: Box::new(around), item: Box::new(tool), items };
    Reader { name: "tools/list", bodies, list: Some(list), read: Box::new(read) }
}

fn results() -> Reader {
    let around = |items: Vec<Value>| answer(&json!({"content": items}));
    let text = |mark: &str| json!({"type": "text", "text": format!("{mark} is there")});
    let read = |body: &str| match reading::answer(body, 4 << 20) {
        Ok(answer) => ReadOutcome::Taken { taken: vec![answer.text], left_out: None },
        Err(why) => ReadOutcome::Refused(why),
    };
    let items = vec![
        text("pod web-1 Pending"),
        json!({"type": "image", "data": "AAAA", "mimeType": "image/png"}),
        json!({"type": "resource", "resource": {"uri": "k8s://pod/web-1", "mimeType": "text/yaml", "text": "a: 1"}}),
        json!({"type": "resource_link", "uri": "k8s://pod/web-1", "name": "web-1"}),
        json!({"type": "text", "text": "t", "annotations": {"audience": ["user"], "priority": 1}}),
    ];
    let bodies = vec![
        around(items.clone()).to_string(),
        answer(&json!({"content": [], "structuredContent": {"a": [1]}, "isError": false})).to_string(),
        answer(&json!({"content": [text("no")], "isError": true, "_meta": {}})).to_string(),
    ];
    let list = List { around: Box::new(around), item: Box::new(text), items };
    Reader { name: "tools/call", bodies, list: Some(list), read: Box::new(read) }
}

fn completions() -> Reader {
    let read = |body: &str| match tidegate::model::read_answer(body) {
        Ok(()) => ReadOutcome::Taken { taken: Vec::new(), left_out: None },
        Err(why) => ReadOutcome::Refused(why),
    };
    let call =
        json!({"id": "call_1", "type": "function", "function": {"name": "k__get", "arguments": "{\"kind\":\"pod\"}"}});
    let body = |message: Value| {
        json!({"id": "x", "object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})
        .to_string()
    };
    let bodies = vec![
        body(json!({"role": "assistant", "content": "```yaml\ndecision: need_person\nreason: r\n```"})),
        body(json!({"role": "assistant", "content": null, "tool_calls": [call], "reasoning_content": "because"})),
        body(json!({"role": "assistant", "content": [{"type": "text", "text": "a"}]})),
        json!({"error": {"message": "maximum context length is 8192 tokens", "code": 400}}).to_string(),
    ];
    Reader { name: "chat completions", bodies, list: None, read: Box::new(read) }
}
