//! Label and field selectors, as far as command-line tools and controllers use them.

use serde_json::Value;

use super::json;
use super::status::Refusal;

/// Whether `object` is chosen by both selectors; an unknown field is refused, as the API does,
/// because to ignore it would silently choose too much.
pub fn chosen(object: &Value, labels: &str, fields: &str) -> Result<bool, Refusal> {
    for term in split_terms(labels) {
        if !label_matches(object, &term)? {
            return Ok(false);
        }
    }
    for term in split_terms(fields) {
        if !field_matches(object, &term)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `a=b,c in (d,e)` at the commas outside parentheses.
fn split_terms(selector: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut depth = 0_i32;
    for letter in selector.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                terms.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(term) = terms.last_mut() {
            term.push(letter);
        }
    }
    terms.retain(|term| !term.trim().is_empty());
    terms
}

/// Splits `key != value`, `key == value`, `key = value`; the flag says whether equality is wanted.
fn comparison(term: &str) -> Option<(&str, &str, bool)> {
    let (key, value, equal) = match (term.split_once("!="), term.split_once("==")) {
        (Some((key, value)), _) => (key, value, false),
        (None, Some((key, value))) => (key, value, true),
        (None, None) => term.split_once('=').map(|(key, value)| (key, value, true))?,
    };
    Some((key.trim(), value.trim(), equal))
}

fn label_matches(object: &Value, term: &str) -> Result<bool, Refusal> {
    let label = |key: &str| {
        let labels = object.pointer("/metadata/labels");
        labels.and_then(|labels| labels.get(key)).and_then(Value::as_str)
    };
    if let Some((head, values)) = term.trim().trim_end_matches(')').split_once('(') {
        let mut words = head.split_whitespace();
        let key = words.next().unwrap_or_default();
        let listed = label(key).is_some_and(|label| values.split(',').any(|value| value.trim() == label));
        return match (words.next(), words.next()) {
            (Some("in"), None) => Ok(listed),
            (Some("notin"), None) => Ok(!listed),
            _ => Err(unparsable(term)),
        };
    }
    if let Some((key, value, equal)) = comparison(term) {
        return Ok((label(key) == Some(value)) == equal);
    }
    match term.trim().strip_prefix('!') {
        Some(key) => Ok(label(key).is_none()),
        None if term.trim().contains(' ') => Err(unparsable(term)),
        None => Ok(label(term.trim()).is_some()),
    }
}

fn field_matches(object: &Value, term: &str) -> Result<bool, Refusal> {
    let (key, value, equal) = comparison(term).ok_or_else(|| unparsable(term))?;
    let kind = json::text(object, "/kind");
    let supported = match kind {
        _ if matches!(key, "metadata.name" | "metadata.namespace") => true,
        "Event" => {
            key.starts_with("involvedObject.") || matches!(key, "reason" | "type" | "source" | "reportingComponent")
        }
        "Pod" => matches!(
            key,
            "spec.nodeName" | "spec.restartPolicy" | "status.phase" | "status.podIP" | "spec.serviceAccountName"
        ),
        "Node" => key == "spec.unschedulable",
        "Namespace" => key == "status.phase",
        _ => false,
    };
    if !supported {
        return Err(Refusal::bad_request(format!(
            "Unable to find {kind} that match field selector \"{term}\": field label not supported: {key}"
        )));
    }
    let pointer = match key {
        "source" => "/source/component".to_owned(),
        _ => format!("/{}", key.replace('.', "/")),
    };
    Ok((json::text(object, &pointer) == value) == equal)
}

fn unparsable(term: &str) -> Refusal {
    Refusal::bad_request(format!("unable to parse requirement: \"{term}\""))
}
