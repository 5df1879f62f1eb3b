//! A real provider as a child process, and a browser that signs in at it by plain HTTP.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::process::PATIENCE;

/// The provider's name for the host, and the secret between them.
pub const CLIENT: &str = "tidegate";
pub const SECRET: &str = "a-secret-of-client-and-provider";
/// Where the provider sends people back to. Browsers of tests go where the host really listens instead.
pub const REDIRECT: &str = "http://127.0.0.1:10000/oidc/callback";

/// A running provider.
pub struct Provider {
    _child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it calls itself.
    pub issuer: String,
}

impl Provider {
    /// Starts one that knows these people and their groups.
    pub async fn start(people: &Value) -> anyhow::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
        ensure!(
            folder.join("node_modules/oidc-provider").is_dir(),
            "oidc-provider is not there: run tests/setup first"
        );
        let client = json!({
            "client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [REDIRECT], "application_type": "native",
            "post_logout_redirect_uris": ["http://127.0.0.1:10000/sign-in"],
        });
        let mut child = Command::new("node")
            .arg("oidc-provider.mjs")
            .arg(json!({ "client": client, "people": people }).to_string())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().context("no stdin")?;
        let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let issuer = loop {
            let line = timeout(PATIENCE, lines.next_line()).await??.context("it ended before it listened")?;
            if line.starts_with("http://") {
                break line;
            }
        };
        Ok(Self { _child: child, stdin, lines, issuer })
    }

    /// From now on people are in these groups.
    pub async fn set_people(&mut self, people: &Value) -> anyhow::Result<()> {
        self.stdin.write_all(format!("{people}\n").as_bytes()).await?;
        while timeout(PATIENCE, self.lines.next_line()).await??.context("it has ended")? != "heard" {}
        Ok(())
    }
}

/// A browser: it keeps cookies by their host's port and follows what it is told to.
pub struct Browser {
    http: Client,
    host: String,
    jars: BTreeMap<String, BTreeMap<String, String>>,
}

impl Browser {
    /// One that looks at a host.
    pub fn new(host: &str) -> anyhow::Result<Self> {
        let http = tidegate::network::builder().redirect(Policy::none()).build()?;
        Ok(Self { http, host: host.to_string(), jars: BTreeMap::new() })
    }

    fn origin(url: &str) -> anyhow::Result<String> {
        Ok(url.parse::<Url>()?.origin().ascii_serialization())
    }

    async fn sent(&mut self, url: &str, request: RequestBuilder) -> anyhow::Result<Response> {
        let jar = self.jars.entry(Self::origin(url)?).or_default();
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header(COOKIE, cookies.join("; ")).send().await?;
        for cookie in response.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap_or_default();
            match value {
                "" => jar.remove(name),
                value => jar.insert(name.to_string(), value.to_string()),
            };
        }
        Ok(response)
    }

    /// Looks at an address, or at a path of the host.
    pub async fn get(&mut self, url: &str) -> anyhow::Result<Response> {
        let url = if url.starts_with('/') { format!("{}{url}", self.host) } else { url.to_string() };
        self.sent(&url, self.http.get(&url)).await
    }

    /// The status and the text of a path of the host.
    pub async fn look(&mut self, path: &str) -> anyhow::Result<(u16, String)> {
        let response = self.get(path).await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// Sends a form, as a page of the same host does.
    pub async fn post(&mut self, url: &str, form: &str) -> anyhow::Result<Response> {
        let url = if url.starts_with('/') { format!("{}{url}", self.host) } else { url.to_string() };
        let request = self.http.post(&url).body(form.to_string()).header("Origin", Self::origin(&url)?);
        self.sent(&url, request.header("Content-Type", "application/x-www-form-urlencoded")).await
    }

    /// What the browser of somebody keeps for the host.
    pub fn cookies(&mut self) -> anyhow::Result<&mut BTreeMap<String, String>> {
        Ok(self.jars.entry(Self::origin(&self.host)?).or_default())
    }

    /// Goes to the provider from the page that asks who it is, and signs in there: the path with which it is sent back.
    pub async fn at_the_provider(&mut self, name: &str, to: &str) -> anyhow::Result<String> {
        let answer = self.get(&format!("/oidc/sign-in?to={to}")).await?;
        ensure!(answer.status() == 303, "{}: {}", answer.status(), answer.text().await?);
        let mut url = located(&answer)?;
        for _ in 0..20 {
            if let Some(query) = url.strip_prefix(REDIRECT) {
                return Ok(format!("/oidc/callback{query}"));
            }
            let answer = self.get(&url).await?;
            let here = url.parse::<Url>()?;
            let next = if answer.status().is_redirection() {
                located(&answer)?
            } else {
                ensure!(answer.status() == 200, "{} at {url}: {}", answer.status(), answer.text().await?);
                let page = answer.text().await?;
                let form = match page.contains("name=\"login\"") {
                    true => format!("prompt=login&login={name}&password=x"),
                    false => "prompt=consent".to_string(),
                };
                located(&self.post(&url, &form).await?)?
            };
            url = here.join(&next)?.to_string();
        }
        anyhow::bail!("the provider goes round in circles: {url}")
    }

    /// The same, and back.
    pub async fn sign_in(&mut self, name: &str, to: &str) -> anyhow::Result<Response> {
        let back = self.at_the_provider(name, to).await?;
        self.get(&back).await
    }
}

/// Where an answer leads.
pub fn located(answer: &Response) -> anyhow::Result<String> {
    let to = answer.headers().get(LOCATION).with_context(|| format!("{} leads nowhere", answer.status()))?;
    Ok(to.to_str()?.to_string())
}
