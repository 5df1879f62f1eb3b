//! Tool calls that a model printed as text, in the forms that models were trained on.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::draft::NamedCall;
use super::{documents, keywords};

/// Calls that stand in a text.
#[derive(Debug, Default)]
pub(super) struct Printed {
    /// All of one form.
    pub calls: Vec<NamedCall>,
    /// Whether nothing follows them: a text that goes on speaks of calls and may only quote them or warn of them.
    pub last: bool,
    /// Whether the form is one that stands in prose as well.
    pub loose: bool,
}

/// What closes a call and may stand behind it.
static CLOSING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:\s|```|</?[\w:.|｜▁-]{1,40}>|<[|｜][^<>]{0,40}[|｜]>|\[/[A-Z_]{1,20}\]|[)\]}]|Observation:\s*$)*$")
        .ok()
});

/// Whether what stands behind a call says nothing more.
pub(super) fn closes(behind: &str) -> bool {
    CLOSING.as_ref().is_some_and(|closing| closing.is_match(behind))
}

/// Most calls that are read.
const MOST: usize = 16;

/// Forms in which a name stands before its arguments; the arguments follow as JSON or as tags.
const NAMED: [&str; 11] = [
    r"<function=([^>\s]{1,128})>\s*",
    r"<tool_call>\s*([A-Za-z][\w.-]{0,127})\s*(?:\n|<arg_key>)",
    r#"<(?:[|｜]DSML[|｜])?invoke name="([^"]{1,128})">\s*"#,
    r"<tool_use>(?:\s*<server_name>[^<]{0,128}</server_name>)?\s*<tool_name>\s*([\w.-]{1,128})\s*</tool_name>\s*<arguments>\s*",
    r"\[TOOL_CALLS\]\s*([A-Za-z][\w.-]{0,127})\s*(?:\[CALL_ID\][\w-]{0,64}\s*)?(?:\[ARGS\])?\s*",
    r"\bto=(?:functions\.)?([A-Za-z][\w.-]{0,127})\b[^{\n]{0,80}",
    r"tool▁call▁begin[|｜]>\s*([A-Za-z][\w.-]{0,127})\s*<[|｜]tool▁sep[|｜]>\s*\{",
    r"tool▁sep[|｜]>\s*([\w.-]{1,128})\s*(?:```(?:json)?\s*)?",
    r"<\|tool_call_begin\|>\s*(?:functions\.)?([\w.-]{1,128}?)(?::\d+)?\s*<\|tool_call_argument_begin\|>\s*",
    r"(?m)^[ \t]*Action:\s*`?([\w.-]{1,128})`?\s*\n\s*Action Input:\s*",
    r"\b((?:functions\.|tools\.)?[A-Za-z][\w.-]{0,127}?)(?::\d+)?\s*\(?\s*(?:```(?:json)?\s*)?\{",
];

static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| NAMED.iter().filter_map(|form| Regex::new(form).ok()).collect());
static TAGGED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let form = concat!(
        r"(?s)<parameter=([^>\s]{1,64})>\s*(.*?)\s*</parameter>",
        r"|<arg_key>\s*(.*?)\s*</arg_key>\s*<arg_value>\s*(.*?)\s*</arg_value>",
        r#"|<(?:[|｜]DSML[|｜])?parameter name="([^"]{1,64})"[^>]{0,64}>\s*(.*?)\s*</(?:[|｜]DSML[|｜])?parameter>"#,
    );
    Regex::new(form).ok()
});

/// All printed calls of one form. A name that only stands before a brace counts when it is the name
/// of a tool.
pub(super) fn calls(text: &str, is_tool: impl Fn(&str) -> bool) -> Printed {
    for (index, form) in FORMS.iter().enumerate() {
        let loose = index + 1 == NAMED.len();
        let mut found = Vec::new();
        let mut behind = "";
        for captures in form.captures_iter(text).take(4 * MOST) {
            let (Some(whole), Some(name)) = (captures.get(0), captures.get(1)) else {
                continue;
            };
            if loose && !is_tool(name.as_str()) {
                continue;
            }
            let start = if whole.as_str().ends_with('{') { whole.end() - 1 } else { name.end() };
            let Some(rest) = text.get(start..) else {
                continue;
            };
            let (own, others) = rest.split_at_checked(next_call(rest)).unwrap_or((rest, ""));
            if let Some((arguments, after)) = arguments(own) {
                behind = if closes(after) { others } else { after };
                found.push(NamedCall { name: name.as_str().to_string(), arguments: Ok(arguments) });
            } else if !loose {
                let why = Err(format!("the arguments of the call of {} cannot be read", name.as_str()));
                found.push(NamedCall { name: name.as_str().to_string(), arguments: why });
            }
            if found.len() >= MOST {
                break;
            }
        }
        if !found.is_empty() {
            return Printed { calls: found, last: closes(behind), loose };
        }
    }
    programmed(text, is_tool)
}

static PROGRAMMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let form = r"\b((?:functions\.|default_api\.|tools\.)?[A-Za-z][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,63})??)(?:\.call)?\(";
    Regex::new(form).ok()
});

/// Calls as a program makes them; only of tools, because prose has brackets too.
fn programmed(text: &str, is_tool: impl Fn(&str) -> bool) -> Printed {
    let mut found = Vec::new();
    let mut behind = "";
    for captures in PROGRAMMED.iter().flat_map(|form| form.captures_iter(text)).take(4 * MOST) {
        let (Some(whole), Some(name)) = (captures.get(0), captures.get(1)) else { continue };
        let rest = text.get(whole.end()..).unwrap_or_default();
        if found.len() < MOST
            && is_tool(name.as_str())
            && let Some((arguments, after)) = keywords::arguments(rest)
        {
            behind = after;
            found.push(NamedCall { name: name.as_str().to_string(), arguments: Ok(arguments) });
        }
    }
    Printed { calls: found, last: closes(behind), loose: true }
}

/// Where the next call begins, so that a call without arguments does not take those of the next.
fn next_call(text: &str) -> usize {
    let marks = [
        "</tool_call>",
        "</function>",
        "</invoke>",
        "DSML｜invoke>",
        "</tool_use>",
        "[TOOL_CALLS]",
        "<|tool_call_end|>",
        "tool▁call▁end",
        "\nObservation:",
        "\nAction:",
    ];
    marks.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len())
}

/// The arguments of a call, and what stands behind them.
fn arguments(text: &str) -> Option<(Map<String, Value>, &str)> {
    let tagged = TAGGED.as_ref()?;
    let mut map = Map::new();
    let mut behind = text;
    for captures in tagged.captures_iter(text).take(64) {
        let name = captures.get(1).or_else(|| captures.get(3)).or_else(|| captures.get(5))?.as_str();
        let value = captures.get(2).or_else(|| captures.get(4)).or_else(|| captures.get(6))?.as_str();
        // Numbers, flags and objects are written as JSON, texts bare.
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_string()));
        map.insert(name.to_string(), value);
        behind = captures.get(0).and_then(|whole| text.get(whole.end()..)).unwrap_or_default();
    }
    if !map.is_empty() {
        return Some((map, behind));
    }
    match documents::objects(text).into_iter().next() {
        Some((Value::Object(map), behind)) => Some((map, behind)),
        Some(_) => None,
        None if text.trim_matches([' ', '\n', '>', '<', '/', ')', '(']).is_empty() => Some((map, "")),
        None => None,
    }
}

/// The last call of a text and what follows it, where it has a form that models are trained on.
pub(super) fn last(text: &str) -> Option<&str> {
    let marks = [
        "<tool_call>",
        "<function=",
        "invoke name=\"",
        "<tool_use>",
        "[TOOL_CALLS]",
        "<|tool_call_begin|>",
        "<｜tool▁call▁begin｜>",
        "to=functions.",
        "```tool_call",
    ];
    let start = marks.iter().filter_map(|mark| text.rfind(mark)).max()?;
    let before = text.get(..start)?;
    // The name of this mark may have a mark of its own before it.
    let start = if text.get(start..)?.starts_with("invoke") { before.rfind('<')? } else { start };
    text.get(start..)
}

/// What the model said before the call.
pub(super) fn before(text: &str) -> &str {
    let marks = [
        "<tool_call",
        "<function",
        "<invoke",
        "<tool_use",
        "<|tool",
        "<｜tool",
        "<｜DSML",
        "<|python_tag|>",
        "[TOOL_CALLS]",
        "functions.",
        "to=",
        "Action:",
        "{",
    ];
    let end = marks.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        assert_eq!(FORMS.len(), NAMED.len());
        assert!(TAGGED.is_some() && PROGRAMMED.is_some() && CLOSING.is_some());
    }
}
