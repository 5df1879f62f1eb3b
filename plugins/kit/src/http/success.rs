//! How a target's own success is told from what stands in front of it.
//!
//! The login page of a network, a proxy's error and a gateway's greeting come with status 200 as well. Taken for
//! success they lose a message, so every call names what its success looks like.

use serde_json::Value;

/// What the body of a success is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// JSON in which this pointer, such as `/id`, leads to something.
    Has(&'static str),
    /// A list in JSON.
    List,
    /// This text and nothing else.
    Text(&'static str),
    /// Whatever `says` calls [`Said::Done`](super::Said::Done), and nothing else.
    AsSaid,
    /// Whatever is no web page: for a target whose API does not promise any form.
    AnyForm,
    /// Anything: for an address of somebody's choice, which may be any web server and answer with a page.
    Anything,
}

impl Success {
    /// Whether this body is one.
    pub(super) fn is_shown_by(self, body: &str, json: &Value) -> bool {
        match self {
            Self::Has(pointer) => json.pointer(pointer).is_some_and(|value| !value.is_null()),
            Self::List => json.is_array(),
            Self::Text(text) => body.trim() == text,
            Self::AsSaid => false,
            Self::AnyForm => !is_page(body),
            Self::Anything => true,
        }
    }

    /// What was expected, behind `answered 200 `.
    pub(super) fn missed(self) -> String {
        match self {
            Self::Has(pointer) => {
                format!("without the `{}` that its API answers with", pointer.trim_start_matches('/'))
            }
            Self::List => "without the list that its API answers with".into(),
            Self::Text(text) => format!("without its `{text}`"),
            Self::AsSaid => "without a word of success".into(),
            Self::AnyForm => "with a web page".into(),
            // Nothing is missed.
            Self::Anything => "with anything".into(),
        }
    }
}

/// Whether a body is meant for a browser.
fn is_page(body: &str) -> bool {
    let start: String = body.trim_start_matches('\u{feff}').trim_start().chars().take(20).collect();
    let start = start.to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body", "<meta", "<script"].iter().any(|tag| start.starts_with(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_success_of_no_target_and_another_api_of_few() {
        let all = [Success::Has("/id"), Success::List, Success::Text("ok"), Success::AsSaid];
        for body in ["<!DOCTYPE html><html>", "\n <HTML lang=en>", "\u{feff}<html>"] {
            assert!(all.iter().chain([&Success::AnyForm]).all(|one| !one.is_shown_by(body, &Value::Null)), "{body}");
        }
        let of_another = r#"{"error": "log in first", "id": null}"#;
        let json = serde_json::from_str(of_another).unwrap();
        assert!(all.iter().all(|one| !one.is_shown_by(of_another, &json)));
        assert!(Success::AnyForm.is_shown_by(of_another, &json));
    }

    #[test]
    fn each_form_is_known() {
        for (success, body) in [
            (Success::Has("/id"), r#"{"id":0}"#),
            (Success::Has("/a/b"), r#"{"a":{"b":""}}"#),
            (Success::List, "[]"),
            (Success::Text("ok"), " ok\n"),
            (Success::AnyForm, ""),
            (Success::AnyForm, "1"),
            (Success::AnyForm, "<3"),
            (Success::Anything, "<!DOCTYPE html><html>"),
        ] {
            let json = serde_json::from_str(body).unwrap_or_default();
            assert!(success.is_shown_by(body, &json), "{success:?} {body}");
        }
    }
}
