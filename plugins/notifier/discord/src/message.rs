//! The message: title and mentions as content, which a telephone shows; text, detail and facts as embeds.

use serde_json::{Value, json};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::Notification;
use tidegate_plugin::text::{Limit, cut};

use crate::settings::{Settings, Snowflake};

/// Content has 2,000 characters and mentions come first.
const TITLE: Limit = Limit::utf16(1000);
/// All embeds of a message have 6,000 together.
const FIRST: Limit = Limit::utf16(3500);
const DETAIL: Limit = Limit::utf16(1800);
const FOOTER: Limit = Limit::utf16(500);

/// The body.
pub(crate) fn message(message: &Notification, settings: &Settings) -> Value {
    let wanted = message.is_one_of(&settings.mention_on);
    let ids = |ids: &[Snowflake]| -> Vec<String> { ids.iter().filter(|_| wanted).map(|id| id.0.clone()).collect() };
    let (users, roles) = (ids(&settings.mention_users), ids(&settings.mention_roles));
    let mentions = users.iter().map(|id| format!("<@{id}> ")).chain(roles.iter().map(|id| format!("<@&{id}> ")));
    let title = Markup::DISCORD.strong(&cut(&message.title_line(), Limit::utf16(400)));
    let title =
        if TITLE.holds(&title) { title } else { cut(&message.title_line(), Limit::utf16(400)).replace('@', "＠") };
    let (first, detail) = message.text_beside_buttons();
    let color = message.tone().rgb();
    // A webhook may show no buttons.
    let links = message.links_line(&Markup::DISCORD);
    let room = FIRST.most.saturating_sub(FIRST.unit.length(&links));
    let text = Markup::DISCORD.write_within(&first, Limit { most: room, ..FIRST });
    let mut embeds = vec![embed(format!("{text}\n\n{links}").trim(), color)];
    if !detail.is_empty() {
        embeds.push(embed(&Markup::DISCORD.write_within(&detail, DETAIL), color));
    }
    let facts = message.facts_line();
    if let (false, Some(last)) = (facts.is_empty(), embeds.last_mut().and_then(Value::as_object_mut)) {
        // A footer knows no markup.
        last.insert("footer".into(), json!({"text": cut(&facts, FOOTER)}));
    }
    json!({
        "content": format!("{}{} {title}", mentions.collect::<String>(), message.tone().emoji()),
        "embeds": embeds,
        // What text looks like mentions nobody.
        "allowed_mentions": {"parse": [], "users": users, "roles": roles},
    })
}

fn embed(text: &str, color: u32) -> Value {
    json!({"description": text, "color": color})
}
