//! What a tool returned, as the host passes it on.
//!
//! A result is read member by member and block by block: what can be read is used, whatever stands beside
//! it, and what cannot is named in its place.

use serde_json::Value;
use serde_json::value::RawValue;

use super::raw_results::{Members, member, text_of, words};
use crate::domain::text::{shorten, truncate};
use crate::ports::ToolAnswer;
use crate::redact::{redact_known, visible};

/// What is looked at at all; no message of a server is longer. Everything is redacted before anything is
/// cut, so that no cut splits a secret or hides what an object is.
const LOOKED_AT: usize = 16 * 1024 * 1024;
/// Longer answers are made ready where they keep nobody else waiting.
const LONG: usize = 64 * 1024;

/// Where older and odd servers have what others call the content.
const ELSEWHERE: [&str; 4] = ["toolResult", "output", "result", "text"];

/// A result as an answer, without keeping other tasks waiting over a long one.
///
/// # Errors
/// When the server has put the call off, so that nobody knows what becomes of it: a sentence.
pub(super) async fn of(result: String, secrets: &[String], longest: usize) -> Result<ToolAnswer, String> {
    if result.len() <= LONG {
        return of_result(&result, secrets, longest);
    }
    let secrets = secrets.to_vec();
    let ready = tokio::task::spawn_blocking(move || of_result(&result, &secrets, longest)).await;
    ready.unwrap_or_else(|_| Ok(ToolAnswer { ok: false, text: "the answer could not be read".into() }))
}

/// A result as an answer.
pub(super) fn of_result(result: &str, secrets: &[String], longest: usize) -> Result<ToolAnswer, String> {
    let answer = |ok: bool, text: &str| Ok(ToolAnswer { ok, text: clean(text, secrets, longest) });
    let Ok(members) = serde_json::from_str::<Members<'_>>(result) else {
        // It is no result of a tool, and yet an answer.
        let text = words(result);
        return answer(!says_no(&text), if text == "null" { "" } else { &text });
    };
    let member = |key: &str| member(&members, key);
    match member("resultType").and_then(text_of).as_deref() {
        Some("input_required") => {
            return answer(false, "the server asks for more input before it does this, which tidegate does not give");
        }
        Some("task") => return Err("the server has made a task of the call and does it later".into()),
        _ => {}
    }
    let BlockText { mut text, said } = match member("content") {
        Some(raw) => content(raw),
        // Some servers have another name for it.
        None => match member("contents") {
            Some(raw) => content(raw),
            None => ELSEWHERE.iter().find_map(|name| member(name)).map(whole).unwrap_or_default(),
        },
    };
    // What names an image or a link is no reason to leave out what the tool says.
    if !said && let Some(structured) = member("structuredContent") {
        text = structured.to_string();
    }
    let ok = !member("isError").is_some_and(is_true) && !says_no(&text);
    answer(ok, &text)
}

/// What blocks show.
#[derive(Default)]
struct BlockText {
    text: String,
    /// It holds what the tool said, and not only what stands there for something else.
    said: bool,
}

/// A value of the tool's own, all of it.
fn whole(raw: &str) -> BlockText {
    BlockText { text: words(raw), said: true }
}

/// The texts of all blocks, a line apart. Where a server has no list, what it has counts as one block.
fn content(raw: &str) -> BlockText {
    let blocks = serde_json::from_str::<Vec<&RawValue>>(raw);
    let blocks = blocks.map_or_else(|_| vec![raw], |blocks| blocks.into_iter().map(RawValue::get).collect());
    let mut all = BlockText::default();
    for block in blocks {
        let BlockText { text, said } = block_text(block);
        if !all.text.is_empty() && !text.is_empty() {
            all.text.push('\n');
        }
        all.said |= said && !text.trim().is_empty();
        all.text.push_str(&text);
        if all.text.len() > LOOKED_AT {
            break;
        }
    }
    all
}

