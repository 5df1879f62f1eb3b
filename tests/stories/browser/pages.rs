//! Everybody can use every page: whoever sees little, hears the page, has no mouse, or has a telephone; in both languages and
//! both colours. Which pages there are is read off the table of permissions, so that a new one is looked at by itself.
//!
//! `TIDEGATE_WRITE_PICTURES=FOLDER cargo test --workspace --test stories everybody_can_use_every_page` writes pictures of all,
//! named by page, language, width and colours.

use std::path::{Path, PathBuf};

use serde_json::json;
use tidegate::environment::{Environment, ProcessEnvironment};
use tidegate::http::permissions::{Door, Row, TABLE};
use tidegate_tests::browser::{Browser, Judged, Look, Theme};
use tidegate_tests::process::Process;

use super::{joins, signs_in};
use crate::links::{BASE, asked, rig};

/// Addresses besides those that the table has: what a page shows depends on what is asked of it.
const ASKED: [&str; 7] = [
    "/incidents?state=all",
    "/incidents?q=there-is-no-such-thing&severity=critical",
    "/alerts?by=namespace",
    "/alerts?matchers=namespace%3D%22nowhere%22",
    "/silences?state=expired",
    "/silences/new?matchers=namespace%3D%22storage%22&for=2h",
    "/i/there-is-no-such-incident",
];

/// A page to look at.
struct Page {
    /// The path as the table has it, or what is asked for.
    called: String,
    path: String,
}

impl Page {
    fn at(path: &str) -> Self {
        Self { called: path.to_string(), path: path.to_string() }
    }

    /// As a file may be named.
    fn name(&self) -> String {
        let words: Vec<&str> =
            self.called.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        if words.is_empty() { "now".into() } else { words.join("-") }
    }
}

/// What stands for the names in a path.
struct Names {
    incident: String,
    silence: String,
}

impl Names {
    /// The address of a page; a page whose path names something that is not known here must be told of.
    fn address(&self, row: &Row) -> anyhow::Result<String> {
        let id = if row.path.starts_with("/silences/") { &self.silence } else { &self.incident };
        let path = row.path.replace("{id}", id).replace("{action}", "a1");
        anyhow::ensure!(!path.contains('{'), "{}: say in {} what its names stand for", row.path, file!());
        Ok(path)
    }
}

/// The addresses of all pages for whoever has signed in.
async fn addresses(host: &Process, names: &Names, token: &str) -> anyhow::Result<Vec<Page>> {
    let http = tidegate::network::builder().build()?;
    let mut all = Vec::new();
    for row in TABLE.iter().filter(|row| row.door == Door::Page && row.method == "GET") {
        let path = names.address(row)?;
        let answer = http.get(format!("{}{path}", host.url)).bearer_auth(token).send().await?;
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // What is no page is read by programs, and by pages themselves.
        if kind.starts_with("text/html") {
            anyhow::ensure!(answer.status().is_success(), "{path}: {}", answer.status());
            all.push(Page { called: row.path.to_string(), path });
        }
    }
    all.extend(ASKED.map(Page::at));
    let path = format!("/policies/explain?incident={}", names.incident);
    all.push(Page { called: "explained".into(), path });
    Ok(all)
}

/// What is new about a page in this look: its dark colours are the same in both languages, and all but colours is the same in dark
/// and light.
fn judged(language: &str, look: Look) -> Judged {
    match (look.theme, language) {
        (Theme::Light, _) => Judged::All,
        (Theme::Dark, "en") => Judged::Colours,
        (Theme::Dark, _) => Judged::Width,
    }
}

/// Looks at pages in every way in which people do.
async fn looked_at(browser: &Browser, pages: &[Page], pictures: Option<&Path>) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for language in ["en", "zh"] {
        browser.cookie("tidegate-language", language).await?;
        for page in pages {
            let path = &page.path;
            browser.open(path).await?;
            for look in Look::ALL {
                browser.looks(look).await?;
                let (width, theme) = (look.width, look.theme.as_str());
                let obstacles = browser.obstacles(judged(language, look)).await?;
                wrong.extend(obstacles.iter().map(|one| format!("{path} ({language}, {width}, {theme}): {one}")));
                if let Some(folder) = pictures {
                    let file = format!("{}.{language}.{width}.{theme}.png", page.name());
                    browser.picture(&folder.join(file)).await?;
                }
            }
            let complaints = browser.complaints().await?;
            let expected = |one: &String| path.contains("no-such-incident") && one.contains("404");
            wrong.extend(complaints.iter().filter(|one| !expected(one)).map(|one| format!("{path}: {one}")));
        }
    }
    Ok(wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_can_use_every_page() -> anyhow::Result<()> {
    let pictures = ProcessEnvironment.get("TIDEGATE_WRITE_PICTURES").map(PathBuf::from);
    let (rig, hook) = rig("30m").await?;
    let token = joins(&rig, "olga", "admin")?;
    let host = rig.serve().await?;
    let (incident, _, link) = asked(&host, &hook).await?;
    let names = Names { incident: incident["id"].as_str().unwrap().to_string(), silence: silenced(&host).await? };
    let browser = Browser::start(&host.url).await?;
    browser.open("/sign-in").await?;
    let link = Page { called: "link".into(), path: link.trim_start_matches(BASE).to_string() };
    let before = [Page::at("/sign-in"), link];
    let mut wrong = looked_at(&browser, &before, pictures.as_deref()).await?;
    browser.open("/").await?;
    signs_in(&browser, &token).await?;
    let pages = addresses(&host, &names, &token).await?;
    assert!(pages.len() > 20, "{} pages", pages.len());
    wrong.extend(looked_at(&browser, &pages, pictures.as_deref()).await?);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    host.kill().await
}

/// More that fires, and a silence about some of it.
async fn silenced(host: &Process) -> anyhow::Result<String> {
    let alert = |name: &str, severity: &str, namespace: &str| {
        let labels = json!({
            "alertname": name, "namespace": namespace, "severity": severity, "cluster": "prod-eu-central-1",
            "persistentvolumeclaim": "data-postgres-primary-0", "job": "kubelet",
        });
        let about = json!({ "summary": "The volume data-postgres-primary-0 is 97 % full.", "runbook_url": "https://wiki.example/disk" });
        json!({ "status": "firing", "labels": labels, "annotations": about })
    };
    let alerts = [
        alert("KubePersistentVolumeFillingUp", "critical", "storage"),
        alert("KubePersistentVolumeFillingUp", "warning", "shop"),
        alert("AVeryLongNameOfAnAlertThatSomebodyMadeUpWithoutAnySpaceInIt", "info", "monitoring"),
    ];
    let (status, answer) = host.post("/alert", json!({ "status": "firing", "alerts": alerts }).to_string()).await?;
    anyhow::ensure!(status == 200, "{answer}");
    let silence = json!({ "matchers": ["namespace=\"storage\", alertname=~\"Kube.*\""], "for": "2h", "comment": "the disk is being moved" });
    let (status, answer) = host.post_json("/v1/silences", &silence).await?;
    anyhow::ensure!(status == 200, "{answer}");
    let made: serde_json::Value = serde_json::from_str(&answer)?;
    Ok(made["silence"]["id"].as_str().unwrap_or_default().to_string())
}
