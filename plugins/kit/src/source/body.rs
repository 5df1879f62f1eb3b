//! Requests of senders that let their users choose: JSON, a form, or the URL alone.

use std::collections::BTreeSet;

use super::Inbound;
use crate::form;
use crate::json::{Value, parse};

impl Inbound {
    /// What a request says, however it is sent: a JSON body, a form with JSON in one of the fields `wrapped`, the
    /// fields of a form, or without a body the parameters of the URL. A content type decides nothing, because
    /// senders get it wrong.
    ///
    /// # Errors
    /// A sentence that names the place: where the JSON is none, or there is nothing at all.
    pub fn any_form(&self, wrapped: &[&str]) -> Result<Value<'_>, String> {
        let body = self.body.trim_start_matches('\u{feff}').trim();
        let fields = match body.as_bytes().first() {
            Some(b'{' | b'[' | b'"') => return parse(body),
            Some(_) if is_form(body) => form::fields(body),
            Some(_) => return parse(body),
            None if self.query.is_empty() => return Err("body: expected JSON or a form, found nothing".into()),
            None => self.query.clone(),
        };
        if let Some((name, json)) = fields.iter().find(|(name, _)| wrapped.contains(&name.as_str())) {
            return parse(json).map(Value::into_owned).map_err(|reason| format!("field {name} of the {reason}"));
        }
        // Of two fields of one name the first counts.
        let mut names = BTreeSet::new();
        let fields = fields.into_iter().filter(|(name, _)| names.insert(name.clone()));
        Ok(Value::Object(fields.map(|(name, value)| (name.into(), value.into())).collect()))
    }
}

/// Whether it begins with the name of a field: `Status=…`. Names hold no white space and no markup.
fn is_form(body: &str) -> bool {
    let name = body.split('&').next().and_then(|field| field.split_once('=')).map(|(name, _)| name);
    name.is_some_and(|name| !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "<>\"{}:".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbound(body: &str, query: &[(&str, &str)]) -> Inbound {
        let query = query.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let (method, body) = ("POST".to_string(), body.to_string());
        Inbound { method, headers: Vec::new(), query, body, received_at_ms: 0, extra: Vec::new() }
    }

    #[test]
    fn each_way_to_send_says_the_same() {
        let want = serde_json::json!({"status": "down", "id": "7"});
        let want = Value::from(&want);
        for (body, query) in [
            (r#"{"status":"down","id":"7"}"#, &[][..]),
            ("\u{feff}\n{\"status\":\"down\",\"id\":\"7\"}", &[]),
            ("status=down&id=7&status=up", &[]),
            ("data=%7B%22status%22%3A%22down%22%2C%22id%22%3A%227%22%7D", &[]),
            ("", &[("status", "down"), ("id", "7")]),
        ] {
            assert_eq!(inbound(body, query).any_form(&["data"]).unwrap(), want, "{body}");
        }
        // What the URL says besides is for whoever reads the URL.
        assert_eq!(
            inbound("a=1", &[("b", "2")]).any_form(&[]).unwrap(),
            Value::Object([("a".into(), "1".into())].into_iter().collect())
        );
    }

    #[test]
    fn what_is_neither_is_refused_with_its_place() {
        for (body, want) in [
            ("", "body: expected JSON or a form, found nothing"),
            ("hello", "body: expected JSON: "),
            ("<a href=\"x\">", "body: expected JSON: "),
            ("data=%7B", "field data of the body: expected JSON: "),
        ] {
            let refused = inbound(body, &[]).any_form(&["data"]).unwrap_err();
            assert!(refused.starts_with(want), "{refused}");
        }
    }
}
