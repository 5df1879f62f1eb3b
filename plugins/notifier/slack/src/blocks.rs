//! The message's blocks: title, mentions, text, buttons, facts and detail.

use serde_json::{Value, json};
use tidegate_plugin::markdown::{Document, Markup};
use tidegate_plugin::notifier::{Button, Notification, Purpose};
use tidegate_plugin::text::{Limit, cut};

use crate::settings::Settings;

const HEADER: Limit = Limit::utf16(150);
/// Slack refuses a message of more than about 13,000 characters in all, though a section takes 3,000.
const SECTION: Limit = Limit::utf16(3000);
const CONTEXT: Limit = Limit::utf16(1000);
const BUTTON: Limit = Limit::utf16(75);
const BUTTONS: usize = 5;
/// What a telephone's notification shows.
const FALLBACK: Limit = Limit::utf16(500);

/// Text and blocks of a message; the members that say where it goes are the caller's.
pub(crate) fn message(message: &Notification, settings: &Settings) -> Value {
    let title = format!("{} {}", message.tone().emoji(), message.title_line());
    let mut blocks = vec![json!({"type": "header", "text": plain(&title, HEADER)})];
    let mention = mention(message, settings);
    if let Some(mention) = &mention {
        blocks.push(section(mention));
    }
    let (first, detail) = message.text_beside_buttons();
    push_text(&mut blocks, &first);
    let buttons: Vec<Value> = message.buttons().iter().take(BUTTONS).enumerate().map(button).collect();
    if !buttons.is_empty() {
        blocks.push(json!({"type": "actions", "elements": buttons}));
    }
    let facts = cut(&message.facts_line(), CONTEXT).into_owned();
    if !facts.is_empty() {
        blocks.push(json!({"type": "context", "elements": [{"type": "plain_text", "text": facts, "emoji": false}]}));
    }
    // Last, because whoever reads it scrolls.
    if !detail.is_empty() {
        blocks.push(json!({"type": "divider"}));
        push_text(&mut blocks, &detail);
    }
    let fallback = Markup::SLACK.line(&cut(&title, FALLBACK));
    let text = mention.map_or_else(|| fallback.clone(), |mention| format!("{mention} {fallback}"));
    json!({"text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

fn mention(message: &Notification, settings: &Settings) -> Option<String> {
    let wanted = !settings.mentions.is_empty() && message.is_one_of(&settings.mention_on);
    wanted.then(|| settings.mentions.iter().map(|one| one.markup()).collect::<Vec<_>>().join(" "))
}

fn push_text(blocks: &mut Vec<Value>, text: &Document) {
    let text = Markup::SLACK.write_within(text, SECTION);
    // An empty section is refused.
    if !text.trim().is_empty() {
        blocks.push(section(&text));
    }
}

fn section(markup: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": markup, "verbatim": true}})
}

fn plain(text: &str, limit: Limit) -> Value {
    // What a title says stays text: with `emoji` a name between colons is a picture.
    json!({"type": "plain_text", "text": cut(text, limit), "emoji": false})
}

fn button((at, button): (usize, &Button)) -> Value {
    let text = format!("{} ({})", cut(&button.title, Limit::utf16(40)), button.link.host);
    let mut made = json!({"type": "button", "text": plain(&text, BUTTON), "url": button.link.url, "action_id": format!("open-{at}")});
    let style = match button.purpose {
        Purpose::Approve => "primary",
        Purpose::Deny => "danger",
        Purpose::Incident | Purpose::Runbook | Purpose::Source => return made,
    };
    if let Some(members) = made.as_object_mut() {
        members.insert("style".into(), json!(style));
    }
    made
}
