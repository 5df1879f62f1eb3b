//! What a plugin may do depends on what it is called for: outside of an action that the gate permitted
//! nothing leaves that can change something, whatever the plugin calls it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};
use tidegate::domain::catalogue::UNDONE;
use tidegate::domain::{Call, Incident, Risk};
use tidegate::plugin::Plugins;
use tidegate::ports::{Planners as _, ToolError, ToolSlot, Tools as _};
use tidegate_tests::guests::{LoadOptions, build};
use tidegate_tests::permits::{Permitted, look, permit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

struct Attempt {
    order: String,
    looks: bool,
    acts: bool,
    why: String,
}

fn attempts() -> Vec<Attempt> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/attempts/phases.jsonl")).unwrap();
    let attempt = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let leaves = |phase: &str| value[phase].as_bool().unwrap_or_else(|| panic!("{line}: {phase}"));
        Attempt {
            order: value["order"].as_str().unwrap().to_string(),
            looks: leaves("looks"),
            acts: leaves("acts"),
            why: value["why"].as_str().unwrap_or_default().to_string(),
        }
    };
    text.lines().map(attempt).collect()
}

async fn folder() -> &'static Path {
    static FOLDER: OnceCell<std::path::PathBuf> = OnceCell::const_new();
    let build = || async {
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        tokio::task::spawn_blocking(move || build(scratch).unwrap()).await.unwrap()
    };
    FOLDER.get_or_init(build).await
}

/// A server that remembers the first lines of what arrives.
struct Server {
    origin: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    let mut buffer = vec![0; 16 << 10];
                    let n = stream.read(&mut buffer).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
                    kept.lock().unwrap().push(request.lines().next().unwrap_or_default().to_string());
                    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    let _gone = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { origin, seen }
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// The guest with three servers: all methods granted, POST that reads, nothing granted.
struct World {
    servers: [Server; 3],
    plugins: Arc<Plugins>,
}

const METHODS: &str = r#"["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "QUERY"]"#;

impl World {
    async fn new(more: &str) -> Self {
        Self::with(more, |_| String::new()).await
    }

    /// `orders` are for `capabilities`, which runs while the plugin loads.
    async fn with(more: &str, orders: impl FnOnce(&[Server; 3]) -> String) -> Self {
        let servers = [Server::start().await, Server::start().await, Server::start().await];
        let (all, marked) = (&servers[0].origin, &servers[1].origin);
        let orders = orders(&servers);
        let plugins = format!(
            "[oversteps]\nsettings = {{ orders = \"\"\"{orders}\"\"\" }}\nsecrets = {{ key = {{ env = \"KEY\" }} }}\n\
             limits = {{ requests = 100, wall_ms = 300000, cpu_ms = 60000 }}\n{more}\n\
             grant = [{{ origin = \"{all}\", methods = {METHODS}, secrets = [\"key\"], private = true }},\n\
             {{ origin = \"{marked}\", methods = [\"POST\"], reads = true, private = true }}]\n"
        );
        let environment = [("KEY".to_string(), "s3cret".to_string())].into();
        let options = LoadOptions { plugins, environment, ..LoadOptions::default() };
        let (plugins, problems) = options.load(folder().await).await.unwrap();
        let own: Vec<_> = problems.iter().filter(|problem| problem.subject.contains("oversteps")).collect();
        assert!(own.is_empty(), "{own:?}");
        Self { servers, plugins }
    }

    fn order(&self, order: &str) -> String {
        written(&self.servers, order)
    }

    fn arrived(&self) -> Vec<String> {
        self.servers.iter().flat_map(Server::taken).collect()
    }

    async fn plan(&self, orders: &str) -> String {
        let looks = Permitted::new(self.plugins.clone());
        let planned = self.plugins.plan("oversteps", &incident(orders), Timestamp::UNIX_EPOCH, looks).await;
        planned.unwrap().proposals[0].reason.clone()
    }

