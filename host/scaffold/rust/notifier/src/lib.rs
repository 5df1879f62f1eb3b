//! Posts the title and the text of a message to a channel.

use serde::Deserialize;
use serde_json::json;
use tidegate_plugin::http::{Request, Secret, Success};
use tidegate_plugin::notifier::{Delivery, Notification};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The channel that messages go to.
    channel: String,
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let text = format!("{}\n{}", message.title, message.body_markdown);
    Request::post("https://chat.example.com/messages")
        // The host fills the secret in on the way out; text of an alert can never stand for one.
        .bearer(Secret::named("token"))
        .json(json!({"channel": settings.channel, "text": text, "key": message.delivery_id}))
        .send("chat.example.com", message.now_ms)
        // What a success looks like, since a proxy's page comes with status 200 too: `Success::Has("/id")` of JSON, say.
        .success(Success::AnyForm)?;
    // A reference to what is shown now, where the target can change it later.
    Ok(None)
}
