//! The shape of a card, version 1 and version 2: what Feishu would not draw is refused, with the place
//! of the mistake.

use serde_json::Value;

const TEMPLATES: &[&str] = &[
    "blue",
    "wathet",
    "turquoise",
    "green",
    "yellow",
    "orange",
    "red",
    "carmine",
    "violet",
    "purple",
    "indigo",
    "grey",
    "default",
];

/// Checks a message with a card and returns the card.
pub fn check(message: &Value) -> Result<Value, String> {
    let card = message.get("card").filter(|card| card.is_object()).ok_or("there is no card")?;
    if let Some(header) = card.get("header") {
        plain_or_markdown(header.get("title"), "header.title")?;
        if let Some(template) = header.get("template") {
            let known = template.as_str().is_some_and(|name| TEMPLATES.contains(&name));
            known.then_some(()).ok_or(format!("header.template {template} is not a colour"))?;
        }
    }
    let second = card.get("schema").and_then(Value::as_str) == Some("2.0");
    let (list, place) = match second {
        true if card.get("elements").is_some() => {
            return Err("a card of schema 2.0 has its elements in body".to_owned());
        }
        true => (card.pointer("/body/elements"), "body.elements"),
        false => (card.get("elements"), "elements"),
    };
    let list = list.and_then(Value::as_array).filter(|list| !list.is_empty());
    for (index, one) in list.ok_or(format!("{place} is empty"))?.iter().enumerate() {
        element(one, second).map_err(|why| format!("{place}[{index}]: {why}"))?;
    }
    Ok(card.clone())
}

fn element(element: &Value, second: bool) -> Result<(), String> {
    match element.get("tag").and_then(Value::as_str) {
        Some("hr") => Ok(()),
        Some("markdown") => text(element.get("content"), "content"),
        Some("div") => match element.get("fields").and_then(Value::as_array) {
            Some(fields) if !fields.is_empty() => {
                fields.iter().try_for_each(|field| plain_or_markdown(field.get("text"), "fields.text"))
            }
            _ => plain_or_markdown(element.get("text"), "text"),
        },
        Some("note" | "action") if second => Err("this tag is gone in schema 2.0".to_owned()),
        Some("note") => {
            let parts = element.get("elements").and_then(Value::as_array).filter(|parts| !parts.is_empty());
            parts
                .ok_or("a note without elements")?
                .iter()
                .try_for_each(|part| plain_or_markdown(Some(part), "elements"))
        }
        Some("action") => {
            let actions = element.get("actions").and_then(Value::as_array).filter(|actions| !actions.is_empty());
            actions.ok_or("an action without actions")?.iter().try_for_each(button)
        }
        Some("button") if second => button(element),
        Some("column_set" | "img" | "table" | "collapsible_panel") => Ok(()),
        Some(other) => Err(format!("unknown tag {other}")),
        None => Err("an element without tag".to_owned()),
    }
}

fn button(button: &Value) -> Result<(), String> {
    if button.get("tag").and_then(Value::as_str) != Some("button") {
        return Err("only buttons are known in an action".to_owned());
    }
    if let Some(url) = button.get("url") {
        let absolute = url.as_str().is_some_and(|url| url.starts_with("http://") || url.starts_with("https://"));
        absolute.then_some(()).ok_or(format!("the address {url} is not absolute"))?;
    }
    plain_or_markdown(button.get("text"), "text")
}

fn plain_or_markdown(value: Option<&Value>, place: &str) -> Result<(), String> {
    let value = value.ok_or(format!("{place} is missing"))?;
    match value.get("tag").and_then(Value::as_str) {
        Some("plain_text" | "lark_md" | "markdown") => text(value.get("content"), place),
        other => Err(format!("{place} has the tag {other:?} instead of plain_text or lark_md")),
    }
}

fn text(value: Option<&Value>, place: &str) -> Result<(), String> {
    let filled = value.and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    filled.then_some(()).ok_or(format!("{place} has no text"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_versions_of_cards_are_accepted() {
        let first = json!({ "card": { "header": { "title": { "tag": "plain_text", "content": "t" }, "template": "red" },
            "elements": [{ "tag": "div", "text": { "tag": "lark_md", "content": "**x**" } }, { "tag": "hr" }] } });
        let second =
            json!({ "card": { "schema": "2.0", "body": { "elements": [{ "tag": "markdown", "content": "x" }] } } });
        check(&first).expect("a card of version 1");
        check(&second).expect("a card of version 2");
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let empty = json!({ "card": { "elements": [] } });
        assert_eq!(check(&empty).expect_err("no elements"), "elements is empty");
        let bad = json!({ "card": { "elements": [{ "tag": "hr" }, { "tag": "div", "text": { "tag": "md", "content": "x" } }] } });
        assert!(check(&bad).expect_err("a wrong tag").starts_with("elements[1]: text has the tag"));
    }
}
