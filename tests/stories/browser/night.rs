//! Somebody is woken, has a telephone, and answers: who may not is told why, what has changed meanwhile is not answered.

use serde_json::{Value, json};
use tidegate_tests::browser::{Browser, Look};
use tidegate_tests::process::Process;
use tidegate_tests::rig::POD_NOT_READY;

use super::{ENTER, LISTENS, TAB, joins, question, signs_in};
use crate::links::{ADA, EVE, rig};

/// What somebody else does meanwhile, by the API.
async fn meanwhile(host: &Process, path: &str, body: Value) -> anyhow::Result<()> {
    let http = tidegate::network::builder().build()?;
    let sent = http.post(format!("{}/v1/incidents/{path}", host.url)).bearer_auth(ADA).json(&body).send().await?;
    let (status, text) = (sent.status(), sent.text().await?);
    anyhow::ensure!(status.is_success(), "{path}: {status}: {text}");
    Ok(())
}

/// The incident of a question's page.
fn incident(question: &str) -> &str {
    question.trim_start_matches("/i/").trim_end_matches("/a1")
}

async fn signs_out(browser: &Browser) -> anyhow::Result<()> {
    browser.click("form[action='/sign-out'] button[value=no]").await
}

/// Both buttons, whether they are off, and what describes the yes.
const BUTTONS: &str = "const [no, yes] = ['deny', 'approve'].map((word) => document.querySelector(`#answer button[value=${word}]`)); \
    return [no.disabled, yes.disabled, document.getElementById(yes.getAttribute('aria-describedby'))?.textContent ?? ''];";

/// What has the focus: its value, whether nothing hides it, and what it is.
const FOCUS: &str = "const one = document.activeElement, box = one.getClientRects()[0]; \
    const at = document.elementFromPoint(box.left + Math.min(box.width, 40) / 2, box.top + Math.min(box.height, 40) / 2); \
    return [one.value ?? '', one.contains(at), one.id, one.outerHTML.slice(0, 160)];";

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_on_a_telephone() -> anyhow::Result<()> {
    let (rig, _hook) = rig("30m").await?;
    let vic = joins(&rig, "vic", "viewer")?;
    let host = rig.serve().await?;
    let (status, _) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200);
    let first = question(&host, &[]).await?;
    let browser = Browser::start(&host.url).await?;
    browser.looks(Look::TELEPHONE).await?;

    // Whoever may look only finds both answers, and why they cannot be given.
    browser.open(&first).await?;
    signs_in(&browser, &vic).await?;
    assert_eq!(browser.path().await?, first, "who signs in goes on where they wanted to be");
    browser.until("the stream", LISTENS).await?;
    let buttons = browser.script(BUTTONS, &[]).await?;
    assert!(buttons[0] == true && buttons[1] == true, "{buttons}");
    assert!(buttons[2].as_str().unwrap().contains("role responder"), "{buttons}");
    browser.is_content().await?;
    signs_out(&browser).await?;

    // Whoever is no part of the group may say no; what is written is kept when somebody else is quicker.
    signs_in(&browser, EVE).await?;
    browser.open(&first).await?;
    browser.until("the stream", LISTENS).await?;
    let buttons = browser.script(BUTTONS, &[]).await?;
    assert!(buttons[0] == false && buttons[1] == true, "{buttons}");
    assert!(buttons[2].as_str().unwrap().contains("eve is not in the group sre"), "{buttons}");
    browser.write("#comment", "the registry is being moved").await?;
    meanwhile(&host, &format!("{}/actions/a1/deny", incident(&first)), json!({})).await?;
    browser.until("that it has changed", "!document.getElementById('notice').hidden").await?;
    let held =
        "document.querySelector('#answer button[value=deny]').disabled && document.querySelector('#comment').value";
    browser.until("that the answer is off and the words are kept", held).await?;
    browser.click("#notice button").await?;
    browser
        .until("what became of it", "!document.getElementById('answer') && document.body.innerText.includes('ada')")
        .await?;
    browser.is_content().await?;

    // Without script nobody says so before: the host does.
    meanwhile(&host, &format!("{}/rerun", incident(&first)), json!({})).await?;
    let second = question(&host, std::slice::from_ref(&first)).await?;
    browser.runs_scripts(false).await?;
    browser.open(&second).await?;
    meanwhile(&host, &format!("{}/actions/a1/deny", incident(&second)), json!({})).await?;
    browser.click("#answer button[value=deny]").await?;
    browser.until("the refusal", "document.querySelector('#refused')?.textContent.includes('has changed')").await?;
    let complaints = browser.complaints().await?;
    assert!(matches!(&complaints[..], [one] if one.contains("409")), "{complaints:#?}");
    browser.runs_scripts(true).await?;
    browser.open("/").await?;
    signs_out(&browser).await?;

    // Whoever is asked finds the question, reads it and answers, with keys alone.
    meanwhile(&host, &format!("{}/rerun", incident(&second)), json!({})).await?;
    let third = question(&host, &[first, second]).await?;
    signs_in(&browser, ADA).await?;
    browser.until("the stream", LISTENS).await?;
    browser.until("the question", "document.querySelector('#main ul.cards a.button')").await?;
    browser.keys(&format!("j{ENTER}")).await?;
    browser.until("the question's page", &format!("location.pathname === '{third}'")).await?;
    browser.until("the stream", LISTENS).await?;
    let wide = browser.script("return document.documentElement.scrollWidth", &[]).await?;
    assert_eq!(wide, 390, "nothing is beside the screen");
    let mut focus = Value::Null;
    for _ in 0..60 {
        browser.keys(TAB).await?;
        focus = browser.script(FOCUS, &[]).await?;
        assert_eq!(focus[1], true, "the focus is seen: {focus}");
        match (focus[0].as_str(), focus[2].as_str()) {
            (Some("approve"), _) => break,
            (_, Some("comment")) => browser.keys("the tag has a typo").await?,
            _ => {}
        }
    }
    assert_eq!(focus[0], "approve", "{focus}");
    browser.keys(ENTER).await?;
    browser.until("that it helped", "document.querySelector('.state.verified')").await?;
    let page = browser.script("return document.body.innerText", &[]).await?;
    assert!(page.as_str().unwrap().contains("the tag has a typo"), "{page}");
    assert_eq!(rig.patches(), 1);
    browser.is_content().await?;

    // A host that was started anew knows no session: the page says so, and goes on where it was.
    let listen = host.url.trim_start_matches("http://").to_string();
    host.kill().await?;
    let host = Process::serve_at(&listen, rig.folder(), &rig.environment).await?;
    let out = "document.getElementById('notice').innerText.includes('You are signed out')";
    browser.until("that nobody is signed in any more", out).await?;
    browser.click("#notice button").await?;
    signs_in(&browser, ADA).await?;
    assert_eq!(browser.path().await?, third);
    host.kill().await
}
