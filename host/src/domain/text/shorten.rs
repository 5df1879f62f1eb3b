//! Documents that are too long: what makes them so is shortened, so that one long text pushes nothing else out.

use serde_json::Value;

use crate::domain::values;

/// What stands behind a document that was shortened. It makes it one that nobody takes for the whole: what is written back
/// is read without it.
const MARK: &str = "\n… (long texts of it shortened: ";
/// Bytes that a text may have, in turn until the whole fits.
const TEXTS: [usize; 3] = [4096, 1024, 256];
/// Longer documents are not read.
const MOST: usize = 2 << 20;

/// A document with its long texts shortened, and a mark behind it that says so; none where the text is no document,
/// or where it is long for another reason.
pub fn shortened(text: &str, longest: usize) -> Option<String> {
    let start = text.trim_start();
    if text.len() > MOST {
        return None;
    }
    if !(start.starts_with(['{', '[', '#', '-']) || start.starts_with("apiVersion:") || start.starts_with("kind:")) {
        return lines_shortened(text).filter(|lines| lines.len() <= longest);
    }
    let mut documents = values(text).filter(|all| all.iter().all(|one| one.is_object() || one.is_array()))?;
    for most in TEXTS {
        let mut left_out = 0;
        documents.iter_mut().for_each(|document| shorten(document, most, &mut left_out));
        let whole = documents.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n");
        let whole = format!("{whole}{MARK}{} bytes cut)", text.len().saturating_sub(whole.len()));
        if left_out > 0 && whole.len() <= longest {
            return Some(whole);
        }
    }
    None
}

/// A text with its long lines cut: what a program printed last stands behind them. None where no line is long.
fn lines_shortened(text: &str) -> Option<String> {
    let most = TEXTS.first().copied()?;
    text.lines().any(|line| line.len() > most).then(|| {
        let lines = text.lines().map(|line| super::truncate(line, most));
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// A text without the mark: for those who read and write nothing back.
pub fn unmarked(text: &str) -> &str {
    match text.rsplit_once(MARK) {
        Some((document, rest)) if rest.len() < 40 => document,
        _ => text,
    }
}

fn shorten(value: &mut Value, most: usize, left_out: &mut usize) {
    match value {
        Value::String(text) if text.len() > most => {
            *left_out += 1;
            *text = super::truncate(text, most);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shorten(item, most, left_out)),
        Value::Object(map) => map.values_mut().for_each(|member| shorten(member, most, left_out)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::object;

    #[test]
    fn a_long_text_pushes_nothing_out_and_nobody_takes_what_is_left_for_the_whole() {
        let pod = |note: String| json!({"kind": "Pod", "metadata": {"annotations": {"note": note}, "name": "web-0"}, "status": {"phase": "Pending"}});
        let long = pod("go away ".repeat(20_000)).to_string();
        let short = shortened(&long, 65_536).unwrap();
        assert!(short.len() < 5000 && short.ends_with("bytes cut)"), "{short}");
        assert!(object(&short).is_none(), "it is not the object, so it is written back nowhere");
        let read = object(unmarked(&short)).unwrap();
        assert_eq!((&read["status"]["phase"], &read["metadata"]["name"]), (&json!("Pending"), &json!("web-0")));
        let yaml = format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    note: {}\n  name: web-0\n",
            "a ".repeat(40_000)
        );
        assert_eq!(object(unmarked(&shortened(&yaml, 65_536).unwrap())).unwrap()["metadata"]["name"], "web-0");
        let log = format!("began\n{}\nKeyError: 'A'\n", "x".repeat(90_000));
        let short = shortened(&log, 65_536).unwrap();
        assert!(short.len() < 5000 && short.starts_with("began\n") && short.ends_with("KeyError: 'A'"), "{short}");
        // What is long for another reason is cut as it was.
        let list = json!(vec!["a pod"; 20_000]).to_string();
        for other in [list, "a log\n".repeat(20_000), "{\"a\": ".repeat(20_000)] {
            assert!(shortened(&other, 65_536).is_none());
        }
        assert_eq!(unmarked("a\n… (long texts of it"), "a\n… (long texts of it");
    }
}
