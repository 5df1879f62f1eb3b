//! Chromium as people have it, driven over WebDriver: each test has one of its own, with its own profile.
//!
//! It speaks to chromedriver through `reqwest`, which is there anyway: `thirtyfour` would add nine packages, which are built on
//! every fresh machine, for the dozen calls that stand here. What is waited for is always a state of the page, never a time.

mod page;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate_fakes::tools;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

pub use page::{Judged, Look, Theme};

use crate::process::PATIENCE;

/// How WebDriver names an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window.
pub struct Browser {
    driver: Child,
    http: reqwest::Client,
    /// The session of the driver.
    session: String,
    /// The host whose pages are opened.
    host: String,
    profile: TempDir,
}

impl Browser {
    /// Starts one for the pages of a host, such as `http://127.0.0.1:10000`.
    pub async fn start(host: &str) -> anyhow::Result<Self> {
        let (chromium, chromedriver) = tools::chromium()?;
        let profile = TempDir::new()?;
        let mut driver = Command::new(chromedriver)
            .arg("--port=0")
            .env("HOME", profile.path())
            .current_dir(profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // The browser and its helpers are in the driver's group, and all of them are ended by it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let lines = BufReader::new(driver.stdout.take().context("no stdout")?);
        let http = tidegate::network::builder().build()?;
        let mut browser = Self { driver, http, session: String::new(), host: host.to_string(), profile };
        let port = timeout(PATIENCE, port(lines)).await.context("chromedriver does not say where it listens")??;
        browser.session = format!("http://127.0.0.1:{port}/session");
        let arguments = [
            "--headless=new".to_string(),
            // Tests run as root on many machines, where the browser does not start otherwise.
            "--no-sandbox".into(),
            "--disable-dev-shm-usage".into(),
            "--disable-gpu".into(),
            "--no-first-run".into(),
            "--no-proxy-server".into(),
            "--hide-scrollbars".into(),
            "--accept-lang=en".into(),
            format!("--user-data-dir={}", browser.profile.path().join("profile").display()),
        ];
        let options = json!({ "binary": chromium, "args": arguments });
        let wanted = json!({
            "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
            "unhandledPromptBehavior": "dismiss",
        });
        let made = browser.post("", json!({ "capabilities": { "alwaysMatch": wanted } })).await?;
        let id = made["sessionId"].as_str().context("chromedriver makes no session")?;
        browser.session = format!("{}/{id}", browser.session);
        Ok(browser)
    }

    /// From now on the pages of this host are opened, such as after a start.
    pub fn goes_to(&mut self, host: &str) {
        self.host = host.to_string();
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let sent = self.http.post(format!("{}{path}", self.session)).json(&body).timeout(PATIENCE).send();
        read(path, sent.await?).await
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let sent = self.http.get(format!("{}{path}", self.session)).timeout(PATIENCE).send();
        read(path, sent.await?).await
    }

    /// Opens a path of the host.
    pub async fn open(&self, path: &str) -> anyhow::Result<()> {
        self.post("/url", json!({ "url": format!("{}{path}", self.host) })).await?;
        Ok(())
    }

    /// The path and query of the page that is shown.
    pub async fn path(&self) -> anyhow::Result<String> {
        let url = self.get("/url").await?;
        Ok(url.as_str().unwrap_or_default().trim_start_matches(&self.host).to_string())
    }

    /// What a function's body returns; it has `arguments`.
    pub async fn script(&self, script: &str, arguments: &[Value]) -> anyhow::Result<Value> {
        self.post("/execute/sync", json!({ "script": script, "args": arguments })).await
    }

    /// What a function's body gives to its last argument.
    pub async fn script_later(&self, script: &str, arguments: &[Value]) -> anyhow::Result<Value> {
        self.post("/execute/async", json!({ "script": script, "args": arguments })).await
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    async fn element(&self, css: &str) -> anyhow::Result<String> {
        let found = self.post("/element", json!({ "using": "css selector", "value": css })).await?;
        found[ELEMENT].as_str().map(str::to_string).with_context(|| format!("there is no {css}"))
    }

    /// Presses something, as a mouse would: it must be seen and not be covered.
    pub async fn click(&self, css: &str) -> anyhow::Result<()> {
        let id = self.element(css).await?;
        // The driver would bring it to the very edge, under what stands there.
        let middle = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.script(middle, &[json!({ ELEMENT: id })]).await?;
        self.post(&format!("/element/{id}/click"), json!({})).await.with_context(|| format!("pressing {css}"))?;
        Ok(())
    }

    /// Writes a text into a field.
    pub async fn write(&self, css: &str, text: &str) -> anyhow::Result<()> {
        let id = self.element(css).await?;
        self.post(&format!("/element/{id}/value"), json!({ "text": text })).await.with_context(|| css.to_string())?;
        Ok(())
    }

    /// Presses keys one after the other, wherever the focus is.
    pub async fn keys(&self, keys: &str) -> anyhow::Result<()> {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("/actions", json!({ "actions": [keyboard] })).await?;
        Ok(())
    }

    /// Keeps a cookie for the host.
    pub async fn cookie(&self, name: &str, value: &str) -> anyhow::Result<()> {
        self.post("/cookie", json!({ "cookie": { "name": name, "value": value, "path": "/" } })).await?;
        Ok(())
    }

    /// Waits until an expression is true.
    pub async fn until(&self, what: &str, expression: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE / 2;
        let script = format!("return Boolean({expression})");
        // While one page goes and the next comes there is none to ask.
        while !matches!(self.script(&script, &[]).await, Ok(Value::Bool(true))) {
            if Instant::now() > deadline {
                let page = self.script("return location.href + '\\n' + document.body.innerText", &[]).await;
                bail!("waited in vain for {what}: {}", page.unwrap_or_default().as_str().unwrap_or("(no page)"));
            }
            sleep(Duration::from_millis(30)).await;
        }
        Ok(())
    }

    /// What the browser has to complain about since this was asked last: what a page must not load, what is missing, errors
    /// of scripts.
    pub async fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.post("/se/log", json!({ "type": "browser" })).await?;
        let entries = entries.as_array().cloned().unwrap_or_default();
        Ok(entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_string()).collect())
    }

