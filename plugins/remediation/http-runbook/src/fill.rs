//! Puts parameters into what the operator wrote. A secret is only where the operator wrote one.

use std::collections::BTreeMap;

use serde_json::Value;
use tidegate_plugin::http::{Template, segment};

/// Values by the name of their parameter.
pub(crate) type Values = BTreeMap<String, String>;

/// A piece of a text of the settings.
enum Piece<'a> {
    /// As it is; may hold places for secrets.
    Text(&'a str),
    Parameter(&'a str),
}

/// Cuts a text at its parameters.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let (mut pieces, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(brace) = text.get(at..).and_then(|rest| rest.find('{')).map(|found| at + found) {
        let rest = text.get(brace..).unwrap_or_default();
        let end = if rest.starts_with("{{secret:") {
            rest.find("}}").map(|end| end + 2)
        } else {
            rest.find('}').map(|end| end + 1)
        };
        let end = end.ok_or_else(|| "a brace is not closed".to_string())?;
        if !rest.starts_with("{{secret:") {
            let name = rest.get(1..end - 1).unwrap_or_default();
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
                return Err(format!("{{{name}}} is no parameter"));
            }
            pieces.push(Piece::Text(text.get(from..brace).unwrap_or_default()));
            pieces.push(Piece::Parameter(name));
            from = brace + end;
        }
        at = brace + end;
    }
    pieces.push(Piece::Text(text.get(from..).unwrap_or_default()));
    Ok(pieces)
}

/// Whether a URL has its parameters behind its host, and only those that are known.
pub(crate) fn check_url(url: &str, known: &dyn Fn(&str) -> bool) -> Result<(), String> {
    check(url, known)?;
    if url.starts_with("{{secret:") {
        return Ok(());
    }
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = host.ok_or("it begins with neither https:// nor http://")?;
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || (host.contains('{') && !host.starts_with("{{secret:")) {
        return Err("the host must stand there as it is".into());
    }
    Ok(())
}

/// Whether the texts of a body have only parameters that are known.
pub(crate) fn check_body(body: &Value, known: &dyn Fn(&str) -> bool) -> Result<(), String> {
    match body {
        Value::String(text) => check(text, known),
        Value::Array(items) => items.iter().try_for_each(|item| check_body(item, known)),
        Value::Object(members) => members.values().try_for_each(|member| check_body(member, known)),
        _ => Ok(()),
    }
}

fn check(text: &str, known: &dyn Fn(&str) -> bool) -> Result<(), String> {
    for piece in pieces(text)? {
        if let Piece::Parameter(name) = piece
            && !known(name)
        {
            return Err(format!("there is no parameter {name}"));
        }
    }
    Ok(())
}

/// A URL in which each parameter stays one segment of the path or one value of the query.
pub(crate) fn url(text: &str, values: &Values) -> Result<Template, String> {
    let mut out = Template::default();
    for piece in pieces(text)? {
        out = match piece {
            Piece::Text(text) => out + &Template::of_setting(text),
            Piece::Parameter(name) => out + &segment(value(name, values)?),
        };
    }
    Ok(out)
}

/// A body, and the texts in it that hold a secret, by their JSON pointers.
pub(crate) fn body(body: &Value, values: &Values) -> Result<(Value, Vec<(String, Template)>), String> {
    let mut secrets = Vec::new();
    let filled = member(body, values, "", &mut secrets)?;
    Ok((filled, secrets))
}

fn member(
    body: &Value,
    values: &Values,
    pointer: &str,
    secrets: &mut Vec<(String, Template)>,
) -> Result<Value, String> {
    Ok(match body {
        Value::String(text) => {
            let (mut plain, mut template) = (String::new(), Template::default());
            for piece in pieces(text)? {
                match piece {
                    Piece::Text(text) => {
                        plain.push_str(text);
                        template = template + &Template::of_setting(text);
                    }
                    Piece::Parameter(name) => {
                        plain.push_str(value(name, values)?);
                        template = template + value(name, values)?;
                    }
                }
            }
            if template.holds_secret() {
                secrets.push((pointer.to_string(), template));
            }
            Value::String(plain)
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let items = items.map(|(at, item)| member(item, values, &format!("{pointer}/{at}"), secrets));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let mut out = serde_json::Map::new();
            for (name, item) in members {
                let place = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                out.insert(name.clone(), member(item, values, &place, secrets)?);
            }
            Value::Object(out)
        }
        other => other.clone(),
    })
}

fn value<'a>(name: &str, values: &'a Values) -> Result<&'a str, String> {
    values.get(name).map(String::as_str).ok_or_else(|| format!("there is no value for {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_behind_a_host_that_is_written_out() {
        let known = |name: &str| name == "service";
        for (url, good) in [
            ("https://run.example/{service}/restart?x={service}", true),
            ("https://run.example:8443/a", true),
            ("{{secret:base}}/{service}", true),
            ("https://{service}.example/restart", false),
            ("https://run.example{service}/a", false),
            ("https://user@{service}/a", false),
            ("ftp://run.example/a", false),
            ("https://run.example/{other}", false),
            ("https://run.example/{service", false),
            ("https://run.example/{a b}", false),
            ("https:///{service}", false),
        ] {
            assert_eq!(check_url(url, &known).is_ok(), good, "{url}");
        }
    }
}