    async fn perform(&self, tool: &str, orders: &str) -> Result<String, ToolError> {
        let call = call(tool, orders);
        let permit = permit(&call, &self.plugins.catalogue()).unwrap();
        self.plugins.perform(&permit, &call, ToolSlot::default()).await.map(|answer| answer.text)
    }
}

fn written(servers: &[Server; 3], order: &str) -> String {
    let marks = ["$A", "$M", "$N"].iter().zip(servers);
    marks.fold(order.to_string(), |order, (mark, server)| order.replace(mark, &server.origin))
}

fn call(tool: &str, orders: &str) -> Call {
    let mut arguments = json!({ "orders": orders });
    if tool.ends_with(".undo") {
        arguments[UNDONE] = json!("i1-a1-1");
    }
    let Value::Object(arguments) = arguments else { panic!("an object") };
    Call { tool: format!("oversteps.{tool}"), arguments }
}

fn incident(orders: &str) -> Incident {
    let now = "2026-11-01T00:00:00Z";
    serde_json::from_value(json!({
        "id": "i1", "group_key": "g", "source": "test", "opened_at": now, "updated_at": now,
        "alerts": [{ "source": "test", "name": "a", "status": "firing", "severity": "warning",
                     "labels": { "orders": orders }, "annotations": {}, "fingerprint": "f" }],
        "decision": null, "plan": null, "collected": false, "looks": [],
        "model": {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "took_ms": 0, "turns": [], "failed": null},
        "actions": [], "conclusion": null, "report": null, "deliveries": [], "closed": null,
        "version": 0,
    }))
    .unwrap()
}

/// Each attempt in `plan`, `probe`, a look with an action that reads and a performance of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_looks_changes_nothing() {
    let world = World::new("").await;
    let attempts = attempts();
    assert!(attempts.len() >= 50 && attempts.iter().filter(|attempt| !attempt.looks).count() >= 40);
    for Attempt { order, looks, why, .. } in &attempts {
        let orders = world.order(order);
        let status = call("status", &orders);
        let told = [
            ("plan", world.plan(&orders).await),
            ("a look", look(&*world.plugins, &status).await.unwrap().text),
            ("an action that reads, with a permit", world.perform("status", &orders).await.unwrap()),
        ];
        let probed = world.plugins.probe(&call("act", &orders), "i1-a1-1").await;
        assert_eq!(probed, Some(*looks), "probe, {order}");
        for (phase, told) in &told {
            assert_eq!(told.starts_with("sent: 200"), *looks, "{phase}, {order}: {told}");
            assert!(*looks || told.contains(why.as_str()), "{phase}, {order}: {told}");
            assert!(!told.contains("s3cret"), "{told}");
        }
        let arrived = world.arrived();
        assert_eq!(arrived.len(), if *looks { 4 } else { 0 }, "{order}: {arrived:?}");
    }
}

/// `capabilities` runs while a plugin is loaded, before anybody decided anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_at_load_changes_nothing() {
    let attempts: Vec<Attempt> = attempts();
    let orders = |servers: &[Server; 3]| {
        let each = attempts.iter().map(|attempt| written(servers, &attempt.order)).collect::<Vec<_>>();
        each.join("§").replace('\\', "\\\\")
    };
    let world = World::with("", orders).await;
    let arrived = world.arrived();
    assert_eq!(arrived.len(), attempts.iter().filter(|attempt| attempt.looks).count(), "{arrived:?}");
    assert!(arrived.iter().all(|line| ["GET /x", "HEAD /x", "POST /query "].iter().any(|ok| line.starts_with(ok))));
    assert!(world.plugins.catalogue().get("oversteps.status").is_some(), "the plugin is loaded all the same");
}

