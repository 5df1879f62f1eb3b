//! What a runbook says about itself: YAML between two lines of `---` at its beginning.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::Cause;
use crate::domain::text::one_line;

/// Bytes of a front matter, entries of one of its lists, and letters of one of its words.
const LONGEST: usize = 16 << 10;
const ENTRIES: usize = 200;
const WORD: usize = 200;

/// Which incidents a runbook is about, and how to go about them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrontMatter {
    /// What it is called; without one, its first heading.
    #[serde(deserialize_with = "word")]
    pub title: Option<String>,
    /// Names of alerts; `*` stands for any letters.
    #[serde(deserialize_with = "words")]
    pub alerts: Vec<String>,
    /// Labels that one alert must have, all of them; `*` stands for any letters.
    #[serde(deserialize_with = "pairs")]
    pub labels: Vec<(String, String)>,
    /// Findings, such as `out-of-memory`.
    #[serde(deserialize_with = "words")]
    pub findings: Vec<String>,
    /// Tools to look with.
    #[serde(deserialize_with = "words")]
    pub tools: Vec<String>,
    /// Tools that are of no use here, or do harm; `*` stands for any letters.
    #[serde(deserialize_with = "words")]
    pub skip: Vec<String>,
}

impl FrontMatter {
    /// Whether it says which incidents it is about.
    pub fn is_bound(&self) -> bool {
        !(self.alerts.is_empty() && self.labels.is_empty() && self.findings.is_empty())
    }
}

/// Takes the front matter off a document, with the rest; a document without any has an empty one.
///
/// # Errors
/// When it does not end, or cannot be read: a sentence. The document is no runbook then, because it might be
/// about something else than it looks.
pub fn split(document: &str) -> Result<(FrontMatter, &str), String> {
    let document = document.strip_prefix('\u{feff}').unwrap_or(document);
    let Some(behind) = line_of_dashes(document) else { return Ok((FrontMatter::default(), document)) };
    let mut at = 0;
    for line in behind.split_inclusive('\n') {
        if at > LONGEST {
            break;
        }
        if matches!(line.trim_end(), "---" | "...") {
            let (yaml, rest) = (behind.get(..at).unwrap_or_default(), behind.get(at + line.len()..));
            return read(yaml).map(|front| (front, rest.unwrap_or_default()));
        }
        at += line.len();
    }
    // A rule at the top of a text is no front matter, and one that was meant as such has keys.
    let first = behind.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let key = first.split_once(':').is_some_and(|(key, _)| KEYS.contains(&key.trim()));
    if key {
        Err(format!("its front matter has no end within {LONGEST} bytes: a line with --- alone is missing"))
    } else {
        Ok((FrontMatter::default(), document))
    }
}

const KEYS: [&str; 6] = ["title", "alerts", "labels", "findings", "tools", "skip"];

fn line_of_dashes(document: &str) -> Option<&str> {
    let (first, rest) = document.split_once('\n')?;
    (first.trim_end() == "---").then_some(rest)
}

fn read(yaml: &str) -> Result<FrontMatter, String> {
    if yaml.trim().is_empty() {
        return Ok(FrontMatter::default());
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 4_000,
            max_aliases: 0,
            max_anchors: 0,
            max_depth: 8,
            max_documents: 1,
            max_nodes: 2_000,
            max_total_scalar_bytes: LONGEST,
            max_merge_keys: 0,
        },
    };
    let wrong = |text: String| {
        format!("its front matter cannot be read: {}", one_line(text.lines().next().unwrap_or_default(), 300))
    };
    let value: Value = serde_saphyr::from_str_with_options(yaml, options).map_err(|error| wrong(error.to_string()))?;
    if value.is_null() {
        return Ok(FrontMatter::default());
    }
    if !value.is_object() {
        return Err(wrong("it is no list of keys with their values".into()));
    }
    let front: FrontMatter = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
    match front.findings.iter().find(|finding| !Cause::NAMES.contains(&finding.as_str())) {
        Some(unknown) => {
            Err(wrong(format!("there is no finding `{unknown}`; the configuration's reference names all")))
        }
        None => Ok(front),
    }
}

