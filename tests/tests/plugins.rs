//! What a plugin can do and what it cannot, with guests that only say what they see.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]

#[path = "plugins/grants.rs"]
mod grants;

use std::path::Path;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use tidegate::domain::alert::excerpt::{self, Excerpt};
use tidegate::domain::catalogue::UNDONE;
use tidegate::domain::message::{Content, Stage};
use tidegate::domain::plan::Finding;
use tidegate::domain::{Alert, Call, Catalogue, Incident, Occasion, Risk, Severity, Status, Tool};
use tidegate::gate::{Permit, ReadPermit};
use tidegate::plugin::Plugins;
use tidegate::ports::{
    DecodeError, Message, Notifiers as _, NotifyError, Planners as _, Sources as _, ToolAnswer, ToolError, ToolSlot,
    Tools,
};
use tidegate_tests::guests::{LoadOptions, build, decode};
use tidegate_tests::permits::{Permitted, look};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OnceCell;

async fn folder() -> &'static Path {
    static FOLDER: OnceCell<std::path::PathBuf> = OnceCell::const_new();
    let build = || async {
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        tokio::task::spawn_blocking(move || build(scratch).unwrap()).await.unwrap()
    };
    FOLDER.get_or_init(build).await
}

/// What `cargo build --target wasm32-unknown-unknown` leaves is enough.
#[tokio::test]
async fn a_core_module_is_made_a_component() {
    let built = folder().await;
    let scratch = tempfile::tempdir().unwrap();
    let mine = scratch.path().join("plugins/echo-source");
    std::fs::create_dir_all(&mine).unwrap();
    std::fs::copy(built.join("echo-source/plugin.toml"), mine.join("plugin.toml")).unwrap();
    let module =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest-target/wasm32-unknown-unknown/release/echo_source.wasm");
    std::fs::copy(module, mine.join("echo-source.wasm")).unwrap();
    let options = || LoadOptions { cache: Some(scratch.path().join("compiled")), ..LoadOptions::default() };
    for _cold_and_warm in 0..2 {
        let (plugins, problems) = options().load(&scratch.path().join("plugins")).await.unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(&decode(&plugins, "echo-source", "hello").await.unwrap()[0].annotations["summary"], "hello");
    }
    std::fs::write(mine.join("echo-source.wasm"), b"\0asm\x01\0\0\0\xff").unwrap();
    let (_, problems) = options().load(&scratch.path().join("plugins")).await.unwrap();
    assert!(problems[0].text.contains("cannot be made a component"), "{problems:?}");
}

/// A server that answers with the request itself, in a header and in the body.
async fn mirror() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(reflect(stream, Arc::clone(&kept)));
        }
    });
    (format!("http://{address}"), seen)
}

async fn reflect(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    let mut buffer = vec![0; 64 << 10];
    let n = stream.read(&mut buffer).await.unwrap_or(0);
    let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
    let first = request.lines().next().unwrap_or_default().to_string();
    seen.lock().unwrap().push(request.clone());
    let answer = if first.contains("/moved") {
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into()
    } else if first.contains("/long") {
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\nconnection: close\r\n\r\n".into()
    } else if first.contains("/never") {
        tokio::time::sleep(Duration::from_secs(60)).await;
        String::new()
    } else {
        let (length, close) = (request.len(), "connection: close");
        format!("HTTP/1.1 200 OK\r\nx-first: {first}\r\ncontent-length: {length}\r\n{close}\r\n\r\n{request}")
    };
    let _gone = stream.write_all(answer.as_bytes()).await;
}

fn message(orders: &str) -> Message {
    Message {
        delivery: "i1-report-echo".into(),
        message: "i1-report-echo".into(),
        incident: serde_json::from_value(json!("i1")).unwrap(),
        occasion: Occasion::Report,
        stage: Stage::First,
        earlier: vec![],
        severity: "warning".into(),
        outcome: "fixed".into(),
        content: Content {
            title: "Echo".into(),
            body: orders.into(),
            alerts: Excerpt::of(&[alert()], &excerpt::ExcerptLimits::MESSAGE),
            ..Content::default()
        },
        language: "en".into(),
    }
}

fn alert() -> Alert {
    Alert {
        source: "test".into(),
        name: "Echo".into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels: Default::default(),
        annotations: Default::default(),
        starts_at: None,
        ends_at: None,
        fingerprint: "f".into(),
        link: None,
    }
}

