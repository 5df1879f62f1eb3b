//! Every way in which a host says who it is to a bus, against real servers; and what it says is in no log.

use anyhow::{Context, ensure};
use async_nats::ConnectOptions;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};
use tidegate_tests::nats::{self, Server};
use tidegate_tests::process::Process;

use crate::bus::{metric, node_down, ready_says, until};
use crate::bus_hosts::folder;

const RULES: &str = r#"
event("down", #{ on: #{ kind: "node", reason: "NodeNotReady" }, alert: #{ name: "NodeDown", severity: "critical" } });
rule("tell", #{ then: escalate("somebody looks") });
"#;

const STORE: &str = "jetstream { store_dir: \"FOLDER/store\" }\n";

/// A claim that somebody signs, as `nsc` makes them.
fn claim(by: &KeyPair, about: &KeyPair, kind: &str, mut nats: Value) -> anyhow::Result<String> {
    nats["type"] = kind.into();
    nats["version"] = 2.into();
    let encode = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let head = encode(json!({ "typ": "JWT", "alg": "ed25519-nkey" }));
    let body = encode(json!({
        "jti": "TEST", "iat": 1_780_000_000, "iss": by.public_key(), "sub": about.public_key(), "name": kind, "nats": nats,
    }));
    let text = format!("{head}.{body}");
    let signature = by.sign(text.as_bytes()).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

fn seed(of: &KeyPair) -> anyhow::Result<String> {
    of.seed().map_err(|error| anyhow::anyhow!("{error}"))
}

/// The configuration of a server that trusts an operator, and the credentials of a user of it.
fn operated() -> anyhow::Result<(String, String)> {
    let (operator, account, user) = (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_user());
    // A server with streams wants an account of its own.
    let system = KeyPair::new_account();
    let limits = |streams: i64| {
        json!({ "limits": {
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
            "leaf": -1, "mem_storage": streams, "disk_storage": streams, "streams": streams, "consumer": streams,
        } })
    };
    let of_operator = claim(&operator, &operator, "operator", json!({}))?;
    let of_account = claim(&operator, &account, "account", limits(-1))?;
    let of_system = claim(&operator, &system, "account", limits(0))?;
    let of_user =
        claim(&account, &user, "user", json!({ "subs": -1, "data": -1, "payload": -1, "pub": {}, "sub": {} }))?;
    let config = format!(
        "operator: {of_operator}\nsystem_account: {1}\nresolver: MEMORY\n\
         resolver_preload: {{ {0}: {of_account}, {1}: {of_system} }}\n{STORE}",
        account.public_key(),
        system.public_key(),
    );
    let credentials = format!(
        "-----BEGIN NATS USER JWT-----\n{of_user}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        seed(&user)?
    );
    Ok((config, credentials))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_login_reads_and_tells_and_is_in_no_log() -> anyhow::Result<()> {
    let (password, token) = ("s3cret-of-the-user", "s3cret-of-the-token");
    let key = KeyPair::new_user();
    let (operated, credentials) = operated()?;
    let nkey = seed(&key)?;
    // Name, configuration of the server, what the host says, how the test says the same.
    let ways = [
        (
            "user",
            format!("authorization {{ user: app, password: \"{password}\" }}\n{STORE}"),
            "user = \"app\"\npassword = { env = \"BUS_PASSWORD\" }",
            ConnectOptions::with_user_and_password("app".into(), password.into()),
        ),
        (
            "token",
            format!("authorization {{ token: \"{token}\" }}\n{STORE}"),
            "token = { env = \"BUS_TOKEN\" }",
            ConnectOptions::with_token(token.into()),
        ),
        (
            "nkey",
            format!("authorization {{ users: [ {{ nkey: {} }} ] }}\n{STORE}", key.public_key()),
            "nkey = { env = \"BUS_NKEY\" }",
            ConnectOptions::with_nkey(nkey.clone()),
        ),
        ("creds", operated, "credentials = { file = \"bus.creds\" }", ConnectOptions::with_credentials(&credentials)?),
    ];
    let (mut servers, mut config) = (Vec::new(), String::new());
    for (name, conf, login, options) in ways {
        let server = Server::configured("2.15.1", &conf).await.with_context(|| name.to_string())?;
        let client = options.connect(server.address()).await.with_context(|| name.to_string())?;
        nats::make_stream(&client).await.with_context(|| name.to_string())?;
        config += &format!(
            "[[bus.nats]]\nname = \"{name}\"\nservers = [\"{}\"]\nstream = \"ops\"\ncluster = \"{name}\"\n{login}\n\
             publish = {{ topics = [\"alerts\"] }}\n",
            server.address()
        );
        servers.push((name, server, client));
    }
    // A door that stays shut, because the host shows what is good elsewhere.
    let shut = Server::configured("2.15.1", "authorization { token: \"another\" }\n").await?;
    config += &format!(
        "[[bus.nats]]\nname = \"shut\"\nservers = [\"{}\"]\nstream = \"ops\"\ntoken = {{ env = \"BUS_TOKEN\" }}\n",
        shut.address()
    );
    let folder = folder(&config, Some(RULES))?;
    std::fs::write(folder.path().join("bus.creds"), &credentials)?;
    let environment = [("BUS_PASSWORD", password), ("BUS_TOKEN", token), ("BUS_NKEY", nkey.as_str())];
    let environment = environment.map(|(name, value)| (name.to_string(), value.to_string()));
    let host = Process::serve(folder.path(), &environment).await?;
    for (name, _, client) in &servers {
        metric(&host, &format!("tidegate_bus_reading{{bus=\"{name}\"}}"), |value| value == 1).await?;
        nats::publish(client, &node_down(name)).await?;
    }
    until(&host, "an event of each", &[("NodeDown", servers.len())]).await?;
    for (name, ..) in &servers {
        let row = format!("tidegate_bus_messages_total{{bus=\"{name}\",what=\"told\"}}");
        metric(&host, &row, |value| value >= servers.len() as u64).await?;
    }
    let ready = host.get("/readyz").await?;
    let problems = ready["problems"].to_string();
    ensure!(ready["ready"] == true && problems.contains("the bus shut cannot be reached: "), "{ready:#}");
    ensure!(problems.to_lowercase().contains("authorization"), "{problems}");
    host.kill().await?;
    let log = std::fs::read_to_string(folder.path().join("stderr.log"))?;
    let of_user = credentials.lines().nth(1).unwrap_or_default();
    for secret in [password, token, nkey.as_str(), of_user] {
        ensure!(!log.contains(secret) && !problems.contains(secret), "{log}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_shows_is_read_anew_and_where_tls_is_missing_it_says_what_to_do() -> anyhow::Result<()> {
    let config = |token: &str| format!("authorization {{ token: \"{token}\" }}\n{STORE}");
    let mut server = Server::configured("2.15.1", &config("first-token")).await?;
    let plain = Server::start("2.15.1", &[]).await?;
    let text = format!(
        "[[bus.nats]]\nname = \"ops\"\nservers = [\"{}\"]\nsubjects = [\"a\"]\ntoken = {{ file = \"bus.token\" }}\n\
         [[bus.nats]]\nname = \"bare\"\nservers = [\"tls://{1}\"]\nsubjects = [\"a\"]\n\
         [[bus.nats]]\nname = \"early\"\nservers = [\"{1}\"]\nsubjects = [\"a\"]\ntls_first = true\n",
        server.address(),
        plain.address()
    );
    let folder = folder(&text, Some(RULES))?;
    let file = folder.path().join("bus.token");
    std::fs::write(&file, "first-token\n")?;
    let host = Process::serve(folder.path(), &[]).await?;
    metric(&host, "tidegate_bus_reading{bus=\"ops\"}", |value| value == 1).await?;
    for said in ["the server speaks no TLS: write nats://", "the server does not begin with TLS: leave out tls_first"] {
        ready_says(&host, said).await?;
    }
    server.stop().await?;
    server.reconfigure(&config("second-token"))?;
    server.restart()?;
    ready_says(&host, "is read anew each time").await?;
    std::fs::write(&file, "second-token\n")?;
    metric(&host, "tidegate_bus_connects_total{bus=\"ops\"}", |value| value == 2).await?;
    let log = host.stop().await?;
    ensure!(!log.contains("-token"), "{log}");
    Ok(())
}
