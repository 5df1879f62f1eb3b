//! The message: title and mentions as text, which a telephone shows; what is wrong, the buttons and the facts as a
//! card, with the detail folded.

use serde_json::{Value, json};
use tidegate_plugin::markdown::{CodeStyle, Document, Markup, QuoteStyle};
use tidegate_plugin::notifier::{Button, Notification};
use tidegate_plugin::text::{Limit, cut};

use crate::settings::Settings;

/// A message has 32,000 bytes.
const BYTES: usize = 30_000;
const TITLE: Limit = Limit::characters(300);
const FACTS: Limit = Limit::characters(1000);
const BUTTON: Limit = Limit::characters(60);
const BUTTONS: usize = 6;

/// Text of a card is HTML of few tags, without any for code.
const CARD: Markup =
    Markup {
        code: CodeStyle::Text, code_block: CodeStyle::Text, quote: QuoteStyle::Prefix("│ "), ..Markup::TELEGRAM
    };

/// The body with as much of the text as fits.
pub(crate) fn fitting(message: &Notification, settings: &Settings) -> Value {
    message.fitting(|first, detail| body(message, settings, first, detail), |body| body.to_string().len() <= BYTES)
}

fn body(message: &Notification, settings: &Settings, first: &Document, detail: &Document) -> Value {
    let mentioned: &[_] = if message.is_one_of(&settings.mention_on) { &settings.mentions } else { &[] };
    let mentions: String = mentioned.iter().map(|user| format!("<users/{}> ", user.0)).collect();
    let title = Markup::GOOGLE_CHAT.strong(&cut(&message.title_line(), TITLE));
    let mut widgets = vec![paragraph(&CARD.write(first))];
    let buttons: Vec<Value> = message.buttons().iter().take(BUTTONS).map(button).collect();
    if !buttons.is_empty() {
        widgets.push(json!({"buttonList": {"buttons": buttons}}));
    }
    let mut sections = vec![json!({"widgets": widgets})];
    let facts = message.facts_line();
    if !facts.is_empty() {
        sections.push(json!({"widgets": [paragraph(&CARD.line(&cut(&facts, FACTS)))]}));
    }
    if !detail.is_empty() {
        let header = message.word("Detail", "详情");
        let widgets = [paragraph(&CARD.write(detail))];
        sections
            .push(json!({"header": header, "collapsible": true, "uncollapsibleWidgetsCount": 0, "widgets": widgets}));
    }
    json!({
        "text": format!("{mentions}{} {title}", message.tone().emoji()),
        "cardsV2": [{"cardId": "tidegate", "card": {"sections": sections}}],
        "thread": {"threadKey": message.incident_key()},
    })
}

fn paragraph(html: &str) -> Value {
    json!({"textParagraph": {"text": html}})
}

fn button(button: &Button) -> Value {
    let text = format!("{} ({})", cut(&button.title, Limit::characters(30)), button.link.host);
    json!({"text": cut(&text, BUTTON), "onClick": {"openLink": {"url": button.link.url}}})
}
