//! A message as Jira's API takes text: a document in version 3, wiki markup in version 2.

use serde_json::{Value, json};
use tidegate_plugin::markdown::{Block, Document, Inline, Markup};
use tidegate_plugin::notifier::Notification;
use tidegate_plugin::text::{Limit, most_that_fits};

use crate::settings::Api;

/// Characters of a description or a comment.
const TEXT: usize = 32_767;

/// The whole message with as much of it as Jira takes.
pub(crate) fn text(message: &Notification, api: Api) -> Value {
    match api {
        Api::DataCenter => {
            let head = format!("{} {}", message.tone().emoji(), Markup::JIRA_WIKI.strong(&message.title_line()));
            json!(message.post(&Markup::JIRA_WIKI, &head, Limit::utf16(TEXT)))
        }
        Api::Cloud => {
            let document = document(message);
            // The limit is on the document as it is stored.
            let fits = |adf: &Value| adf.to_string().encode_utf16().count() <= TEXT;
            most_that_fits(document.length(), |most| document.beginning(most).to_adf(), fits)
        }
    }
}

/// Title and links first: a cut takes neither away.
fn document(message: &Notification) -> Document {
    let (first, detail) = message.text_beside_buttons();
    let title = format!("{} {}", message.tone().emoji(), message.title_line());
    let mut blocks = vec![Block::Paragraph(vec![Inline::Strong(vec![Inline::Text(title)])])];
    let mut links = Vec::new();
    for button in message.buttons() {
        if !links.is_empty() {
            links.push(Inline::Text(" · ".into()));
        }
        links.push(Inline::Link(vec![Inline::Text(button.title)], button.link));
    }
    if !links.is_empty() {
        blocks.push(Block::Paragraph(links));
    }
    blocks.extend(first.blocks);
    if !detail.is_empty() {
        blocks.push(Block::Rule);
        blocks.extend(detail.blocks);
    }
    Document { blocks }
}