async fn deliver(plugins: &Plugins, target: &str, orders: &str) -> Result<String, NotifyError> {
    let answer = plugins.deliver(target, &message(orders), Timestamp::UNIX_EPOCH).await;
    answer.map(Option::unwrap_or_default)
}

async fn notifier(grants: &str) -> Arc<Plugins> {
    let options = LoadOptions {
        plugins: format!(
            r#"
            [echo-notifier]
            settings = {{ note = "own" }}
            secrets = {{ token = {{ env = "TOKEN" }}, sign-secret = {{ env = "SIGN" }}, address = {{ env = "ADDRESS" }} }}
            grant = [{grants}]
            limits = {{ requests = 8 }}
            "#
        ),
        notifiers: r#"
            [oncall]
            plugin = "echo-notifier"
            settings = { note = "oncall" }
            "#
        .into(),
        environment: [("TOKEN", "t0p/secret"), ("SIGN", "demo"), ("ADDRESS", "http://127.0.0.1:1/hidden/path")]
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .into(),
        ..LoadOptions::default()
    };
    options.load(folder().await).await.unwrap().0
}

#[tokio::test]
async fn a_source_decodes_and_the_host_normalises() {
    let (plugins, _) = LoadOptions::default().load(folder().await).await.unwrap();
    let alerts = decode(&plugins, "echo-source", "it works").await.unwrap();
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].severity, Severity::Critical);
    assert_eq!(&alerts[0].annotations["summary"], "it works");
    assert_eq!(&alerts[0].annotations["settings"], "{}");
    assert_eq!(&alerts[0].labels["x-sender"], "test");
    assert_eq!(alerts[0].starts_at, Some("2026-02-15T14:59:03Z".parse().unwrap()));
    assert_eq!(alerts[0].ends_at, None);
    let refused = decode(&plugins, "echo-source", "bad").await.unwrap_err();
    assert_eq!(refused, DecodeError::Invalid("alerts[0]: expected an object".into()));
    let unknown = decode(&plugins, "nobody", "").await.unwrap_err();
    assert!(matches!(unknown, DecodeError::UnknownSource(_)));
    assert!(plugins.names().contains(&"echo-source".to_string()));
}

