//! Real processes, and what operators write about them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{call, look, quick};
use crate::tools::{Definitions, Options, Phase, Servers, check};

fn env(name: &str) -> Option<String> {
    match name {
        "PATH" => Some("/usr/bin:/bin".into()),
        "HOME" => Some("/nowhere".into()),
        "TOKEN" => Some("very-secret-token".into()),
        _ => None,
    }
}

fn options(servers: Value) -> Options {
    Options {
        servers: Definitions::Inline(json!({"mcpServers": servers})),
        start_within: Duration::from_secs(5),
        ..quick()
    }
}

/// A server of a few lines of shell: it answers the handshake, one listing and one call.
const SHELL: &str = r#"
    echo "starting" >&2
    sleep 300 & echo $! > "$PIDS"; echo $$ >> "$PIDS"
    read l; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}}'
    read l; read l; echo '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"env","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}]}}'
    read l; echo "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"$(env | sort | tr '\n' ' ')\"}]}}"
    read l
"#;

fn alive(pid: &str) -> bool {
    // A zombie is as dead as can be.
    std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

async fn gone(pids: &[String]) -> bool {
    let until = Instant::now() + Duration::from_secs(5);
    while pids.iter().any(|pid| alive(pid)) && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    !pids.iter().any(|pid| alive(pid))
}

#[tokio::test]
async fn a_child_sees_only_its_own_environment_and_dies_with_its_children() {
    for how in ["shutdown", "drop"] {
        let pids = tempfile(how);
        let definition = json!({"sh": {
            "command": "sh", "args": ["-c", SHELL], "env": {"PIDS": pids.clone(), "API_TOKEN": "${TOKEN}"},
        }});
        let servers = Servers::start(&options(definition), &env, &(Arc::new(|| 0.0) as _)).unwrap();
        assert!(servers.wait_ready(Duration::from_secs(5)).await, "{:?}", servers.status());
        let text = look(&*servers, &call("sh.env", json!({}))).await.unwrap().text;
        assert!(text.contains("HOME=/nowhere") && text.contains("PIDS="), "{text}");
        assert!(!text.contains("CARGO") && !text.contains("very-secret-token"), "{text}");
        let started: Vec<String> = std::fs::read_to_string(&pids).unwrap().lines().map(Into::into).collect();
        assert_eq!(started.len(), 2);
        assert!(started.iter().all(|pid| alive(pid)));
        if how == "shutdown" {
            servers.shutdown().await;
            assert_eq!(servers.status()[0].phase, Phase::Stopped);
        }
        drop(servers);
        assert!(gone(&started).await, "{how}: the process group is still there");
        std::fs::remove_file(pids).unwrap();
    }
}

fn tempfile(name: &str) -> String {
    std::env::temp_dir().join(format!("tidegate-tools-{}-{name}", std::process::id())).display().to_string()
}

#[tokio::test]
async fn the_last_words_of_a_server_that_does_not_start_are_shown_without_secrets() {
    let definition = json!({
        "bad": {"command": "sh", "args": ["-c", "echo cannot use $KEY >&2; exit 3"], "env": {"KEY": "${TOKEN}"}},
        "none": {"command": "/no/such/program"},
        "http": {"url": "http://127.0.0.1:9/mcp", "headers": {"Authorization": "Bearer ${TOKEN}"}},
    });
    let servers = Servers::start(&options(definition), &env, &(Arc::new(|| 0.0) as _)).unwrap();
    assert!(!servers.wait_ready(Duration::from_secs(5)).await);
    let errors: Vec<String> = servers.status().into_iter().filter_map(|status| status.error).collect();
    assert!(errors[0].contains("cannot use [redacted]") && errors[0].contains("exit status: 3"), "{errors:?}");
    assert!(
        errors[1].contains("the MCP server http is down") && errors[1].contains("Connection refused"),
        "{errors:?}"
    );
    assert!(errors[2].contains("/no/such/program cannot be started"), "{errors:?}");
}

#[test]
fn every_mistake_is_named_with_server_and_key() {
    let checked = check(
        &Options {
            allow: vec!["*".into(), "ghost.get".into(), "kubectl_logs".into()],
            risk: vec![("kubectl_get".to_string(), crate::domain::Risk::High)],
            ..options(json!({
                "ok": {"command": "x", "timeout": 5, "alwaysAllow": [], "zzz": 1},
                "off": {"disabled": true, "nonsense": 1},
                "both": {"command": "x", "url": "http://h"},
                "none": {},
                "sse": {"type": "sse", "url": "http://h/sse"},
                "types": {"command": 5, "args": "x", "env": {"A": []}},
                "unset": {"url": "http://h/${MISSING}"},
                "a.b": {"command": "x"},
            }))
        },
        &env,
    );
    assert_eq!(checked.servers, ["ok"]);
    let problems = checked.problems.join("\n");
    for want in [
        "MCP server both: has command and url",
        "MCP server none: needs command",
        "MCP server sse: type sse is the transport of old",
        "MCP server types: command must be a text",
        "MCP server unset: url refers to the environment variable MISSING",
        "MCP server a.b: a name is made of",
        "the allow pattern kubectl_logs covers no tool",
        "the risk pattern kubectl_get covers no tool",
    ] {
        assert!(problems.contains(want), "{want} is missing in\n{problems}");
    }
    let notes = checked.notes.join("\n");
    assert!(notes.contains("alwaysAllow is ignored: the gate alone") && notes.contains("key zzz"), "{notes}");
    assert!(notes.contains("the allow pattern ghost.get covers no defined MCP server"), "{notes}");
    assert!(Servers::start(&options(json!({"none": {}})), &env, &(Arc::new(|| 0.0) as _)).is_err());
}
