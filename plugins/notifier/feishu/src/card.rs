//! The card: colour, title, mentions, text, fields and buttons.

use serde_json::{Value, json};
use tidegate_plugin::markdown::{Document, Markup};
use tidegate_plugin::notifier::{Button, Notification, Purpose, Tone};
use tidegate_plugin::text::{Limit, cut, most_that_fits};

use crate::settings::Settings;

/// A bot takes 20 KB; the rest is for timestamp, signature and escapes.
const CARD_BYTES: usize = 20_000;

const TITLE: Limit = Limit::bytes(300);
const FIELDS: usize = 12;
const FIELD: Limit = Limit::bytes(300);
const BUTTONS: usize = 5;
const BUTTON: Limit = Limit::bytes(60);

/// A card whose text can still be shortened.
pub(crate) struct Card<'a> {
    message: &'a Notification,
    /// What is read first, and the detail.
    texts: (Document, Document),
    mention: Option<String>,
    fields: Vec<Value>,
    buttons: Vec<Value>,
}

impl<'a> Card<'a> {
    /// Lays a message out.
    pub fn new(message: &'a Notification, settings: &Settings) -> Self {
        let wanted = message.is_one_of(&settings.mention_on) && !settings.mentions.is_empty();
        let mention = wanted.then(|| {
            let ids = settings.mentions.iter().map(|id| format!("<at id={}></at>", id.0));
            ids.collect::<Vec<_>>().join(" ")
        });
        let fields = message.facts.iter().take(FIELDS).map(|(name, value)| field(name, value)).collect();
        // Where an alert leads nobody is invited by a button: the text names it, and its host.
        let buttons = message.buttons().iter().take(BUTTONS).map(button).collect();
        Self { message, texts: message.text_beside_buttons(), mention, fields, buttons }
    }

    /// The card with as much of the text as fits.
    pub fn fitting(mut self) -> Value {
        let fits = |card: &Value| card.to_string().len() <= CARD_BYTES;
        while !fits(&self.render(0)) && self.drop_part() {}
        let most = self.texts.0.length() + self.texts.1.length();
        most_that_fits(most, |most| self.render(most), fits)
    }

    /// The card with so many characters of the message's text.
    fn render(&self, most: usize) -> Value {
        let message = self.message;
        let mut elements = Vec::new();
        if let Some(mention) = &self.mention {
            elements.push(block(mention));
        }
        let shown = |text: &Document, most: usize| {
            let mut shown = Markup::LARK.write(&text.beginning(most));
            if text.length() > most {
                shown.push_str(message.word("\n… (cut)", "\n……（内容过长，已截断）"));
            }
            shown
        };
        let (first, detail) = &self.texts;
        if !first.is_empty() {
            elements.push(block(&shown(first, most)));
        }
        if !self.buttons.is_empty() {
            elements.push(json!({"tag": "action", "actions": self.buttons}));
        }
        if !self.fields.is_empty() {
            elements.push(json!({"tag": "hr"}));
            elements.push(json!({"tag": "div", "fields": self.fields}));
        }
        // Last, because whoever reads it scrolls.
        if let Some(most) = most.checked_sub(first.length()).filter(|most| *most > 0 && !detail.is_empty()) {
            elements.push(json!({"tag": "hr"}));
            elements.push(block(&shown(detail, most)));
        }
        json!({
            "config": {"wide_screen_mode": true},
            "header": {
                "title": {"tag": "plain_text", "content": cut(&message.title_line(), TITLE)},
                "template": match message.tone() {
                    Tone::Red => "red",
                    Tone::Orange => "orange",
                    Tone::Green => "green",
                    Tone::Blue => "blue",
                    Tone::Grey => "grey",
                },
            },
            "elements": elements,
        })
    }

    /// Leaves out the least important part that is not text; false when nothing is left.
    fn drop_part(&mut self) -> bool {
        self.fields.pop().or_else(|| self.buttons.pop()).is_some()
    }
}

fn block(content: &str) -> Value {
    json!({"tag": "div", "text": {"tag": "lark_md", "content": content}})
}

fn field(name: &str, value: &str) -> Value {
    let value = Markup::LARK.line(&cut(value, FIELD));
    let content = format!("{}\n{value}", Markup::LARK.strong(&cut(name, FIELD)));
    // Two short fields share a row.
    json!({"is_short": value.len() <= 40, "text": {"tag": "lark_md", "content": content}})
}

/// How a button looks is settled by what it is for.
fn button(button: &Button) -> Value {
    let text = format!("{} ({})", cut(&button.title, BUTTON), cut(&button.link.host, BUTTON));
    json!({
        "tag": "button",
        "text": {"tag": "plain_text", "content": text},
        "url": button.link.url,
        "type": match button.purpose {
            Purpose::Approve => "primary",
            Purpose::Deny => "danger",
            Purpose::Incident | Purpose::Runbook | Purpose::Source => "default",
        },
    })
}
