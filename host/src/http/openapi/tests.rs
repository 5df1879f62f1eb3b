//! The document is about the router that there is, the file is the document, and clients of before go on to work.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::DOCUMENT;
use crate::http::access::table::{ANY, Row, TABLE};

/// Paths that are another way to write one that is there, and such under which there is nothing.
const SAME: [&str; 7] = [
    "/v1/alerts/{source}/",
    "/v1/alerts/{source}/{*below}",
    "/api/v2/{*path}",
    "/api/v1/alerts",
    "/api/v1/silences",
    "/api/v1/status",
    "/api/v1/receivers",
];

fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json")
}

/// Method and path of everything for programs that the table of permissions knows, which is what the router serves.
fn routes() -> BTreeSet<(String, String)> {
    let of_api = |path: &str| path.starts_with("/v1/") || path.starts_with("/api/") || path == "/mcp";
    let rows = TABLE.iter().filter(|row| of_api(row.path) && !SAME.contains(&row.path));
    let method = |row: &Row| if row.method == ANY { "post".into() } else { row.method.to_ascii_lowercase() };
    rows.map(|row| (method(row), row.path.replace("{*", "{"))).collect()
}

fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, methods): (&String, &Value)| {
        let methods: Vec<String> = methods.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(|method| (method, path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[test]
fn every_route_is_in_it_and_nothing_else() {
    assert_eq!(routes(), operations(&DOCUMENT));
    assert!(routes().len() > 30);
}

/// Run with `TIDEGATE_WRITE_OPENAPI=1` to write it.
#[test]
fn the_file_is_the_document_and_takes_nothing_away() {
    let before: Option<Value> = std::fs::read_to_string(file()).ok().and_then(|text| serde_json::from_str(&text).ok());
    if let Some(before) = &before {
        let lost = lost(before, &DOCUMENT, "");
        assert!(lost.is_empty(), "clients rest on what is gone or wanted now: {lost:#?}");
    }
    if crate::environment::Environment::get(&crate::environment::ProcessEnvironment, "TIDEGATE_WRITE_OPENAPI").is_some()
    {
        let text = serde_json::to_string_pretty(&*DOCUMENT).unwrap();
        std::fs::write(file(), text + "\n").unwrap();
        return;
    }
    assert_eq!(
        before.as_ref(),
        Some(&*DOCUMENT),
        "write the file anew: TIDEGATE_WRITE_OPENAPI=1 cargo test --lib openapi"
    );
}

/// What of a document clients rest on and another one does not have: paths, parameters, members and words; and what the other
/// one demands in addition.
fn lost(before: &Value, now: &Value, place: &str) -> Vec<String> {
    let mut all = Vec::new();
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            for (name, value) in before {
                let place = format!("{place}/{name}");
                match (name.as_str(), now.get(name)) {
                    // A property of this name is an object; what is only said of something is none.
                    ("description" | "summary" | "title" | "tags" | "version", _) if !value.is_object() => {}
                    ("required", Some(later)) if value.is_array() => {
                        // Answers may promise more, and questions may demand no more.
                        let added = members(later).difference(&members(value)).count();
                        if added > 0 && place.contains("/requestBody/") {
                            all.push(format!("{place}: demands more"));
                        }
                        if members(value).difference(&members(later)).count() > 0 && !place.contains("/requestBody/") {
                            all.push(format!("{place}: promises less"));
                        }
                    }
                    (_, None) => all.push(format!("{place}: gone")),
                    (_, Some(later)) => all.extend(lost(value, later, &place)),
                }
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            for one in before {
                // Parameters are known by their names; everything else by what it is.
                let same = |other: &&Value| match one.get("name") {
                    Some(name) => other.get("name") == Some(name) && other.get("in") == one.get("in"),
                    None => *other == one,
                };
                match now.iter().find(same) {
                    Some(other) => all.extend(lost(one, other, place)),
                    None => all.push(format!("{place}: {one} is gone")),
                }
            }
        }
        (before, now) if before != now => all.push(format!("{place}: {before} has become {now}")),
        _ => {}
    }
    all
}

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn what_breaks_clients_is_seen() {
    let mut other = DOCUMENT.clone();
    assert_eq!(lost(&DOCUMENT, &other, ""), Vec::<String>::new());
    other["components"]["schemas"]["Added"] = serde_json::json!({"type": "string"});
    assert_eq!(lost(&DOCUMENT, &other, ""), Vec::<String>::new());
    other["paths"].as_object_mut().unwrap().remove("/v1/pause");
    other["components"]["schemas"]["IncidentView"]["properties"].as_object_mut().unwrap().remove("title");
    other["paths"]["/v1/breakers/reset"]["post"]["requestBody"]["content"]["application/json"]["schema"]["required"] =
        serde_json::json!(["key", "person"]);
    assert_eq!(lost(&DOCUMENT, &other, "").len(), 3, "{:#?}", lost(&DOCUMENT, &other, ""));
}