    /// That there is nothing to complain about.
    pub async fn is_content(&self) -> anyhow::Result<()> {
        let complaints = self.complaints().await?;
        ensure!(complaints.is_empty(), "{}: the browser complains: {complaints:#?}", self.path().await?);
        Ok(())
    }

    /// Writes a picture of what is shown.
    pub async fn picture(&self, file: &Path) -> anyhow::Result<()> {
        let picture = self.get("/screenshot").await?;
        std::fs::write(file, STANDARD.decode(picture.as_str().unwrap_or_default())?)?;
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(group) = self.driver.id() {
            let _ = std::process::Command::new("kill").args(["-9", "--", &format!("-{group}")]).output();
        }
    }
}

/// Where chromedriver listens, as it says.
async fn port(mut lines: BufReader<tokio::process::ChildStdout>) -> anyhow::Result<u16> {
    let mut line = String::new();
    while lines.read_line(&mut line).await? > 0 {
        if let Some((_, port)) = line.trim_end().trim_end_matches('.').rsplit_once("successfully on port ") {
            let port = port.parse()?;
            // The pipe must not fill up.
            tokio::spawn(async move { tokio::io::copy(&mut lines, &mut tokio::io::sink()).await });
            return Ok(port);
        }
        line.clear();
    }
    bail!("chromedriver ended before it listened")
}

async fn read(path: &str, response: reqwest::Response) -> anyhow::Result<Value> {
    let status = response.status();
    let mut answer: Value = response.json().await?;
    let value = answer["value"].take();
    ensure!(status.is_success(), "{path}: {}: {}", value["error"], value["message"]);
    Ok(value)
}