fn block_text(raw: &str) -> BlockText {
    let said = |text: String| BlockText { text, said: true };
    let instead = |text: &str| BlockText { text: text.to_string(), said: false };
    let Ok(block) = serde_json::from_str::<Members<'_>>(raw) else {
        return match raw {
            "null" => instead("(an empty block left out)"),
            raw => said(words(raw)),
        };
    };
    let text = |key: &str| member(&block, key).map(words);
    let kind = member(&block, "type").and_then(text_of);
    match kind.as_deref().unwrap_or_default() {
        "image" | "audio" => instead("(content that is no text left out)"),
        "resource_link" => instead(&format!("(link: {})", text("uri").unwrap_or_default())),
        "resource" => {
            let inner = member(&block, "resource").and_then(|raw| serde_json::from_str::<Members<'_>>(raw).ok());
            match inner.and_then(|inner| member(&inner, "text")) {
                Some(raw) => said(words(raw)),
                None => instead("(binary content left out)"),
            }
        }
        _ => match text("text").or_else(|| text("json")) {
            Some(text) => said(text),
            // It is an object of the tool's own and no block.
            None if kind.is_none() && !block.is_empty() => said(raw.to_string()),
            None => instead(&format!(
                "(a block of the kind {:?} left out)",
                truncate(kind.as_deref().unwrap_or_default(), 40)
            )),
        },
    }
}

/// Whether a member says yes, whatever it is written as.
fn is_true(raw: &str) -> bool {
    !matches!(words(raw).trim().to_ascii_lowercase().as_str(), "" | "false" | "0" | "no")
}

/// Text of a tool or server, fit to be stored and shown.
pub(super) fn clean(text: &str, secrets: &[String], longest: usize) -> String {
    let text = if text.len() > LOOKED_AT { truncate(text, LOOKED_AT) } else { text.to_string() };
    let text = redact_known(&visible(&text), secrets);
    // An object is described by its last lines as by its first, whatever somebody wrote into it.
    let short = (text.len() > longest).then(|| shorten::shortened(&text, longest)).flatten();
    short.unwrap_or_else(|| truncate(&text, longest))
}

