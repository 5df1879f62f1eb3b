//! People come and go while the host runs: an account with a password signs in and its yes counts, a token with an end does what it
//! says, who is disabled is out, and all of it is written down, also over a kill.

use std::process::Stdio;

use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::Value;
use tidegate_tests::process::{Process, command, run};
use tidegate_tests::rig::{POD_NOT_READY, Rig};
use tokio::io::AsyncWriteExt;

use crate::links::rig;

const PASSWORD: &str = "correct horse battery";

/// Runs a command that reads a password from standard input.
async fn typed(rig: &Rig, arguments: &[&str], input: &str) -> anyhow::Result<(i32, String)> {
    let mut child = command(rig.folder(), &rig.environment)?
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(format!("{input}\n").as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned()))
}

/// A browser that keeps its session and follows nothing by itself.
struct Browser {
    http: Client,
    host: String,
    cookie: String,
}

impl Browser {
    fn new(host: &Process) -> anyhow::Result<Self> {
        let http = tidegate::network::builder().redirect(Policy::none()).build()?;
        Ok(Self { http, host: host.url.clone(), cookie: String::new() })
    }

    async fn sign_in(&mut self, name: &str, password: &str) -> anyhow::Result<u16> {
        let answer =
            self.send("/sign-in", &format!("to=/&name={name}&password={}", password.replace(' ', "+"))).await?;
        if let Some(cookie) = answer.headers().get("set-cookie") {
            self.cookie = cookie.to_str()?.split(';').next().unwrap_or_default().to_string();
        }
        Ok(answer.status().as_u16())
    }

    async fn send(&self, path: &str, form: &str) -> anyhow::Result<Response> {
        let request =
            self.http.post(format!("{}{path}", self.host)).header("Origin", &self.host).body(form.to_string());
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        Ok(request.header("Cookie", &self.cookie).send().await?)
    }

    async fn look(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let answer = self.http.get(format!("{}{path}", self.host)).header("Cookie", &self.cookie).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}

fn hidden(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&field).unwrap_or_else(|| panic!("{name} in {page}")).1;
    rest.split('"').next().unwrap_or_default().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_come_and_go_while_the_host_runs_and_all_of_it_is_written_down() -> anyhow::Result<()> {
    let (rig, _hook) = rig("30m").await?;
    let host = rig.serve().await?;
    let (status, _) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200);
    let incident = host.until("a question", |incident| incident["state"] == "awaiting_approval").await?;
    let id = incident["id"].as_str().unwrap();
    let question = format!("/i/{id}/a1");

    let (code, text) = typed(&rig, &["user", "add", "zoe", "--groups", "sre", "--password"], "short").await?;
    assert!(code == 1 && text.contains("a password has 12 letters or more"), "{text}");
    let (code, text) = typed(&rig, &["user", "add", "zoe", "--groups", "sre", "--password"], PASSWORD).await?;
    assert!(code == 0 && text.contains("kept: zoe, who is responder"), "{text}");
    let (code, text) = typed(&rig, &["user", "create", "vic", "--role", "viewer"], PASSWORD).await?;
    assert_eq!(code, 0, "{text}");
    let (code, text, _) = run(rig.folder(), &rig.environment, &["user", "show", "vic"]).await?;
    assert!(code == 0 && (text.contains("running host at ") || text.contains("no host answers at ")), "{text}");
    let (code, text, _) = run(rig.folder(), &rig.environment, &["user", "list"]).await?;
    assert!(code == 0 && text.contains("zoe") && text.contains("viewer"), "{text}");

    let mut vic = Browser::new(&host)?;
    assert_eq!(vic.sign_in("vic", "wrong horse battery").await?, 403);
    assert_eq!(vic.sign_in("vic", PASSWORD).await?, 303);
    let (_, page) = vic.look(&question).await?;
    let form = format!("digest={}&version={}&answer=approve", hidden(&page, "digest"), hidden(&page, "version"));
    let refused = vic.send(&question, &form).await?;
    assert_eq!((refused.status().as_u16(), rig.patches()), (403, 0));
    assert!(refused.text().await?.contains("vic may look and change nothing"));

