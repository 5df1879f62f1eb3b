//! Notifier for Pushover: a notification on telephones, which rings until somebody acknowledges it where that is wanted.
//!
//! There is no idempotency key, so a lost answer may show a notification twice.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_plugin::http::{Request, Said, Secret, Success, Template, segment};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{CallError, Delivery, Notification, Occasion, Purpose, Tone, reference};
use tidegate_plugin::text::{Limit, cut};

const TITLE: Limit = Limit::utf16(250);
const MESSAGE: Limit = Limit::utf16(1024);
const URL: usize = 512;
const URL_TITLE: Limit = Limit::utf16(100);
/// How often it rings, and for how long, in seconds: as long as Pushover allows.
const RETRY: u32 = 60;
const EXPIRE: u32 = 10_800;

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Devices, where not all of the user's are meant.
    #[serde(default)]
    devices: Vec<String>,
    /// Whether a question rings every minute until somebody acknowledges it or it is over, at most three hours.
    #[serde(default)]
    emergency: bool,
    /// A sound of Pushover's, instead of each user's own.
    sound: Option<String>,
}

/// What ends the ringing.
#[derive(Serialize, Deserialize)]
struct Rings {
    receipt: String,
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let rang: Vec<Rings> = match message.occasion {
        // Other questions may be open.
        Occasion::Approval => vec![],
        Occasion::Answered => message.to_change().into_iter().collect(),
        Occasion::Report | Occasion::Resolved => message.earlier.iter().filter_map(|sent| sent.read()).collect(),
    };
    for rings in &rang {
        cancel(message, rings)?;
    }
    if message.occasion == Occasion::Answered {
        // A notification cannot be changed, and the report follows.
        return Ok(None);
    }
    let rings = settings.emergency && message.occasion == Occasion::Approval;
    let request = Request::post("https://api.pushover.net/1/messages.json").json(body(message, settings, rings));
    let request = request.secret_at("/token", Secret::named("token")).secret_at("/user", Secret::named("user"));
    let accepted = request.send("Pushover", message.now_ms).judged(Success::AsSaid, said)?;
    match accepted.json.get("receipt").and_then(Value::as_str) {
        Some(receipt) => reference(&Rings { receipt: receipt.into() }),
        None => Ok(None),
    }
}

fn body(message: &Notification, settings: &Settings, rings: bool) -> Value {
    let title = format!("{} {}", message.tone().emoji(), message.title_line());
    let (first, _) = message.text_beside_buttons();
    let mut text = Markup::PLAIN.write_within(&first, MESSAGE);
    if text.is_empty() {
        text = cut(&message.says(), MESSAGE).into_owned();
    }
    let mut body = json!({
        "token": "", "user": "",
        "title": cut(&title, TITLE),
        "message": if text.is_empty() { "…" } else { &text },
        "priority": match (message.tone(), message.occasion) {
            _ if rings => 2,
            (Tone::Red, _) | (_, Occasion::Approval) => 1,
            (Tone::Orange, _) => 0,
            // Neither sound nor vibration.
            (Tone::Green | Tone::Blue | Tone::Grey, _) => -1,
        },
        "timestamp": message.now_ms / 1000,
    });
    let Some(members) = body.as_object_mut() else { return body };
    let mut set = |name: &str, value: Value| drop(members.insert(name.into(), value));
    if rings {
        set("retry", json!(RETRY));
        set("expire", json!(EXPIRE));
    }
    if !settings.devices.is_empty() {
        set("device", json!(settings.devices.join(",")));
    }
    if let Some(sound) = &settings.sound {
        set("sound", json!(sound));
    }
    // There is room for one link: the page that asks, else the incident. A link that says yes at once is none to
    // touch by mistake.
    let buttons = message.buttons();
    let of = |purpose: Purpose| buttons.iter().find(|one| one.purpose == purpose && one.link.url.len() <= URL);
    if let Some(button) = of(Purpose::Approve).or_else(|| of(Purpose::Incident)) {
        let title = match button.purpose {
            Purpose::Approve => message.word("Answer", "去审批").to_string(),
            _ => button.title.clone(),
        };
        set("url", json!(button.link.url.split('#').next()));
        set("url_title", json!(cut(&format!("{title} ({})", button.link.host), URL_TITLE)));
    }
    body
}

fn cancel(message: &Notification, rings: &Rings) -> Result<(), CallError> {
    let url = Template::from("https://api.pushover.net/1/receipts/") + segment(&rings.receipt) + "/cancel.json";
    let request = Request::post(url).json(json!({"token": ""})).secret_at("/token", Secret::named("token"));
    let over = |body: &Value| errors(body).contains("receipt");
    let answer = request.send("Pushover", message.now_ms);
    answer.judged(Success::AsSaid, |status, body| if over(body) { Said::Done } else { said(status, body) }).map(drop)
}

fn errors(body: &Value) -> String {
    let all = body.get("errors").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn said(status: u16, body: &Value) -> Said {
    let text = errors(body);
    match body.get("status").and_then(Value::as_u64) {
        Some(1) if status < 300 => Said::Done,
        _ if status < 300 => Said::Again(format!("answered {status} without success: {text}")),
        // They can be set right while the message waits.
        _ if status == 400 && (text.contains("token") || text.contains("user")) => {
            Said::Again(format!("does not know the secret `token` or `user`: {text}"))
        }
        _ if status == 429 && text.contains("quota") => Said::Again(format!("takes no more this month: {text}")),
        _ => Said::Nothing,
    }
}

#[cfg(test)]
mod tests;