/// What was permitted gets all that is granted, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_permitted_has_the_whole_grant() {
    let world = World::new("").await;
    for Attempt { order, acts, .. } in attempts() {
        let orders = world.order(&order);
        for tool in ["act", "act.undo"] {
            let told = world.perform(tool, &orders).await.unwrap();
            assert_eq!(told.starts_with("sent: 200"), acts, "{tool}, {order}: {told}");
            assert_eq!(world.arrived().len(), usize::from(acts), "{tool}, {order}");
        }
    }
    // A permit is for one call.
    let (one, other) = (call("act", "get¦a"), call("act", &world.order("send¦POST¦$A/x")));
    let permit = permit(&one, &world.plugins.catalogue()).unwrap();
    let refused = world.plugins.perform(&permit, &other, ToolSlot::default()).await.unwrap_err();
    assert!(
        matches!(&refused, ToolError::Refused(text) if text.contains("not the one that was permitted")),
        "{refused}"
    );
    assert!(world.arrived().is_empty());
}

/// Notes of a plugin that only looks never become what an action acts on.
#[tokio::test]
async fn an_action_does_not_see_what_was_noted_without_a_permit() {
    let world = World::new("").await;
    assert_eq!(world.plan("set¦target¦pods of the shop§get¦target§sign¦x").await.matches("Ok(").count(), 3);
    let status = |orders: &str| call("status", orders);
    let text = async |orders: &str| look(&*world.plugins, &status(orders)).await.unwrap().text;
    assert_eq!(text("get¦target").await, "Ok(Some(\"pods of the shop\"))", "its own memory");
    for tool in ["act", "act.undo"] {
        assert_eq!(world.perform(tool, "get¦target").await.unwrap(), "Ok(None)", "{tool}");
    }
    assert_eq!(world.perform("act", "set¦target¦1§get¦target").await.unwrap(), "Ok(())\nOk(Some(\"1\"))");
    assert_eq!(text("get¦target").await, "Ok(Some(\"1\"))");
    assert_eq!(world.perform("act.undo", "get¦target").await.unwrap(), "Ok(Some(\"1\"))");
    text("set¦target¦2").await;
    assert_eq!(world.perform("act", "get¦target").await.unwrap(), "Ok(None)", "overwritten by a note");
    let large = "x".repeat(25_000);
    let mut told = Vec::new();
    for key in ["a", "b", "c"] {
        told.push(text(&format!("set¦{key}¦{large}")).await);
    }
    assert_eq!(told, ["Ok(())", "Ok(())", "Err(StateError::QuotaExceeded)"], "notes share the quota");
}

/// The operator's word makes a look an action; a plugin's word never makes an action a look.
#[tokio::test]
async fn a_risk_is_raised_and_never_lowered() {
    let world = World::new("risks = { status = \"high\", act = \"read\" }").await;
    let catalogue = world.plugins.catalogue();
    assert_eq!((catalogue.risk("oversteps.status"), catalogue.risk("oversteps.act")), (Risk::High, Risk::Low));
    let orders = world.order("send¦POST¦$A/x");
    let refused = look(&*world.plugins, &call("status", &orders)).await.unwrap_err();
    assert!(matches!(refused, ToolError::Refused(_)), "{refused}");
    assert_eq!(world.perform("status", &orders).await.unwrap(), "sent: 200");
    assert_eq!(world.arrived(), ["POST /x HTTP/1.1"]);
}

#[tokio::test]
async fn a_risk_of_an_action_that_is_not_there_is_a_mistake() {
    let options =
        LoadOptions { plugins: "[oversteps]\nrisks = { stauts = \"high\" }".into(), ..LoadOptions::default() };
    let (plugins, problems) = options.load(folder().await).await.unwrap();
    let problem = problems.iter().find(|problem| problem.subject.contains("oversteps")).unwrap();
    assert!(problem.text.contains("there is no action `stauts`; there are status, act, act.undo"), "{problem}");
    assert!(plugins.catalogue().get("oversteps.status").is_none(), "what was meant to be raised is not offered");
}