    let mut zoe = Browser::new(&host)?;
    assert_eq!(zoe.sign_in("zoe", PASSWORD).await?, 303);
    let (_, page) = zoe.look(&question).await?;
    let form = format!("digest={}&version={}&answer=approve", hidden(&page, "digest"), hidden(&page, "version"));
    assert_eq!(zoe.send(&question, &form).await?.status(), 303);
    let done = host.until("the report", |incident| incident["report"].is_string()).await?;
    assert_eq!((done["outcome"].as_str(), rig.patches()), (Some("fixed"), 1), "{done:#}");

    let (code, text, _) = run(rig.folder(), &rig.environment, &["token", "new", "zoe", "--scope", "look"]).await?;
    assert_eq!(code, 0, "{text}");
    let token = text.lines().find(|line| line.starts_with("tg_p_")).expect("a token").to_string();
    let with = |method: reqwest::Method, path: &str| {
        zoe.http
            .request(method, format!("{}{path}", host.url))
            .bearer_auth(&token)
            .header("Content-Type", "application/json")
    };
    assert_eq!(with(reqwest::Method::GET, "/v1/incidents").send().await?.status(), 200);
    let refused = with(reqwest::Method::POST, "/v1/pause").body("{}").send().await?.text().await?;
    assert!(refused.contains("it lacks the scope pause"), "{refused}");

    let (code, text, _) = run(rig.folder(), &rig.environment, &["user", "disable", "zoe"]).await?;
    assert_eq!(code, 0, "{text}");
    assert_eq!((zoe.look("/").await?.0, zoe.sign_in("zoe", PASSWORD).await?), (303, 403));
    host.kill().await?;

    let host = rig.serve().await?;
    let mut zoe = Browser::new(&host)?;
    assert_eq!(zoe.sign_in("zoe", PASSWORD).await?, 403, "disabled over a restart");
    let (code, text, problems) = run(rig.folder(), &rig.environment, &["audit", "--json"]).await?;
    assert_eq!(code, 0, "{problems}");
    let (code, some, _) = run(rig.folder(), &rig.environment, &["audit", "--limit", "2"]).await?;
    assert!(code == 0 && some.contains("these are the latest 2, and there are more: --before"), "{some}");
    let all: Value = serde_json::from_str(&text)?;
    let all = all["audit"].as_array().unwrap();
    let of = |route: &str, outcome: &str| {
        let fits = |one: &&Value| one["route"] == route && one["outcome"] == outcome;
        all.iter().filter(fits).map(|one| one["person"]["name"].as_str().unwrap_or("-").to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of("POST /i/{id}/{action}", "done"), ["zoe"], "{all:#?}");
    assert_eq!(of("POST /i/{id}/{action}", "refused"), ["vic"], "{all:#?}");
    assert_eq!(of("POST /v1/pause", "refused"), ["zoe"], "{all:#?}");
    assert!(of("POST /sign-in", "refused").contains(&"vic".to_string()), "as it was typed: {all:#?}");
    let changes: Vec<&str> =
        all.iter().filter(|one| one["route"] == "accounts").filter_map(|one| one["why"].as_str()).collect();
    assert!(changes.contains(&"account zoe was made") && changes.contains(&"account zoe was disabled"), "{changes:?}");
    assert!(!text.contains("horse") && !text.contains(&token), "{text}");
    let (code, verified, problems) = run(rig.folder(), &rig.environment, &["journal", "verify"]).await?;
    assert_eq!(code, 0, "{verified}{problems}");
    let mut vic = Browser::new(&host)?;
    assert_eq!(vic.sign_in("vic", PASSWORD).await?, 303);
    let (status, page) = vic.look("/audit").await?;
    assert!(status == 403 && page.contains("operator, admin"), "{page}");
    host.kill().await
}
