//! A person on call opens one address, signs in with a token of their own, understands the change and says yes under their
//! own name; an alert that brings markup along brings text.

use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tidegate_tests::process::{Process, run};
use tidegate_tests::rig::POD_NOT_READY;

use crate::links::{ADA, EVE, rig};

/// A browser that keeps its session and follows nothing by itself.
struct Browser {
    http: Client,
    host: String,
    cookie: String,
}

impl Browser {
    async fn sign_in(host: &Process, token: &str) -> anyhow::Result<Self> {
        let http = tidegate::network::builder().redirect(Policy::none()).build()?;
        let browser = Self { http, host: host.url.clone(), cookie: String::new() };
        let answer = browser.send("/sign-in", format!("to=/&token={token}")).await?;
        anyhow::ensure!(answer.status() == 303, "{}", answer.text().await?);
        let cookie = answer.headers()["set-cookie"].to_str()?.split(';').next().unwrap_or_default().to_string();
        Ok(Self { cookie, ..browser })
    }

    async fn send(&self, path: &str, form: String) -> anyhow::Result<Response> {
        let request = self.http.post(format!("{}{path}", self.host)).header("Origin", &self.host).body(form);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        Ok(request.header("Cookie", &self.cookie).send().await?)
    }

    async fn look(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.http.get(format!("{}{path}", self.host)).header("Cookie", &self.cookie).send().await?;
        let (status, page) = (answer.status(), answer.text().await?);
        anyhow::ensure!(status == 200, "{path}: {status}: {page}");
        Ok(page)
    }
}

fn hidden(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&field).unwrap_or_else(|| panic!("{name} in {page}")).1;
    rest.split('"').next().unwrap_or_default().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_understands_the_change_and_approves_it() -> anyhow::Result<()> {
    let (rig, _hook) = rig("30m").await?;
    let host = rig.serve().await?;
    let (status, _) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200);
    let incident = host.until("a question", |incident| incident["state"] == "awaiting_approval").await?;
    let id = incident["id"].as_str().unwrap();
    let question = format!("/i/{id}/a1");

    let eve = Browser::sign_in(&host, EVE).await?;
    let page = eve.look(&question).await?;
    assert!(page.contains("eve is not in the group sre") && page.contains("You may deny it"), "{page}");
    let ada = Browser::sign_in(&host, ADA).await?;
    let page = ada.look("/").await?;
    for part in [
        "1 question waits for you",
        "default/deployment/nginx-deployment",
        &question,
        "asked of sre",
        "<strong>ada</strong>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let page = ada.look(&question).await?;
    for part in [
        "kubernetes.kubectl_patch",
        "<pre>&quot;nginx:1.25-&quot;</pre>",
        "<pre>&quot;nginx:1.25&quot;</pre>",
        "Seen by the host",
        "it changes what runs",
        "a way back that its proposer names",
        "a yes is executed at once",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert_eq!(rig.patches(), 0, "looking changes nothing");
    let form = format!(
        "digest={}&version={}&comment=the+tag+has+a+typo&answer=approve",
        hidden(&page, "digest"),
        hidden(&page, "version")
    );
    let taken = ada.send(&question, form.clone()).await?;
    assert_eq!((taken.status().as_u16(), taken.headers()["location"].to_str()?), (303, question.as_str()));
    let done = host.until("the report", |incident| incident["report"].is_string()).await?;
    assert_eq!((done["outcome"].as_str(), rig.patches()), (Some("fixed"), 1), "{done:#}");
    let page = ada.look(&question).await?;
    assert!(page.contains("approved by ada over page") && page.contains("the tag has a typo"), "{page}");
    assert!(!page.contains("name=\"answer\""), "nobody is asked any more: {page}");
    assert_eq!(ada.send(&question, form).await?.status(), 409);
    assert_eq!(rig.patches(), 1);
    let page = ada.look(&format!("/i/{id}")).await?;
    for part in ["the repair was seen to help", "Read the report", "nginx-deployment"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let entries: Value = serde_json::from_str(&ada.look(&format!("/i/{id}/journal.json")).await?)?;
    assert_eq!(entries["entries"][0]["kind"], "opened");
    let (code, verified, problems) = run(rig.folder(), &rig.environment, &["journal", "verify"]).await?;
    assert_eq!(code, 0, "{verified}{problems}");

    let bad = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}";
    let alert = json!({ "status": "firing", "alerts": [{
        "status": "firing", "labels": { "alertname": bad, "namespace": bad, "pod": bad, "severity": bad, bad: bad },
        "annotations": { "summary": bad, "description": bad, "runbook_url": "javascript:alert(1)" },
        "generatorURL": "javascript:alert(1)", "fingerprint": "bad",
    }] });
    let (status, answer) = host.post("/alert", alert.to_string()).await?;
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer)?;
    let id = answer["incidents"][0].as_str().unwrap();
    for path in ["/", "/incidents", "/incidents?q=script&state=all", &format!("/i/{id}")] {
        let page = ada.look(path).await?;
        assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("\\u{202e}"), "{path}: {page}");
        for part in ["<script>", "<img", "href=\"javascript", "\u{202e}"] {
            assert!(!page.contains(part), "{part} in {path}: {page}");
        }
    }
    operations(&ada, &host).await?;
    host.kill().await
}

