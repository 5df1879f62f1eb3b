//! The card: title, mentions, text, facts, detail and buttons.

use serde_json::{Map, Value, json};
use tidegate_plugin::markdown::{Document, adaptive_text};
use tidegate_plugin::notifier::{Button, Notification, Purpose, Tone};
use tidegate_plugin::text::{Limit, cut};

use crate::settings::Settings;

/// Teams takes 28 KB with what a workflow adds, and has been seen to refuse less.
const BYTES: usize = 20_000;
const TITLE: Limit = Limit::bytes(600);
const FACTS: Limit = Limit::bytes(1500);
const BUTTON: Limit = Limit::characters(60);
const BUTTONS: usize = 6;

/// The body with as much of the text as fits.
pub(crate) fn fitting(message: &Notification, settings: &Settings) -> Value {
    message.fitting(|first, detail| body(message, settings, first, detail), |body| body.to_string().len() <= BYTES)
}

fn body(message: &Notification, settings: &Settings, first: &Document, detail: &Document) -> Value {
    let title = format!("{} {}", message.tone().emoji(), message.title_line());
    let color = match message.tone() {
        Tone::Red => "Attention",
        Tone::Orange => "Warning",
        Tone::Green => "Good",
        Tone::Blue => "Accent",
        Tone::Grey => "Default",
    };
    let title = cut(&title, TITLE);
    let mut elements = vec![adaptive_text(&title, &json!({"weight": "Bolder", "size": "Large", "color": color}))];
    let mentions = mentions(message, settings);
    if !mentions.is_empty() {
        let names: Vec<&str> = mentions.iter().filter_map(|mention| mention.get("text")?.as_str()).collect();
        elements.push(json!({"type": "TextBlock", "text": names.join(" "), "wrap": true}));
    }
    elements.extend(first.to_adaptive_card());
    let facts = message.facts_line();
    if !facts.is_empty() {
        elements.push(adaptive_text(&cut(&facts, FACTS), &json!({"isSubtle": true, "size": "Small"})));
    }
    elements.extend(detail.to_adaptive_card());
    let mut teams = Map::from_iter([("width".to_string(), json!("Full"))]);
    if !mentions.is_empty() {
        teams.insert("entities".into(), json!(mentions));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                // What a telephone's notification shows.
                "fallbackText": title,
                "body": elements,
                "actions": message.buttons().iter().take(BUTTONS).map(button).collect::<Vec<_>>(),
                "msteams": teams,
            },
        }],
    })
}

fn mentions(message: &Notification, settings: &Settings) -> Vec<Value> {
    if !message.is_one_of(&settings.mention_on) {
        return Vec::new();
    }
    let mention =
        |id: &str| json!({"type": "mention", "text": format!("<at>{id}</at>"), "mentioned": {"id": id, "name": id}});
    settings.mentions.iter().map(|user| mention(&user.0)).collect()
}

fn button(button: &Button) -> Value {
    let style = match button.purpose {
        Purpose::Approve => "positive",
        Purpose::Deny => "destructive",
        Purpose::Incident | Purpose::Runbook | Purpose::Source => "default",
    };
    let title =
        cut(&format!("{} ({})", cut(&button.title, Limit::characters(30)), button.link.host), BUTTON).into_owned();
    json!({"type": "Action.OpenUrl", "title": title, "url": button.link.url, "style": style})
}
