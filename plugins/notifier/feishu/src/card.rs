//! The card: colour, title, mentions, text, fields and buttons.

use serde_json::{Value, json};

use crate::bindings::exports::tidegate::plugin::notifier::{Notification, Occasion, Purpose};
use crate::settings::Settings;
use crate::{cut, escape, link, markdown};

const TITLE_BYTES: usize = 300;
const FIELDS: usize = 12;
const FIELD_BYTES: usize = 300;
const BUTTONS: usize = 5;

/// A card whose text can still be shortened.
pub(crate) struct Card<'a> {
    message: &'a Notification,
    /// What is read first, and the detail.
    texts: [String; 2],
    mention: Option<String>,
    fields: Vec<Value>,
    buttons: Vec<Value>,
}

impl<'a> Card<'a> {
    /// Lays a message out.
    pub fn new(message: &'a Notification, settings: &Settings) -> Self {
        let wanted = settings.mention_on.contains(&message.occasion) && !settings.mentions.is_empty();
        let mention = wanted.then(|| {
            let ids = settings.mentions.iter().map(|id| format!("<at id={id}></at>"));
            ids.collect::<Vec<_>>().join(" ")
        });
        let mut buttons = Vec::new();
        let mut fields: Vec<Value> = message.facts.iter().map(|(name, value)| field(name, value)).collect();
        // Where an alert leads nobody is invited by a button: the text names it, and its host.
        for link in message.links.iter().filter(|link| !link.from_alert) {
            match link::parse(&link.url) {
                Some(target) => buttons.push(button(&link.title, &target, link.purpose)),
                None => fields.push(field(&link.title, &link.url)),
            }
        }
        fields.truncate(FIELDS);
        buttons.truncate(BUTTONS);
        Self { message, texts: texts(message), mention, fields, buttons }
    }

    /// The card with at most `bytes` of the message's text.
    pub fn render(&self, bytes: usize) -> Value {
        let message = self.message;
        let mut elements = Vec::new();
        if let Some(mention) = &self.mention {
            elements.push(block(mention));
        }
        let [first, detail] = &self.texts;
        let shown = |text: &str, bytes: usize| {
            let mut shown = markdown::convert(cut::at_line(text, bytes));
            if text.len() > bytes {
                shown.push_str(if message.language == "zh" {
                    "\n……（内容过长，已截断）"
                } else {
                    "\n… (cut)"
                });
            }
            shown
        };
        if !first.is_empty() {
            elements.push(block(&shown(first, bytes)));
        }
        if !self.buttons.is_empty() {
            elements.push(json!({"tag": "action", "actions": self.buttons}));
        }
        if !self.fields.is_empty() {
            elements.push(json!({"tag": "hr"}));
            elements.push(json!({"tag": "div", "fields": self.fields}));
        }
        // Last, because whoever reads it scrolls.
        if !detail.is_empty() && bytes > first.len() {
            elements.push(json!({"tag": "hr"}));
            elements.push(block(&shown(detail, bytes - first.len())));
        }
        let title = escape::flat(&message.title);
        json!({
            "config": {"wide_screen_mode": true},
            "header": {
                "title": {"tag": "plain_text", "content": cut::at_most(&title, TITLE_BYTES)},
                "template": colour(message),
            },
            "elements": elements,
        })
    }

    /// Leaves out the least important part that is not text; false when nothing is left.
    pub fn drop_part(&mut self) -> bool {
        self.fields.pop().or_else(|| self.buttons.pop()).is_some()
    }
}

/// The text up to the first break and behind it, without lines that only repeat what buttons say.
fn texts(message: &Notification) -> [String; 2] {
    let buttons = message.links.iter().filter(|link| !link.from_alert && link::parse(&link.url).is_some());
    let urls: Vec<String> = buttons.map(|link| format!("]({})", link.url)).collect();
    let (mut first, mut detail, mut behind) = (Vec::<&str>::new(), Vec::new(), false);
    for line in message.body_markdown.lines() {
        match line {
            "---" if !behind => behind = true,
            _ if urls.iter().any(|url| line.contains(url.as_str())) => {}
            "" if !behind && first.last().is_some_and(|last| last.is_empty()) => {}
            _ if behind => detail.push(line),
            _ => first.push(line),
        }
    }
    [first, detail].map(|lines| lines.join("\n").trim().to_string())
}

/// The end of the story first, else how bad it is.
fn colour(message: &Notification) -> &'static str {
    match message.occasion {
        Occasion::Resolved => return "green",
        Occasion::Answered => return "grey",
        Occasion::Approval | Occasion::Report => {}
    }
    match (message.outcome.as_str(), message.severity.as_str()) {
        ("fixed" | "resolved", _) => "green",
        ("suppressed", _) => "grey",
        ("error", _) | (_, "critical" | "error") => "red",
        (_, "info") => "blue",
        _ => "orange",
    }
}

fn block(content: &str) -> Value {
    json!({"tag": "div", "text": {"tag": "lark_md", "content": content}})
}

fn field(name: &str, value: &str) -> Value {
    let value = escape::line(cut::at_most(value, FIELD_BYTES));
    let content = format!("**{}**\n{value}", escape::line(cut::at_most(name, FIELD_BYTES)));
    // Two short fields share a row.
    json!({"is_short": value.len() <= 40, "text": {"tag": "lark_md", "content": content}})
}

/// How a button looks is settled by what it is for.
fn button(name: &str, link: &link::Link, purpose: Purpose) -> Value {
    let name = escape::flat(name);
    let text = format!("{} ({})", cut::at_most(&name, 60), cut::at_most(&link.host, 60));
    json!({
        "tag": "button",
        "text": {"tag": "plain_text", "content": text},
        "url": link.url,
        "type": match purpose {
            Purpose::Approve => "primary",
            Purpose::Deny => "danger",
            Purpose::Incident | Purpose::Runbook | Purpose::Source => "default",
        },
    })
}
