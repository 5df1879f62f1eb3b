//! People sign in at a real provider: their groups say what they may do, what is replayed or swapped lets nobody in, a local name is
//! nobody else's although they may have it, too, and signing out ends both sessions.

use std::fs;
use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};
use tidegate_tests::oidc::{Browser, CLIENT, Provider, REDIRECT, SECRET, located};
use tidegate_tests::process::{PATIENCE, Process, run};
use tokio::time::{Instant, sleep};

fn people(ann: &[&str]) -> Value {
    json!({
        "ann": { "name": "Ann", "groups": ann }, "vic": { "groups": ["staff"] }, "eve": { "groups": ["strangers"] },
        "mallory": { "name": "ADA", "groups": ["sre"] },
    })
}

fn configuration(issuer: &str) -> String {
    format!(
        r#"
[server.oidc]
issuer = "{issuer}"
name = "Example ID"
client_id = "{CLIENT}"
client_secret = {{ env = "OIDC_SECRET" }}
redirect = "{REDIRECT}"
[users.ada]
role = "admin"
[[access]]
groups = ["sre"]
role = "operator"
[[access]]
groups = ["staff"]
role = "viewer"
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_at_a_provider_and_are_who_it_says_and_nobody_else() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let environment = [("OIDC_SECRET".to_string(), SECRET.to_string())];
    let mut provider = Provider::start(&people(&["sre"])).await?;
    fs::write(folder.path().join("tidegate.toml"), configuration(&provider.issuer))?;
    let host = Process::serve(folder.path(), &environment).await?;
    let mut ann = Browser::new(&host.url)?;
    let (status, _) = ann.look("/incidents?state=all").await?;
    assert_eq!(status, 303);
    let (_, page) = ann.look("/sign-in?to=/incidents").await?;
    assert!(page.contains("href=\"/oidc/sign-in?to=%2Fincidents\"") && page.contains("Example ID"), "{page}");
    let answer = ann.sign_in("ann", "/incidents").await?;
    assert_eq!((answer.status().as_u16(), located(&answer)?.as_str()), (303, "/incidents"));
    let (status, page) = ann.look("/").await?;
    assert!(status == 200 && page.contains("<strong>Ann (via sso)</strong>"), "{page}");
    assert_eq!(ann.look("/audit").await?.0, 200, "an operator");

    // An address that leads elsewhere leads to the beginning.
    let mut other = Browser::new(&host.url)?;
    let answer = other.sign_in("vic", "//evil.example").await?;
    assert_eq!(located(&answer)?, "/");
    let refused = other.post("/tools", "pause=").await?;
    assert!(refused.status() == 403 && other.look("/").await?.0 == 200, "a viewer");
    // Nobody gives them a role.
    let mut eve = Browser::new(&host.url)?;
    let answer = eve.sign_in("eve", "/").await?;
    assert_eq!(answer.status(), 403);
    let page = answer.text().await?;
    assert!(page.contains("none of your groups has a role here: strangers") && eve.look("/").await?.0 == 303, "{page}");
    // Whoever is called as somebody here is another person, is shown as one, and has nothing of theirs.
    let mut mallory = Browser::new(&host.url)?;
    assert_eq!(mallory.sign_in("mallory", "/").await?.status(), 303);
    let (status, page) = mallory.look("/me").await?;
    assert!(status == 200 && page.contains("ADA (via sso)") && page.contains("operator"), "{page}");
    assert_eq!(mallory.look("/people").await?.0, 403, "ada is an admin, and this is not ada");

    // What comes a second time, in another browser or without its own beginning lets nobody in.
    let mut victim = Browser::new(&host.url)?;
    let back = victim.at_the_provider("vic", "/").await?;
    let mut attacker = Browser::new(&host.url)?;
    let own = attacker.at_the_provider("ann", "/").await?;
    for (browser, path) in [(&mut attacker, &back), (&mut victim, &own)] {
        let answer = browser.get(path).await?;
        assert_eq!(answer.status(), 403, "swapped");
        assert!(answer.text().await?.contains("was not begun in this browser"));
        assert_eq!(browser.look("/").await?.0, 303);
    }
    let back = victim.at_the_provider("vic", "/").await?;
    let kept = victim.cookies()?.clone();
    assert_eq!(victim.get(&back).await?.status(), 303);
    let mut replayed = Browser::new(&host.url)?;
    *replayed.cookies()? = kept;
    assert_eq!(replayed.get(&back).await?.status(), 403, "the same once more, cookie and all");

    // Out here and there.
    let answer = ann.post("/sign-out", "everywhere=no").await?;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await?;
    let there = page.split("id=\"there\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let there = there.replace("&amp;", "&");
    assert!(there.starts_with(&provider.issuer) && there.contains("id_token_hint="), "{page}");
    assert_eq!(ann.look("/").await?.0, 303);
    let answer = ann.get(&there).await?;
    ensure!(answer.status() == 200, "{}", answer.text().await?);

    // A group that was taken away is not there with the next sign-in.
    provider.set_people(&people(&["staff"])).await?;
    let mut ann = Browser::new(&host.url)?;
    assert_eq!(ann.sign_in("ann", "/").await?.status(), 303);
    assert_eq!(ann.look("/audit").await?.0, 403, "no operator any more");

    // The record of who came is written behind the answer.
    let deadline = Instant::now() + PATIENCE;
    let (text, of) = loop {
        let (code, text, problems) = run(folder.path(), &environment, &["audit", "--json", "--limit", "100"]).await?;
        assert_eq!(code, 0, "{problems}");
        let all: Value = serde_json::from_str(&text)?;
        let of = move |outcome: &str| {
            let fits = |one: &&Value| one["route"] == "GET /oidc/callback" && one["outcome"] == outcome;
            all["audit"].as_array().unwrap().iter().filter(fits).cloned().collect::<Vec<_>>()
        };
        if of("done").len() >= 5 {
            break (text, of);
        }
        ensure!(Instant::now() < deadline, "{text}");
        sleep(Duration::from_millis(50)).await;
    };
    let done = of("done");
    assert_eq!(done.len(), 5, "{done:#?}");
    let proof = &done.last().unwrap()["person"]["proof"]["oidc"];
    assert_eq!((proof["issuer"].as_str(), proof["subject"].as_str()), (Some(provider.issuer.as_str()), Some("ann")));
    assert!(of("refused").iter().any(|one| one["why"].as_str().unwrap().contains("strangers")), "{text}");
    assert!(!text.contains(SECRET) && !text.contains("code="), "{text}");
    host.kill().await?;

    // The provider is away: the host starts, and its page says so.
    drop(provider);
    let host = Process::serve(folder.path(), &environment).await?;
    let mut ann = Browser::new(&host.url)?;
    let answer = ann.get("/oidc/sign-in").await?;
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await?.contains("The provider cannot be asked now"));
    assert!(ann.look("/sign-in").await?.1.contains("The provider cannot be asked now"));
    host.kill().await
}
