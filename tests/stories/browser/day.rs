//! Somebody at a desk in a storm: what is read keeps its place, what is known of is silenced, why it was decided so is told,
//! and a page that hears nothing any more says so and comes back.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate_tests::browser::{Browser, Look, Theme};
use tidegate_tests::process::Process;

use super::{ENTER, ESCAPE, LISTENS};

const RULES: &str = "rule(\"tell\", #{ then: escalate(\"somebody looks\") });\n";

/// So many alerts, each a trouble of its own, from one on.
fn storm(from: usize, count: usize) -> String {
    let one = |n: usize| {
        let labels =
            json!({ "alertname": format!("Down{n:02}"), "namespace": format!("team-{n:02}"), "severity": "critical" });
        json!({ "status": "firing", "labels": labels })
    };
    json!({ "status": "firing", "alerts": (from..from + count).map(one).collect::<Vec<_>>() }).to_string()
}

/// Alerts about replicas of one deployment, which fire or have ended.
fn slow(replicas: &[&str], status: &str) -> String {
    let one = |replica: &&str| {
        let labels = json!({
            "alertname": "CartSlow", "namespace": "shop", "deployment": "cart", "replica": replica, "severity": "warning",
        });
        json!({ "status": status, "labels": labels })
    };
    json!({ "status": status, "alerts": replicas.iter().map(one).collect::<Vec<_>>() }).to_string()
}

async fn sends(host: &Process, body: String) -> anyhow::Result<Vec<String>> {
    let (status, answer) = host.post("/alert", body).await?;
    anyhow::ensure!(status == 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer)?;
    let ids = answer["incidents"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Ok(ids.map(str::to_string).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_is_read_silenced_and_explained_and_a_page_without_a_host_says_so() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    fs::create_dir_all(folder.path().join("policies"))?;
    fs::write(folder.path().join("policies/story.rhai"), RULES)?;
    fs::write(folder.path().join("tidegate.toml"), "[policies]\npath = \"policies\"\n")?;
    let host = Process::serve(folder.path(), &[]).await?;
    sends(&host, storm(0, 20)).await?;
    let browser = Browser::start(&host.url).await?;
    browser.looks(Look::DESK).await?;
    reads(&browser, &host).await?;
    chooses(&browser).await?;
    loses_and_finds(&browser, host, &folder).await
}

/// What is read keeps its place while more comes in.
async fn reads(browser: &Browser, host: &Process) -> anyhow::Result<()> {
    browser.open("/incidents").await?;
    browser.until("the stream", LISTENS).await?;
    let row = "const row = document.querySelectorAll('#main tbody tr')[9], top = Math.round(row.getBoundingClientRect().top); \
        return [top, row.querySelector('a').textContent]";
    let place = format!("scrollTo(0, 300); {row}");
    let before = browser.script(&place, &[]).await?;
    sends(host, storm(20, 12)).await?;
    browser.until("that there is more", "document.getElementById('notice').textContent.includes('12')").await?;
    assert_eq!(browser.script(row, &[]).await?, before, "rows do not move by themselves");
    browser.click("#notice button").await?;
    browser.until("the new ones", "document.querySelectorAll('#main tbody tr').length === 32").await?;
    browser.is_content().await?;

    let ids = sends(host, slow(&["a", "b"], "firing")).await?;
    let path = format!("/i/{}", ids.first().expect("an incident"));
    browser.open(&path).await?;
    browser.until("the stream", LISTENS).await?;
    browser.until("the decision", "document.getElementById('main').innerText.includes('needs a person')").await?;
    // What stands above what is read grows.
    let place = "document.getElementById('say').open = true; const at = document.getElementById('alerts'); \
        scrollTo(0, at.getBoundingClientRect().top + scrollY - 80); return Math.round(at.getBoundingClientRect().top)";
    let before = browser.script(place, &[]).await?;
    sends(host, slow(&["b"], "resolved")).await?;
    browser
        .until("that one has ended", "document.getElementById('main').innerText.includes('1 alert resolved')")
        .await?;
    let now = "return [Math.round(document.getElementById('alerts').getBoundingClientRect().top), document.getElementById('say').open]";
    assert_eq!(browser.script(now, &[]).await?, json!([before, true]), "the page keeps its place");

    // From the incident to why, and back to a silence that says what it covers before it is made.
    browser.click("#explain").await?;
    browser.until("why", "location.pathname === '/policies/explain' && document.getElementById('main').innerText.includes('somebody looks')").await?;
    browser.open(&path).await?;
    browser.click("#silence-this").await?;
    browser.until("the silence", "document.getElementById('matchers')?.value.includes('cart')").await?;
    browser.write("#comment", "the cart is being moved").await?;
    browser.click("form#answer button:not(.primary)").await?;
    browser.until("what it covers", "location.search.includes('comment=') && document.readyState === 'complete' && document.body.innerText.includes('Covers 1 of 33')").await?;
    browser.write("#person", "ann").await?;
    browser.click("button.primary").await?;
    browser.until("the silence that was made", "/^\\/silences\\/[0-9a-f-]{36}$/.test(location.pathname)").await?;
    browser.open(&path).await?;
    browser
        .until(
            "that it is silenced",
            "document.getElementById('silenced')?.innerText.includes('the cart is being moved')",
        )
        .await?;
    browser.is_content().await
}

/// Keys, the language and the colours.
async fn chooses(browser: &Browser) -> anyhow::Result<()> {
    browser.open("/incidents").await?;
    browser.until("the stream", LISTENS).await?;
    browser.keys("?").await?;
    browser.until("the help", "document.getElementById('help').open").await?;
    browser.keys(ESCAPE).await?;
    browser.keys(&format!("/Down07{ENTER}")).await?;
    browser
        .until(
            "what was looked for",
            "location.search.includes('Down07') && document.querySelectorAll('#main tbody tr').length === 1",
        )
        .await?;
    let here = browser.path().await?;
    browser.click("form[action='/language'] button").await?;
    browser.until("Chinese", "document.documentElement.lang === 'zh' && document.title.includes('事件')").await?;
    assert_eq!(browser.path().await?, here, "who changes the language stays where they are");
    let colour = "return getComputedStyle(document.body).backgroundColor";
    let light = browser.script(colour, &[]).await?;
    browser.looks(Look { theme: Theme::Dark, ..Look::DESK }).await?;
    assert_ne!(browser.script(colour, &[]).await?, light);
    browser.click("form[action='/language'] button").await?;
    browser.until("English", "document.documentElement.lang === 'en'").await?;
    browser.is_content().await
}

/// A page says when its host is gone, and goes on when it is back.
async fn loses_and_finds(browser: &Browser, host: Process, folder: &TempDir) -> anyhow::Result<()> {
    browser.open("/").await?;
    browser.until("the stream", LISTENS).await?;
    let listen = host.url.trim_start_matches("http://").to_string();
    host.kill().await?;
    browser.until("that it is old", "document.querySelector('#live.old')?.textContent.includes('stale since')").await?;
    let host = Process::serve_at(&listen, folder.path(), &[]).await?;
    browser.until("the stream again", "document.querySelector('#live.fresh')").await?;
    sends(&host, storm(90, 1)).await?;
    browser.until("what came meanwhile", "document.getElementById('main').innerText.includes('Down90')").await?;
    let complaints = browser.complaints().await?;
    let gone = |one: &String| one.contains("/live") && (one.contains("net::ERR_") || one.contains("Failed to load"));
    assert!(complaints.iter().all(gone), "{complaints:#?}");
    host.kill().await
}