/// Some tools report failure inside of a success: `{"success": false, …}`.
fn says_no(text: &str) -> bool {
    text.trim_start().starts_with('{')
        && serde_json::from_str::<Value>(text).is_ok_and(|value| value.get("success") == Some(&Value::Bool(false)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(value: Value) -> ToolAnswer {
        of_result(&value.to_string(), &["s3cr3t-value".into()], 1000).unwrap()
    }

    #[test]
    fn texts_are_joined_redacted_and_made_visible() {
        let got = answer(json!({"content": [
            {"type": "text", "text": "a\u{1b}[31mb s3cr3t-value"},
            {"type": "image", "data": "AAAA", "mimeType": "image/png"},
            {"type": "text", "text": "password: x1"},
        ]}));
        let text = "ab [redacted]\n(content that is no text left out)\npassword: [redacted]";
        assert_eq!(got, ToolAnswer { ok: true, text: text.into() });
    }

    #[test]
    fn odd_blocks_are_named_and_cost_no_other() {
        for (odd, want) in [
            (json!({"type": "json", "json": {"a": 1}}), "{\"a\":1}"),
            (json!({"type": "chart"}), "(a block of the kind \"chart\" left out)"),
            (json!({"type": 7, "text": "as it is"}), "as it is"),
            (json!({"text": 5}), "5"),
            (json!({"type": "text", "text": null}), "(a block of the kind \"text\" left out)"),
            (json!({"type": "text", "text": "b", "annotations": {"audience": ["nobody"]}, "_meta": 3}), "b"),
            (json!({"type": "resource", "resource": {"text": "r"}}), "r"),
            (json!({"type": "resource", "resource": 7}), "(binary content left out)"),
            (json!({"type": "resource", "resource": {"text": null, "blob": "AA"}}), "(binary content left out)"),
            (json!({"type": "resource_link", "uri": "x://y"}), "(link: x://y)"),
            (json!("bare"), "bare"),
            (Value::Null, "(an empty block left out)"),
            (json!(3), "3"),
        ] {
            let got = answer(json!({"content": [odd, {"type": "text", "text": "sound"}], "messages": [], "tools": 1}));
            assert_eq!(got, ToolAnswer { ok: true, text: format!("{want}\nsound") });
        }
    }

    #[test]
    fn whatever_was_answered_is_an_answer() {
        for (given, want) in [
            (json!({"content": "patched"}), "patched"),
            (json!({"content": {"type": "text", "text": "patched"}}), "patched"),
            (json!({}), ""),
            (Value::Null, ""),
            (json!("patched"), "patched"),
            (json!([1]), "[1]"),
            (json!({"contents": [], "action": "accept", "resultType": "complete"}), ""),
        ] {
            assert_eq!(answer(given), ToolAnswer { ok: true, text: want.into() });
        }
        let deep =
            format!(r#"{{"content":[{{"type":"text","text":"t"}}],"_meta":{}0{}}}"#, "[".repeat(400), "]".repeat(400));
        assert_eq!(of_result(&deep, &[], 100).unwrap().text, "t");
        assert!(!answer(json!({"resultType": "input_required", "inputRequests": {}})).ok);
        assert!(of_result(r#"{"resultType":"task","taskId":"1"}"#, &[], 100).is_err(), "it may still have its effect");
    }

    #[test]
    fn failure_has_three_forms() {
        for says in [json!(true), json!("true"), json!(1)] {
            assert!(!answer(json!({"content": [{"type": "text", "text": "x"}], "isError": says})).ok);
        }
        for denies in [json!(false), json!("false"), json!(0), json!(null), json!("")] {
            assert!(answer(json!({"content": [{"type": "text", "text": "x"}], "isError": denies})).ok);
        }
        assert!(!answer(json!({"content": [{"type": "text", "text": "{\"success\":false,\"message\":\"m\"}"}]})).ok);
        assert!(answer(json!({"content": [{"type": "text", "text": "{\"success\":true}"}]})).ok);
    }

    #[test]
    fn structured_content_stands_in_for_missing_text() {
        assert_eq!(answer(json!({"content": [], "structuredContent": {"a": 1}})).text, "{\"a\":1}");
        assert!(!answer(json!({"content": [], "structuredContent": {"success": false}})).ok);
        for block in [
            json!({"type": "image", "data": "AA", "mimeType": "image/png"}),
            Value::Null,
            json!({"type": "resource_link", "uri": "file:///a"}),
            json!({"type": "resource", "resource": {"blob": "AA"}}),
            json!({"type": "resource", "resource": {"text": null, "blob": "AA"}}),
            json!({"type": "chart"}),
            json!({"type": "text", "text": " "}),
        ] {
            let got = answer(json!({"content": [block], "structuredContent": {"a": 1}}));
            assert_eq!(got.text, "{\"a\":1}", "{block}");
        }
        let both = json!({"content": [null, {"type": "text", "text": "said"}], "structuredContent": {"a": 1}});
        assert_eq!(answer(both).text, "(an empty block left out)\nsaid");
    }

    #[test]
    fn content_under_another_name_is_content() {
        for (given, want) in [
            (json!({"toolResult": {"a": 1}}), "{\"a\":1}"),
            (json!({"toolResult": "said"}), "said"),
            (json!({"contents": [{"uri": "x", "text": "said"}]}), "said"),
            (json!({"output": "said", "isError": false}), "said"),
            (json!({"content": null, "output": ["a", "b"]}), "[\"a\",\"b\"]"),
        ] {
            assert_eq!(answer(given), ToolAnswer { ok: true, text: want.into() });
        }
        assert!(!answer(json!({"toolResult": {"success": false}})).ok);
    }

    #[test]
    fn long_texts_are_cut() {
        let got = answer(json!({"content": [{"type": "text", "text": "x".repeat(200_000)}]}));
        assert!(got.text.len() < 1064 && got.text.ends_with("bytes cut)"));
    }
}
