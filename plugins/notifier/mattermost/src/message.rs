//! Title and mentions as the message; text, links, facts and detail as attachments.

use serde_json::{Value, json};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::Notification;
use tidegate_plugin::text::{Limit, cut};

use crate::settings::Settings;

const TITLE: Limit = Limit::characters(300);
/// A message has 16,383 characters; an attachment that is long is folded.
const TEXT: Limit = Limit::characters(7000);
const FACTS: Limit = Limit::characters(300);

pub(crate) fn title(message: &Notification, settings: &Settings) -> String {
    let mentioned: &[_] = if message.is_one_of(&settings.mention_on) { &settings.mentions } else { &[] };
    let mentions: String = mentioned.iter().map(|name| format!("@{} ", name.0)).collect();
    let title = Markup::MATTERMOST.strong(&cut(&message.title_line(), TITLE));
    format!("{mentions}{} {title}", message.tone().emoji())
}

pub(crate) fn attachments(message: &Notification) -> Value {
    let (first, detail) = message.text_beside_buttons();
    // A button of Mattermost's calls a server and opens no page, so links are text.
    let links = message.links_line(&Markup::MATTERMOST);
    let room = TEXT.most.saturating_sub(TEXT.unit.length(&links));
    let text = Markup::MATTERMOST.write_within(&first, Limit { most: room, ..TEXT });
    let color = message.tone().hex();
    let fallback = cut(&message.title_line(), TITLE).into_owned();
    let mut first = json!({"fallback": fallback, "color": color, "text": format!("{text}\n\n{links}").trim()});
    // A footer knows no markup.
    let facts = message.facts_line();
    if let (false, Some(members)) = (facts.is_empty(), first.as_object_mut()) {
        members.insert("footer".into(), json!(cut(&facts, FACTS)));
    }
    let mut attachments = vec![first];
    if !detail.is_empty() {
        attachments
            .push(json!({"fallback": "", "color": color, "text": Markup::MATTERMOST.write_within(&detail, TEXT)}));
    }
    json!(attachments)
}