/// What the host holds and does besides incidents, as a person looks at it and changes it.
async fn operations(ada: &Browser, host: &Process) -> anyhow::Result<()> {
    let labels = json!({ "alertname": "DiskFull", "namespace": "storage", "severity": "critical" });
    let alert = json!({ "status": "firing", "labels": labels, "annotations": {}, "fingerprint": "disk" });
    let body = json!({ "status": "firing", "alerts": [alert] }).to_string();
    let (status, answer) = host.post("/alert", body.clone()).await?;
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer)?;
    let id = answer["incidents"][0].as_str().unwrap();
    let matchers = "matchers=namespace%3D%22storage%22";
    let page = ada.look(&format!("/alerts?{matchers}&by=alertname")).await?;
    assert!(page.contains("DiskFull 1") && page.contains("1 of "), "{page}");
    let page = ada.look(&format!("/silences/new?{matchers}&for=2h")).await?;
    assert!(page.contains("Covers 1 of ") && page.contains(&format!("/i/{id}")), "{page}");
    let form = format!("{matchers}&for=2h&comment=the+disk+is+known&seen={}", hidden(&page, "seen"));
    let made = ada.send("/silences/new", form).await?;
    assert_eq!(made.status(), 303, "{}", made.text().await?);
    let silence = made.headers()["location"].to_str()?.to_string();
    let page = ada.look("/silences").await?;
    assert!(page.contains("the disk is known") && page.contains(&silence) && page.contains("ada"), "{page}");
    let page = ada.look(&format!("/i/{id}")).await?;
    assert!(page.contains("This is silenced until") && page.contains(&silence), "{page}");
    let page = ada.look("/alerts?silenced=yes").await?;
    assert!(page.contains("DiskFull") && page.contains(&silence), "{page}");
    let version = hidden(&ada.look(&silence).await?, "version");
    let ended = ada.send(&silence, format!("do=expire&version={version}")).await?;
    assert_eq!(ended.status(), 303, "{}", ended.text().await?);
    assert!(!ada.look(&format!("/i/{id}")).await?.contains("This is silenced until"));
    let version = hidden(&ada.look(&format!("/i/{id}")).await?, "version");
    let said = ada.send(&format!("/i/{id}"), format!("says=acknowledge&comment=mine&version={version}")).await?;
    assert_eq!(said.status(), 303, "{}", said.text().await?);
    assert!(ada.look(&format!("/i/{id}")).await?.contains("Somebody is on it"));
    let explained = ada.look(&format!("/policies/explain?incident={id}")).await?;
    assert!(explained.contains("Silences, inhibitions and rules in order"), "{explained}");
    let body: String = form_urlencoded(&body);
    let explained = ada.send("/policies/explain", format!("body={body}")).await?.text().await?;
    assert!(explained.contains("as if there were no other incident"), "{explained}");
    let refused = ada.send("/policies/explain", "body=%7B".into()).await?;
    assert!(refused.text().await?.contains("not what Alertmanager sends"));
    for (path, part) in [
        ("/policies", "patches-need-a-person"),
        ("/tools", "kubernetes.kubectl_patch"),
        ("/costs", "Incidents an hour, by how they ended"),
        ("/inspections", "No inspection is configured"),
    ] {
        let page = ada.look(path).await?;
        assert!(page.contains(part), "{part} in {path}: {page}");
    }
    Ok(())
}

/// A text as the value of a form.
fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