#[tokio::test]
async fn a_confirmation_goes_only_where_the_operator_granted() {
    let (server, seen) = mirror().await;
    let with = async |grant: &str| {
        let plugins = format!("[echo-source]\ngrant = [{grant}]");
        LoadOptions { plugins, ..LoadOptions::default() }.load(folder().await).await.unwrap().0
    };
    let granted = with(&format!(r#"{{ origin = "{server}", methods = ["GET"], private = true }}"#)).await;
    for (url, want) in [
        ("https://elsewhere.test/x?Token=t0p", "{ origin = \"https://elsewhere.test\", methods = [\"GET\"] }]"),
        ("http://169.254.169.254/latest/meta-data/", "not granted"),
        ("file:///etc/passwd", "not http or https"),
        ("{{secret:token}}", "cannot be read"),
        ("", "cannot be read"),
    ] {
        let said = granted.confirm("echo-source", url);
        assert!(
            said.starts_with("not confirmed: ") && said.contains(want) && said.contains("by hand"),
            "{url}: {said}"
        );
        assert!(!said.contains("t0p"), "{said}");
    }
    let user = server.replace("http://", "http://user:t0p@");
    assert!(granted.confirm("echo-source", &user).contains("a user's name"));
    assert!(granted.confirm("alertmanager", &server).starts_with("not confirmed"));
    // The sender chooses the path: what is granted of a metadata service is not meant for strangers.
    for metadata in ["http://169.254.169.254", "http://[::ffff:169.254.169.254]"] {
        let own = with(&format!(r#"{{ origin = "{metadata}", methods = ["GET"], private = true }}"#)).await;
        let said = own.confirm("echo-source", &format!("{metadata}/latest/meta-data/"));
        assert!(said.starts_with("not confirmed: ") && said.contains("link-local"), "{said}");
    }
    // Granted, but the address is a private one, and the grant does not say that this is meant.
    let public = with(&format!(r#"{{ origin = "{server}", methods = ["GET"] }}"#)).await;
    assert!(public.confirm("echo-source", &format!("{server}/private")).starts_with("being confirmed"));
    assert!(seen.lock().unwrap().is_empty());

    for path in ["/confirm?Token=t0p", "/moved"] {
        assert_eq!(granted.confirm("echo-source", &format!("{server}{path}")), format!("being confirmed at {server}"));
    }
    let waited = async {
        while seen.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waited).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let sent = seen.lock().unwrap().clone();
    assert_eq!(sent.len(), 2, "neither a private address nor a redirect was followed: {sent:?}");
    assert!(sent.iter().any(|request| request.starts_with("GET /confirm?Token=t0p HTTP/1.1")), "{sent:?}");
    for never in 0..10 {
        let said = granted.confirm("echo-source", &format!("{server}/never"));
        assert_eq!(said.starts_with("being confirmed"), never < 4, "{never}: {said}");
    }
    assert!(granted.takes("echo-source", "OPTIONS") && !granted.takes("echo-source", "DELETE"));
}

#[tokio::test]
async fn nothing_is_sent_that_is_not_granted() {
    let (server, seen) = mirror().await;
    let public = format!(r#"{{ origin = "{server}", methods = ["POST"], secrets = ["token"] }}"#);
    let plugins = notifier(&public).await;
    for (order, want) in [
        ("send POST https://elsewhere.test/", "is not granted to plugin echo-notifier; the host's configuration"),
        ("send DELETE https://elsewhere.test/", "was not asked for by plugin echo-notifier"),
        ("send POST https://elsewhere.test/ {{secret:token}}", "[plugins.echo-notifier] grant = [{ origin"),
        ("send POST http://169.254.169.254/latest/meta-data/", "not granted"),
        ("send POST file:///etc/passwd", "not http or https"),
        ("send POST {{secret:address}}", "sending the secret `address` is not granted"),
        ("send POST https://{{secret:token}}.elsewhere.test/", "the URL cannot be read"),
        ("send POST {{secret:sign-secret}}", "sending the secret `sign-secret` was not asked for"),
    ] {
        let answer = deliver(&plugins, "echo-notifier", order).await.unwrap();
        assert!(answer.contains(want), "{order}: {answer}");
        assert!(!answer.contains("t0p") && !answer.contains("hidden"), "{order}: {answer}");
    }
    // Granted, but the address is a loopback one and the grant does not say that this is meant.
    let answer = deliver(&plugins, "echo-notifier", &format!("send POST {server}/")).await.unwrap();
    assert!(answer.contains("127.0.0.1, which is loopback"), "{answer}");
    assert!(answer.contains("private = true"), "{answer}");
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_after_resolution() {
    let (server, seen) = mirror().await;
    let named = server.replace("127.0.0.1", "localhost");
    let plugins = notifier(&format!(r#"{{ origin = "{named}", methods = ["POST"] }}"#)).await;
    let answer = deliver(&plugins, "echo-notifier", &format!("send POST {named}/")).await.unwrap();
    assert!(answer.contains("Denied") && answer.contains("which is loopback"), "{answer}");
    assert!(seen.lock().unwrap().is_empty());
    let allowed = notifier(&format!(r#"{{ origin = "{named}", methods = ["POST"], private = true }}"#)).await;
    let answer = deliver(&allowed, "echo-notifier", &format!("send POST {named}/")).await.unwrap();
    assert!(answer.starts_with("200 "), "{answer}");
}

#[tokio::test]
async fn a_secret_leaves_the_host_but_never_reaches_the_plugin() {
    let (server, seen) = mirror().await;
    let grant = format!(r#"{{ origin = "{server}", methods = ["POST"], secrets = ["token"], private = true }}"#);
    let plugins = notifier(&grant).await;
    let order =
        format!("fill POST {server}/x?k={{{{secret:token}}}} Bearer-{{{{secret:token}}}} b={{{{secret:token}}}}");
    let answer = deliver(&plugins, "echo-notifier", &order).await.unwrap();
    let sent = seen.lock().unwrap().join("\n");
    assert!(sent.contains("/x?k=t0p/secret"), "{sent}");
    assert!(sent.contains("authorization: Bearer-t0p/secret"), "{sent}");
    assert!(sent.ends_with("b=t0p/secret"), "{sent}");
    assert!(answer.starts_with("200 ") && answer.contains("x-first"), "{answer}");
    assert!(!answer.contains("t0p"), "{answer}");
    assert_eq!(answer.matches("{{secret:token}}").count(), 4, "{answer}");
}

/// Bodies as plugins build them of what an alert says, in every content type that the host knows.
#[tokio::test]
async fn text_of_an_alert_never_becomes_a_secret() {
    let (server, seen) = mirror().await;
    let grant =
        format!(r#"{{ origin = "{server}", methods = ["POST"], secrets = ["token", "address"], private = true }}"#);
    let plugins = notifier(&grant).await;
    for text in [
        "{{secret:token}}",
        r#"{"summary":"{{secret:token}}"}"#,
        "summary={{secret:token}}&x={{secret:address}}",
        "{{{{secret:token}}}}",
        "{{secret:nobody}}",
        "{{secret:sign-secret}}",
        "{{secret:}}",
        "{{secret:token",
    ] {
        let order = format!("send POST {server}/x Bearer-{{{{secret:token}}}} {text}");
        let answer = deliver(&plugins, "echo-notifier", &order).await.unwrap();
        let sent = seen.lock().unwrap().pop().unwrap_or_else(|| panic!("{text} was not sent: {answer}"));
        assert!(sent.ends_with(&format!("\r\n\r\n{text}")), "{text}: {sent}");
        assert!(sent.contains("Bearer-t0p/secret"), "{sent}");
        let signed =
            deliver(&plugins, "echo-notifier", &format!("sign {{{{secret:sign-secret}}}} {text}")).await.unwrap();
        assert_eq!(signed, hmac("demo", text), "what is signed is what is sent");
    }
    // Where the plugin says so, the same text is a placeholder, for secrets that were granted and no others.
    for (text, want) in [
        ("{{secret:token}}", "200 "),
        ("{{secret:nobody}}", "with the secrets `nobody`, `token` was not asked for"),
        ("{{secret:sign-secret}}", "with the secrets `sign-secret`, `token` was not asked for"),
    ] {
        let order = format!("fill POST {server}/x Bearer-{{{{secret:token}}}} {text}");
        let answer = deliver(&plugins, "echo-notifier", &order).await.unwrap();
        assert!(answer.contains(want), "{text}: {answer}");
        assert_eq!(seen.lock().unwrap().drain(..).any(|sent| sent.ends_with("\r\n\r\nt0p/secret")), want == "200 ");
    }
    let sealed = "seal {{secret:sign-secret}} {{secret:sign-secret}}\nseal {{secret:sign-secret}} {{secret:token}}";
    let answer = deliver(&plugins, "echo-notifier", sealed).await.unwrap();
    let (filled, refused) = answer.split_once('\n').unwrap();
    assert_eq!(filled, hmac("demo", "demo"));
    assert!(refused.contains("signing with the secret `token` was not asked for"), "{refused}");
}

fn hmac(key: &str, message: &str) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn responses_are_capped_and_redirects_are_not_followed() {
    let (server, seen) = mirror().await;
    let grant = format!(r#"{{ origin = "{server}", methods = ["GET"], private = true }}"#);
    let plugins = notifier(&grant).await;
    let send = |path: &str| format!("send GET {server}{path}");
    let answer = deliver(&plugins, "echo-notifier", &send("/moved")).await.unwrap();
    assert!(answer.starts_with("302 "), "{answer}");
    let answer = deliver(&plugins, "echo-notifier", &send("/long")).await.unwrap();
    assert_eq!(answer, "HttpError::ResponseTooLarge(1048576)");
    let answer = deliver(&plugins, "echo-notifier", &send("/never")).await.unwrap();
    assert_eq!(answer, "HttpError::Timeout");
    let many = vec![send("/a"); 9].join("\n");
    let answer = deliver(&plugins, "echo-notifier", &many).await.unwrap();
    assert!(answer.contains("used up its 8 requests"), "{answer}");
    assert_eq!(seen.lock().unwrap().len(), 11);
}

/// The request's deadline is within the call's, so that the plugin hears of it and its words go out.
#[tokio::test]
async fn a_target_that_hangs_is_told_by_its_host_and_is_not_the_plugins_fault() {
    let (server, _) = mirror().await;
    let plugins = format!(
        "[echo-notifier]\nlimits = {{ wall_ms = 1000 }}\ngrant = [{{ origin = \"{server}\", methods = [\"GET\"], private = true }}]"
    );
    let plugins = LoadOptions { plugins, ..LoadOptions::default() }.load(folder().await).await.unwrap().0;
    let orders = format!("send GET {server}/never\nsend GET {server}/\nfail unavailable");
    let Err(NotifyError::Retry { reason, .. }) = deliver(&plugins, "echo-notifier", &orders).await else {
        panic!("the plugin says what becomes of it")
    };
    let within =
        reason.strip_prefix("busy (127.0.0.1 did not answer within ").and_then(|rest| rest.strip_suffix(" ms)"));
    let within: u64 = within.unwrap_or_else(|| panic!("{reason}")).parse().unwrap();
    assert!((1..=900).contains(&within), "{reason}");
}

#[tokio::test]
async fn signatures_settings_and_state_are_the_targets_own() {
    let plugins = notifier("").await;
    let order = "sign {{secret:sign-secret}} hello\nsign {{secret:token}} hello\nsettings";
    let answer = deliver(&plugins, "echo-notifier", order).await.unwrap();
    let lines: Vec<&str> = answer.lines().collect();
    assert_eq!(lines[0], "535f2bf903a795d2fcbfcc4c9c18571978204a17f860f92608558de9608980ef");
    assert!(lines[1].contains("signing with the secret `token` was not asked for"), "{answer}");
    assert_eq!(lines[2], r#"{"note":"own"}"#);
    assert_eq!(deliver(&plugins, "oncall", "settings").await.unwrap(), r#"{"note":"oncall"}"#);

    let order = "set a 40000\nset b 40000\nset a 10\nset b 40000\nget a\nget b\nget c";
    let answer = deliver(&plugins, "echo-notifier", order).await.unwrap();
    let lines: Vec<&str> = answer.lines().collect();
    assert_eq!(
        lines,
        ["Ok(())", "Err(StateError::QuotaExceeded)", "Ok(())", "Ok(())", "Ok(Some(10))", "Ok(Some(40000))", "Ok(None)"]
    );
    assert_eq!(deliver(&plugins, "oncall", "get a").await.unwrap(), "Ok(None)");
}

#[tokio::test]
async fn a_plugins_words_decide_whether_a_message_is_tried_again() {
    let plugins = notifier("").await;
    let fail = async |kind: &str| deliver(&plugins, "oncall", &format!("fail {kind}")).await.unwrap_err();
    let after = Some(Duration::from_millis(1_500));
    assert_eq!(fail("unavailable").await, NotifyError::Retry { reason: "busy".into(), after });
    assert_eq!(fail("invalid").await, NotifyError::Refused("no".into()));
    assert_eq!(fail("other").await, NotifyError::Refused("who knows".into()));
    let problems = || {
        let status = plugins.status().into_iter().find(|status| status.name == "echo-notifier");
        // That nothing is granted to it is told as well.
        let mut problems = status.unwrap().problems;
        problems.retain(|problem| !problem.contains("it can send nothing"));
        problems
    };
    assert_eq!(problems(), [""; 0]);
    assert_eq!(fail("misconfigured").await, NotifyError::Permanent("misconfigured: no token".into()));
    assert_eq!(problems(), ["oncall: misconfigured: no token"]);
    deliver(&plugins, "oncall", "settings").await.unwrap();
    assert!(problems().is_empty(), "a success clears the mark");
    assert!(!plugins.has("nobody"));
    assert!(matches!(deliver(&plugins, "nobody", "").await, Err(NotifyError::Permanent(_))));
}

/// Tools of a cluster that count what is asked of them.
struct Cluster {
    catalogue: Arc<Catalogue>,
    calls: Mutex<u32>,
}

impl Tools for Cluster {
    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn look<'a>(&'a self, _: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        *self.calls.lock().unwrap() += 1;
        Box::pin(async { Ok(ToolAnswer { ok: true, text: "pod web is down".into() }) })
    }

    fn perform<'a>(&'a self, _: &'a Permit, _: &'a Call, _: ToolSlot) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        unreachable!("a plugin never performs")
    }
}

fn cluster() -> Arc<Cluster> {
    let tool = |name: &str, risk| Tool {
        name: name.into(),
        description: String::new(),
        schema: json!({}),
        risk,
        repeatable: false,
        undo: None,
        own: false,
    };
    let tools = [tool("cluster.get", Risk::Read), tool("cluster.delete", Risk::High), tool("other.get", Risk::Read)];
    let tools = tools.map(|tool| (tool.name.clone(), tool)).into();
    Arc::new(Cluster { catalogue: Arc::new(Catalogue { tools, ..Catalogue::default() }), calls: Mutex::default() })
}

fn incident(labels: &[(&str, &str)]) -> Incident {
    let mut alert = alert();
    alert.labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let now = "2026-11-01T00:00:00Z";
    serde_json::from_value(json!({
        "id": "i1", "group_key": "g", "source": "test", "opened_at": now, "updated_at": now,
        "alerts": [alert], "decision": null, "plan": null, "collected": false, "looks": [],
        "model": {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "took_ms": 0, "turns": [], "failed": null},
        "actions": [], "conclusion": null, "report": null, "deliveries": [], "closed": null,
        "version": 0,
    }))
    .unwrap()
}

#[tokio::test]
async fn a_remediation_looks_proposes_and_acts() {
    let (plugins, _) = LoadOptions::default().load(folder().await).await.unwrap();
    let cluster = cluster();
    let tools: Arc<dyn Tools> = Arc::clone(&cluster) as _;
    plugins.connect(Arc::downgrade(&tools) as Weak<dyn Tools>);
    let (now, looks) = (Timestamp::UNIX_EPOCH, Permitted::new(tools));
    let plan = async |labels: &[(&str, &str)]| {
        let planned = plugins.plan("echo-remediation", &incident(labels), now, looks.clone()).await;
        (planned, looks.taken())
    };

    let (planned, looked) = plan(&[("tool", "cluster.get"), ("looks", "2")]).await;
    let planned = planned.unwrap();
    assert!(planned.findings.is_empty());
    let proposal = &planned.proposals[0];
    assert_eq!(proposal.call.tool, "echo-remediation.note");
    assert_eq!(proposal.call.arguments["text"], "seen");
    assert_eq!(proposal.verify.as_ref().unwrap().applied, ["$.text"]);
    assert_eq!(proposal.evidence[0], "knows cluster.delete,cluster.get");
    assert_eq!(proposal.evidence[1], "Ok(\"pod web is down\")");
    assert_eq!(looked.len(), 2);
    assert_eq!(looked[0].tool, "cluster.get");

    let (planned, _) = plan(&[("tool", "cluster.get"), ("finding", "the claim waits")]).await;
    let want =
        Finding { about: "note/1".into(), text: "the claim waits".into(), evidence: vec!["it was told so".into()] };
    assert_eq!(planned.unwrap().findings, [want]);

    for (tool, want) in [
        ("cluster.delete", "can change things: propose it instead"),
        ("other.get", "was not asked for by plugin echo-remediation"),
        ("cluster.none", "there is no tool"),
    ] {
        let (planned, looked) = plan(&[("tool", tool)]).await;
        let proposals = planned.unwrap().proposals;
        assert!(proposals[0].evidence[1].contains(want), "{tool}: {proposals:?}");
        assert!(looked.is_empty());
    }
    let (_, looked) = plan(&[("tool", "cluster.get"), ("looks", "50")]).await;
    assert_eq!(looked.len(), 40);
    assert_eq!(*cluster.calls.lock().unwrap(), 43);

    // In one go: an answer for each in the order of the calls, and the same limits.
    let (planned, looked) =
        plan(&[("tool", "cluster.get,other.get,cluster.delete"), ("looks", "4"), ("together", "")]).await;
    let evidence = planned.unwrap().proposals[0].evidence.clone();
    assert!(evidence[2].contains("`other.get` was not asked for"), "{evidence:?}");
    assert!(evidence[3].contains("can change things: propose it instead"), "{evidence:?}");
    assert_eq!((evidence[1].as_str(), evidence[4].as_str()), ("Ok(\"pod web is down\")", "Ok(\"pod web is down\")"));
    let order: Vec<&Value> = looked.iter().map(|call| &call.arguments["i"]).collect();
    assert_eq!(order, [&json!(0), &json!(3)]);
    let (planned, looked) = plan(&[("tool", "cluster.get"), ("looks", "5000"), ("together", "")]).await;
    assert!(planned.unwrap().proposals[0].evidence[1].starts_with("Ok("));
    assert_eq!(looked.len(), 40);
    assert_eq!(*cluster.calls.lock().unwrap(), 85);
    let (failed, looked) = plan(&[("tool", "cluster.get"), ("looks", "2"), ("arguments", "[]")]).await;
    assert_eq!(looked.len(), 2, "what a plan that failed has seen is kept");
    let error = failed.unwrap_err();
    assert!(error.contains("proposals[0].call.arguments is not a JSON object"), "{error}");
}

#[tokio::test]
async fn actions_of_a_plugin_are_tools() {
    let (plugins, _) = LoadOptions::default().load(folder().await).await.unwrap();
    let catalogue = plugins.catalogue();
    assert_eq!(catalogue.risk("echo-remediation.note"), Risk::Low);
    let Value::Object(arguments) = json!({"text": "hi"}) else { panic!() };
    let note = Call { tool: "echo-remediation.note".into(), arguments };
    let read = Call { tool: "echo-remediation.read".into(), arguments: Default::default() };

    let permit = tidegate_tests::permits::permit(&note, &catalogue).unwrap();
    let attempt = permit.attempt().to_string();
    assert_eq!(plugins.probe(&note, &attempt).await, Some(false));
    let done = plugins.perform(&permit, &note, ToolSlot::default()).await.unwrap();
    assert_eq!(done, ToolAnswer { ok: true, text: format!("noted in {attempt}") });
    assert_eq!(plugins.probe(&note, &attempt).await, Some(true));
    assert!(look(&*plugins, &read).await.unwrap().text.contains("hi"));
    assert!(matches!(look(&*plugins, &note).await, Err(ToolError::Refused(_))));
    let mut undo = Call { tool: catalogue.get(&note.tool).unwrap().undo.clone().unwrap(), ..note.clone() };
    let permit = tidegate_tests::permits::permit(&undo, &catalogue).unwrap();
    assert!(
        matches!(plugins.perform(&permit, &undo, ToolSlot::default()).await, Err(ToolError::Refused(_))),
        "of which attempt?"
    );
    undo.arguments.insert(UNDONE.into(), json!(attempt));
    let permit = tidegate_tests::permits::permit(&undo, &catalogue).unwrap();
    let undone = plugins.perform(&permit, &undo, ToolSlot::default()).await.unwrap();
    assert_eq!(undone.text, format!("took {attempt} back"));
    let missing = Call { tool: "echo-remediation.other".into(), arguments: Default::default() };
    assert!(matches!(plugins.perform(&permit, &missing, ToolSlot::default()).await, Err(ToolError::Refused(_))));
}

#[tokio::test]
async fn an_operators_mistakes_are_all_named() {
    let options = LoadOptions {
        plugins: r#"
            [echo-source]
            settings = { colour = "red" }
            [spins]
            sha256 = "00"
            [nobody]
            [echo-notifier]
            settings = { note = 1 }
            secrets = { token = { env = "NOT_SET" } }
            grant = [{ origin = "example.com" }]
            "#
        .into(),
        notifiers: r#"
            [a]
            plugin = "echo-source"
            [b]
            plugin = "nothing"
            "#
        .into(),
        ..LoadOptions::default()
    };
    let (plugins, problems) = options.load(folder().await).await.unwrap();
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for want in [
        "echo-source 0.1.0: settings.colour is not a setting of this plugin",
        "and the configuration pins 00",
        "[plugins.nobody]: there is no plugin of this name",
        "echo-notifier 0.1.0: settings.note must be string, not number",
        "echo-notifier 0.1.0: the secret `token` has no value: the environment variable NOT_SET is not set",
        "`example.com` is no origin such as https://example.com",
        "[notifiers.a]: the plugin `echo-source` is a source, not a notifier",
        "[notifiers.b]: there is no plugin `nothing`",
    ] {
        assert!(text.iter().any(|text| text.contains(want)), "{want} is not among {text:#?}");
    }
    assert!(!plugins.names().contains(&"echo-source".to_string()));
    assert!(!plugins.has("echo-notifier"));
}

#[tokio::test]
async fn a_second_start_compiles_nothing() {
    let cache = tempfile::tempdir().unwrap();
    let load = async || {
        let options = LoadOptions { cache: Some(cache.path().join("compiled")), ..LoadOptions::default() };
        let started = std::time::Instant::now();
        let (plugins, _) = options.load(folder().await).await.unwrap();
        decode(&plugins, "echo-source", "x").await.unwrap();
        started.elapsed()
    };
    folder().await;
    let (first, second) = (load().await, load().await);
    eprintln!("13 plugins: compiled in {first:?}, from the cache in {second:?}");
    assert!(second < first, "{first:?} then {second:?}");
}
