//! Whether what a look returned shows that an action had its effect.

use serde_json::{Value, json};

use super::call::Verification;
use super::object;
use super::query::{BUDGET, Document, MOST, Query};

/// A tool's text as JSON: the text itself where it is JSON or an object of the Kubernetes API in YAML,
/// else `{"text": …}`.
pub fn as_json(text: &str) -> Value {
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    let manifest = text.starts_with("apiVersion:") || text.starts_with("kind:");
    let object = manifest.then(|| object(text)).flatten();
    object.filter(|object| object.get("metadata").is_some()).unwrap_or_else(|| json!({ "text": text }))
}

/// What a verification says about an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// It holds.
    Holds,
    /// It does not hold yet: what is missing, in a sentence.
    NotYet(String),
    /// It could not be evaluated, and will not be by looking again: why, in a sentence.
    Undetermined(String),
}

/// Checks a look's text.
pub fn judge(verification: &Verification, text: &str) -> Check {
    let document = Document::new(as_json(text));
    let mut budget = BUDGET;
    let mut selects = |query: &String| Query::parse(query)?.selects(&document, &mut budget);
    if let Err(why) = check(verification) {
        return Check::Undetermined(why);
    }
    for query in &verification.present {
        match selects(query) {
            Ok(true) => {}
            Ok(false) => return Check::NotYet(format!("nothing matches {query}")),
            Err(why) => return Check::Undetermined(why),
        }
    }
    for query in &verification.absent {
        match selects(query) {
            Ok(false) => {}
            Ok(true) => return Check::NotYet(format!("something still matches {query}")),
            Err(why) => return Check::Undetermined(why),
        }
    }
    if verification.present.is_empty() && verification.absent.is_empty() {
        return Check::Undetermined("the verification names no condition".into());
    }
    Check::Holds
}

/// Whether the call has reached its target; none when the verification cannot tell.
pub fn applied(verification: &Verification, text: &str) -> Option<bool> {
    if verification.applied.is_empty() || check(verification).is_err() {
        return None;
    }
    let document = Document::new(as_json(text));
    let mut budget = BUDGET;
    // One that could not be evaluated tells nothing, and nothing is no sign that it did not happen.
    let found: Result<Vec<bool>, String> =
        verification.applied.iter().map(|query| Query::parse(query)?.selects(&document, &mut budget)).collect();
    found.ok().map(|found| found.into_iter().all(|found| found))
}

/// Checks that every query is a JSONPath of RFC 9535 that can be evaluated within bounds.
///
/// # Errors
/// Names the query and what is wrong with it.
pub fn check(verification: &Verification) -> Result<(), String> {
    let Verification { present, absent, applied, .. } = verification;
    let count = present.len() + absent.len() + applied.len();
    if count > MOST {
        return Err(format!("the verification has {count} JSONPath queries where {MOST} are allowed"));
    }
    let mut queries = present.iter().chain(absent).chain(applied);
    queries.try_for_each(|query| Query::parse(query).map(|_| ()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Call;

    fn verification(present: &[&str], absent: &[&str]) -> Verification {
        Verification {
            look: Call { tool: "k.get".into(), arguments: Default::default() },
            present: present.iter().map(|s| s.to_string()).collect(),
            absent: absent.iter().map(|s| s.to_string()).collect(),
            applied: Vec::new(),
            within_ms: 1,
            every_ms: 1,
        }
    }

    #[test]
    fn paths_of_one_document_can_be_compared_with_each_other() {
        let all_up = verification(&["$[?$.status.availableReplicas == $.spec.replicas]"], &[]);
        let up = r#"{"spec":{"replicas":3},"status":{"availableReplicas":3}}"#;
        let down = r#"{"spec":{"replicas":3},"status":{"availableReplicas":1}}"#;
        assert_eq!(judge(&all_up, up), Check::Holds);
        assert!(matches!(judge(&all_up, down), Check::NotYet(_)));
    }

    #[test]
    fn absent_and_plain_text() {
        let pods = verification(&["$.items[?@.status == 'Running']"], &["$.items[?@.status != 'Running']"]);
        let pending = r#"{"items":[{"status":"Running"},{"status":"Pending"}]}"#;
        assert!(matches!(judge(&pods, pending), Check::NotYet(_)));
        assert_eq!(judge(&pods, r#"{"items":[{"status":"Running"}]}"#), Check::Holds);
        assert!(matches!(judge(&pods, r#"{"items":[]}"#), Check::NotYet(_)));
        let text = verification(&["$[?search(@, 'successfully rolled out')]"], &[]);
        assert_eq!(judge(&text, "deployment \"web\" successfully rolled out"), Check::Holds);
    }

    #[test]
    fn what_cannot_be_evaluated_says_so_and_is_no_sign_of_anything() {
        let wild = format!("${}", "..*".repeat(10));
        let answer = format!("{}1{}", "[".repeat(60), "]".repeat(60));
        let explodes = Verification { applied: vec![wild.clone()], ..verification(&[&wild], &[]) };
        assert!(matches!(judge(&explodes, &answer), Check::Undetermined(why) if why.contains("more often")));
        assert_eq!(applied(&explodes, &answer), None);
        // Within bounds on a small answer, but not on this one.
        let costly = Verification { applied: vec!["$..*[?$..*]".into()], ..verification(&[], &["$..*[?$..*]"]) };
        assert_eq!(check(&costly), Ok(()));
        let wide = serde_json::to_string(&vec![vec![1; 50]; 50]).unwrap();
        assert!(matches!(judge(&costly, &wide), Check::Undetermined(why) if why.contains("cost too much")));
        assert_eq!(applied(&costly, &wide), None);
        let many = vec!["$.a"; MOST + 1];
        assert!(check(&verification(&many, &[])).unwrap_err().contains("where 32 are allowed"));
    }
}