/// One word or a list of them, numbers too.
fn words<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let items = match Value::deserialize(deserializer)? {
        Value::Null => Vec::new(),
        Value::Array(items) => items,
        one => vec![one],
    };
    if items.len() > ENTRIES {
        return Err(serde::de::Error::custom(format!("a list has more than {ENTRIES} entries")));
    }
    items.iter().map(plain).collect()
}

fn word<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => plain(&value).map(Some),
    }
}

fn pairs<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Vec::new()),
        Value::Object(map) if map.len() <= ENTRIES => {
            map.iter().map(|(name, value)| Ok((one_line(name, WORD), plain(value)?))).collect()
        }
        _ => Err(serde::de::Error::custom(format!("labels must be up to {ENTRIES} names with a value each"))),
    }
}

fn plain<E: serde::de::Error>(value: &Value) -> Result<String, E> {
    let text = match value {
        Value::String(text) => text.trim().to_string(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return Err(E::custom("a list or a map stands where a word is expected")),
    };
    if text.is_empty() { Err(E::custom("a word is empty")) } else { Ok(one_line(&text, WORD)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::pattern::matches;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_front_matter_is_read_in_the_ways_that_people_write_it() {
        let document = "---\ntitle: Crash loops\nalerts: [KubePodCrashLooping, 'Kube*NotReady']\nlabels:\n  team: pay*\n  shard: 3\nfindings: crash-loop\ntools:\n- k.pods_log\nskip: []\n---\n# Text\n";
        let (front, rest) = split(document).unwrap();
        assert_eq!(front.title.as_deref(), Some("Crash loops"));
        assert_eq!(front.alerts, words(&["KubePodCrashLooping", "Kube*NotReady"]));
        assert_eq!(front.labels, [("shard".to_string(), "3".to_string()), ("team".to_string(), "pay*".to_string())]);
        assert_eq!((front.findings.clone(), front.tools.clone()), (words(&["crash-loop"]), words(&["k.pods_log"])));
        assert!(front.skip.is_empty() && front.is_bound());
        assert_eq!(rest, "# Text\n");
        // As an editor on another system writes it.
        let (front, rest) = split("\u{feff}---\r\nalerts: A\r\n---\r\ntext").unwrap();
        assert_eq!((front.alerts, rest), (words(&["A"]), "text"));
    }

    #[test]
    fn a_document_without_one_is_all_text() {
        for document in ["# Text\n", "", "---", "---\nA rule, then text.\n", "text\n---\nalerts: A\n---\n"] {
            let (front, rest) = split(document).unwrap();
            assert_eq!((front, rest), (FrontMatter::default(), document));
        }
        assert_eq!(split("---\n---\ntext").unwrap(), (FrontMatter::default(), "text"));
        assert_eq!(split("---\n# nothing yet\n---\ntext").unwrap(), (FrontMatter::default(), "text"));
    }

    #[test]
    fn what_cannot_be_meant_is_an_error_that_says_where() {
        for (document, part) in [
            ("---\nalert: KubePodCrashLooping\n---\n", "alert"),
            ("---\nalerts: {a: b}\n---\n", "where a word is expected"),
            ("---\nalerts: ['']\n---\n", "empty"),
            ("---\nlabels: [a]\n---\n", "labels must be"),
            ("---\nalerts: [A\n---\n", "cannot be read"),
            ("---\nalerts: A\n# no end\n", "has no end"),
            ("---\ntitle: &a [*a]\n---\n", "cannot be read"),
            ("---\n- a\n---\n", "cannot be read"),
        ] {
            let error = split(document).unwrap_err();
            assert!(error.contains(part) && !error.contains('\n'), "{document:?}: {error}");
        }
    }

    #[test]
    fn stars_stand_for_any_letters() {
        for (pattern, text, want) in [
            ("KubePodCrashLooping", "KubePodCrashLooping", true),
            ("KubePodCrashLooping", "KubePodCrashLoopingX", false),
            ("Kube*", "KubePodCrashLooping", true),
            ("*Looping", "KubePodCrashLooping", true),
            ("Kube*Crash*ing", "KubePodCrashLooping", true),
            ("Kube*Loop*Crash*", "KubePodCrashLooping", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("", "", true),
            ("**", "容器重启", true),
            ("*重启", "容器重启", true),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} {text}");
        }
    }
}
