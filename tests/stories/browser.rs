//! Pages in a real browser: what somebody does at night with a telephone, by day at a desk, and whether everybody can use them.

mod day;
mod night;
mod pages;

use std::fs;

use serde_json::Value;
use tidegate::token::{self, Hash};
use tidegate_tests::browser::Browser;
use tidegate_tests::process::Process;
use tidegate_tests::rig::Rig;

/// Keys as WebDriver names them.
const ENTER: &str = "\u{E007}";
const TAB: &str = "\u{E004}";
const ESCAPE: &str = "\u{E00C}";

/// That the page hears of what happens.
const LISTENS: &str = "document.body.dataset.ready && document.querySelector('#live.fresh')";

/// One more person of a host that is not started yet; their token.
fn joins(rig: &Rig, name: &str, role: &str) -> anyhow::Result<String> {
    let token = token::generate().map_err(anyhow::Error::msg)?.expose().to_string();
    let path = rig.folder().join("tidegate.toml");
    let more = format!("[users.{name}]\nrole = \"{role}\"\ntokens = [\"{}\"]\n", Hash::of(&token));
    fs::write(&path, fs::read_to_string(&path)? + more.as_str())?;
    Ok(token)
}

/// Signs in on the page that asks for it, with keys alone: its field has the focus.
async fn signs_in(browser: &Browser, token: &str) -> anyhow::Result<()> {
    browser
        .until("the page that asks who it is", "location.pathname === '/sign-in' && document.activeElement.name")
        .await?;
    if browser.script("return document.activeElement.name", &[]).await? != "token" {
        browser.click("#token").await?;
    }
    browser.keys(&format!("{token}{ENTER}")).await?;
    browser.until("the page behind it", "location.pathname !== '/sign-in'").await
}

/// The newest question that is not one of these, as the path of its page.
async fn question(host: &Process, but: &[String]) -> anyhow::Result<String> {
    for _ in 0..800 {
        let incidents = host.incidents().await?;
        let asks = |one: &&Value| one["state"] == "awaiting_approval";
        let ids = incidents.iter().filter(asks).filter_map(|one| one["id"].as_str());
        let mut paths = ids.map(|id| format!("/i/{id}/a1")).filter(|path| !but.contains(path));
        if let Some(path) = paths.next() {
            return Ok(path);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("nobody is asked: {:#?}", host.incidents().await?)
}
