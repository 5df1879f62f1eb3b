//! Notifier for any HTTP endpoint: one POST per message with everything the host knows.
//!
//! Success is a 2xx status, unless it comes with a web page: then something in front of the endpoint has answered.
//! What else the endpoint writes beside it is not read. Delivery is at least once, so a receiver should drop a repeated `Idempotency-Key`.

mod alertmanager;
mod text;

use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_plugin::http::{Encoding, Request, Secret, Success, Template, signature};
use tidegate_plugin::notifier::{CallError, Delivery, Notification};
use tidegate_plugin::settings::{SecretChoice, wrong};

const TIMESTAMP: &str = "X-Tidegate-Timestamp";
const SIGNATURE: &str = "X-Tidegate-Signature";

/// Bytes of a body: the host sends none of more than 1 MiB, and the values of secrets need room.
const BYTES: usize = 1_000_000;

/// Names that the plugin sets itself; two values of one header would leave the choice to chance.
const OWN: [&str; 4] = ["content-type", "idempotency-key", "x-tidegate-timestamp", "x-tidegate-signature"];

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where to post. May hold `{{secret:name}}`.
    url: Template,
    /// More headers, such as `Authorization = "Bearer {{secret:token}}"`.
    #[serde(default)]
    headers: BTreeMap<String, Template>,
    /// `true` signs with the secret `sign-secret`; a string names another secret.
    #[serde(default)]
    sign: SecretChoice,
    /// Which body is posted: `tidegate`; `alertmanager` for receivers of Alertmanager's webhooks; `text` for those of a plain
    /// text, and `xiezuo` for its bots.
    #[serde(default)]
    format: Format,
    /// What is put behind a text.
    #[serde(default)]
    append: String,
    /// How long to wait for the answer. The host's own deadline applies in any case.
    #[cfg_attr(test, schemars(range(min = 1)))]
    timeout_ms: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Tidegate,
    Alertmanager,
    Text,
    Xiezuo,
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    if matches!(settings.format, Format::Text | Format::Xiezuo) && !text::is_told(message) {
        return Ok(None);
    }
    request(settings, message)?.send("the endpoint", message.now_ms).success(Success::Anything)?;
    // An endpoint knows a message by its id, so that is the reference: with it comes the event that a
    // question is over.
    // To a receiver of Alertmanager's it would be the same alerts once more.
    Ok((settings.format == Format::Tidegate).then(|| message.message_id.clone()))
}

/// What is signed is `<timestamp>.<body>`: with the time inside, a request that somebody recorded
/// is worthless later. Each attempt signs anew.
fn request(settings: &Settings, message: &Notification) -> Result<Request, CallError> {
    if settings.url.is_empty() {
        return Err(wrong("url", "expected an address"));
    }
    if !settings.append.is_empty() && !matches!(settings.format, Format::Text | Format::Xiezuo) {
        return Err(wrong("append", "only the formats text and xiezuo have a text that it could be put behind"));
    }
    let post = Request::post(&settings.url);
    let post = match settings.format {
        Format::Tidegate => post.json(message.whole(BYTES)),
        Format::Alertmanager => post.json(alertmanager::fitting(message)),
        // Receivers of ops's hooks are used to this type, whatever the text is.
        Format::Text => post.text("application/json", &text::plain(message, &settings.append)),
        Format::Xiezuo => post.json(text::xiezuo(message, &settings.append)),
    };
    let mut request = post.header("Idempotency-Key", message.delivery_id.as_str()).timeout_ms(settings.timeout_ms);
    let seconds = (message.now_ms / 1000).to_string();
    if let Some(secret) = settings.sign.name("sign-secret") {
        let text = format!("{seconds}.{}", request.body());
        let signature = signature(Secret::named(secret), text.as_str(), Encoding::Hex)?;
        request = request.header(SIGNATURE, format!("sha256={signature}").as_str());
    }
    request = request.header(TIMESTAMP, seconds.as_str());
    for (name, value) in &settings.headers {
        if OWN.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(wrong(&format!("headers.{name}"), "the plugin sets this header itself"));
        }
        request = request.header(name, value);
    }
    Ok(request)
}

#[cfg(test)]
mod tests;
