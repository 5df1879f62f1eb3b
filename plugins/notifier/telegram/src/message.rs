//! The text, and a button for each link of the host.

use serde_json::{Map, Value, json};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{Button, Notification};
use tidegate_plugin::text::{Limit, cut, cut_at_line};

/// Telegram counts what is left when the markup is read; the markup itself is counted here, which is more.
const TEXT: usize = 4096;
const TITLE: Limit = Limit::utf16(300);
const BUTTON: Limit = Limit::characters(60);
const BUTTONS: usize = 6;

/// How the text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Html,
    /// Without markup and buttons, for what Telegram does not understand.
    Plain,
}

/// The members of the body that say what is shown.
pub(crate) fn message(message: &Notification, form: Form) -> Value {
    let title = cut(&message.title_line(), TITLE).into_owned();
    let emoji = message.tone().emoji();
    let shown = match form {
        Form::Html => {
            let title = format!("{emoji} {}\n\n", Markup::TELEGRAM.strong(&title));
            let room = TEXT.saturating_sub(title.encode_utf16().count());
            let text = Markup::TELEGRAM.write_within(&message.whole_text_beside_buttons(), Limit::utf16(room));
            let rows: Vec<Value> = message.buttons().iter().take(BUTTONS).map(button).collect();
            json!({"text": title + &text, "parse_mode": "HTML", "reply_markup": {"inline_keyboard": rows}})
        }
        Form::Plain => {
            let links = message.links_line(&Markup::PLAIN);
            let text = Markup::PLAIN.write(&message.whole_text_beside_buttons());
            json!({"text": cut_at_line(&format!("{emoji} {title}\n{links}\n\n{text}"), Limit::utf16(TEXT))})
        }
    };
    let mut body = json!({"link_preview_options": {"is_disabled": true}});
    extend(&mut body, shown);
    body
}

fn button(button: &Button) -> Value {
    let title = format!("{} ({})", cut(&button.title, Limit::characters(30)), button.link.host);
    json!([{"text": cut(&title, BUTTON), "url": button.link.url}])
}

pub(crate) fn extend(body: &mut Value, more: Value) {
    if let (Some(members), Value::Object(more)) = (body.as_object_mut(), more) {
        members.extend::<Map<String, Value>>(more);
    }
}
