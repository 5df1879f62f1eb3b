//! The parts of a model's account: sentences, steps with commands, how sure it is.

use serde_json::{Map, Value};

use crate::domain::entry::{Percent, Step};
use crate::domain::text::truncate;

/// Longest text of one part.
pub(super) const LONGEST: usize = 4096;
/// Most steps, and bytes of one and of its command.
const STEPS: usize = 12;
const STEP: usize = 500;
const COMMAND: usize = 1000;

const TEXT: [&str; 8] = ["text", "step", "description", "action", "what", "title", "步骤", "描述"];
const COMMANDS: [&str; 5] = ["command", "cmd", "commands", "shell", "命令"];

pub(super) fn sentence(value: &Value) -> String {
    match value {
        Value::String(text) => truncate(text.trim(), LONGEST),
        Value::Array(items) => truncate(&items.iter().map(sentence).collect::<Vec<_>>().join("; "), LONGEST),
        Value::Object(map) => {
            let parts: Vec<String> = map.iter().map(|(name, value)| format!("{name}: {}", sentence(value))).collect();
            truncate(&parts.join("; "), LONGEST)
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Sentences, one a line or an item.
pub(super) fn list(value: Option<&Value>) -> Vec<String> {
    let items = match value {
        Some(Value::Array(items)) => items.iter().map(sentence).collect(),
        Some(Value::String(text)) => text.lines().map(|line| line.trim().to_string()).collect(),
        Some(other) => vec![sentence(other)],
        None => Vec::new(),
    };
    items.into_iter().filter(|item: &String| !item.is_empty()).map(|item| truncate(&item, STEP)).take(STEPS).collect()
}

/// Steps, in their order, each with the command that goes with it.
pub(super) fn steps(value: Option<&Value>) -> Vec<Step> {
    let Some(Value::Array(items)) = value else {
        return list(value).into_iter().map(|text| Step { text, ..Step::default() }).collect();
    };
    let step = |item: &Value| match item {
        Value::Object(map) => of_map(map).unwrap_or_else(|| sentence_step(item)),
        item => sentence_step(item),
    };
    items.iter().map(step).filter(|step| !step.text.is_empty() || !step.command.is_empty()).take(STEPS).collect()
}

fn sentence_step(item: &Value) -> Step {
    Step { text: truncate(&sentence(item), STEP), ..Step::default() }
}

/// What is no mapping of text and command is a sentence that holds a colon.
fn of_map(map: &Map<String, Value>) -> Option<Step> {
    let pick = |names: &[&str]| names.iter().find_map(|name| map.get(*name));
    let text = pick(&TEXT).map(sentence).unwrap_or_default();
    let command = match pick(&COMMANDS) {
        Some(Value::Array(lines)) => lines.iter().map(sentence).collect::<Vec<_>>().join(" && "),
        Some(value) => sentence(value),
        None => String::new(),
    };
    if text.is_empty() && command.is_empty() {
        return None;
    }
    // Several lines are several commands, and a line that goes on does so behind a backslash. One that is too long is
    // left out: half a command is another one.
    let lines = command.replace("\\\n", " ");
    let lines: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let command = lines.join(" && ");
    let command = if command.len() > COMMAND { String::new() } else { command };
    Some(Step { text: truncate(&text, STEP), command })
}

/// A whole number from 0 to 100; a fraction such as `0.8` is a share of one. `"80%"` and `high` are read too.
///
/// # Errors
/// A sentence where it is none of these.
pub(super) fn confidence(value: &Value) -> Result<Percent, String> {
    let number = match value {
        Value::Number(number) => number.as_u64().map_or_else(|| number.as_f64().map(shared), |n| Some(n as f64)),
        Value::String(text) => of_text(&text.trim().to_lowercase()),
        _ => None,
    };
    let whole = number.filter(|number| (0.0..=100.0).contains(number)).map(|number| number.round() as u64);
    let why = || format!("confidence {} is no whole number from 0 to 100", truncate(&sentence(value), 60));
    whole.and_then(Percent::new).ok_or_else(why)
}

/// A fraction up to one is a share.
fn shared(number: f64) -> f64 {
    if (0.0..=1.0).contains(&number) { number * 100.0 } else { number }
}

fn of_text(text: &str) -> Option<f64> {
    match text {
        "very high" | "certain" => Some(95.0),
        "high" | "高" => Some(90.0),
        "medium" | "moderate" | "中" | "中等" => Some(60.0),
        "low" | "低" => Some(30.0),
        _ => {
            let plain = text.trim_end_matches("/100").trim_end_matches('%').trim();
            let number: f64 = plain.parse().ok()?;
            Some(if plain.len() == text.len() && plain.contains('.') { shared(number) } else { number })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn how_sure_it_is() {
        for (said, want) in [
            (json!(80), 80),
            (json!(0.8), 80),
            (json!(1.0), 100),
            (json!(1), 1),
            (json!(0), 0),
            (json!(99.6), 100),
            (json!("80%"), 80),
            (json!("80 / 100".replace(' ', "")), 80),
            (json!("0.35"), 35),
            (json!("High"), 90),
            (json!("低"), 30),
        ] {
            assert_eq!(confidence(&said).map(Percent::get), Ok(want), "{said}");
        }
        for wrong in
            [json!(101), json!(-1), json!(-0.5), json!("sure"), json!("NaN"), json!("inf"), json!([80]), json!(1e300)]
        {
            assert!(confidence(&wrong).unwrap_err().contains("0 to 100"), "{wrong}");
        }
    }

    #[test]
    fn a_step_has_a_command_of_one_line() {
        let said = json!([
            "look",
            {"text": "see why", "command": "kubectl logs web \\\n  --previous\nkubectl get pods"},
            {"step": "both", "commands": ["a", "b"]},
            {"check": "the tag"},
            {"text": "long", "command": "x".repeat(COMMAND + 1)},
            {"command": "kubectl get events"},
            "", null, {},
        ]);
        let step = |text: &str, command: &str| Step { text: text.into(), command: command.into() };
        assert_eq!(
            steps(Some(&said)),
            [
                step("look", ""),
                step("see why", "kubectl logs web    --previous && kubectl get pods"),
                step("both", "a && b"),
                step("check: the tag", ""),
                step("long", ""),
                step("", "kubectl get events"),
            ]
        );
        assert_eq!(steps(Some(&json!("one\n\ntwo"))), [step("one", ""), step("two", "")]);
        assert_eq!(steps(Some(&json!(vec!["x"; 50]))).len(), STEPS);
    }
}
