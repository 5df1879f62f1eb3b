//! From rows to the document.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::operations::{Answer, OPERATIONS, Operation, Way};
use crate::http::problem;

/// The whole document, its parts in one order.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let described = described(operation, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(operation.way.as_str().into(), described);
        }
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".into(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "tidegate", "version": "1.0.0", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "What tidegate knows of incidents, and how people answer it. Errors are problem details (RFC 9457). \
                `next` of a list is the cursor of its next page. POSTs take an Idempotency-Key; answers have an ETag. Members \
                may be added to answers at any time; clients ignore what they do not know.",
        },
        "servers": [{"url": "http://127.0.0.1:10000", "description": "a host with the defaults"}],
        "security": [{"token": []}, {"password": []}, {}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "a token of `tidegate token new` or `tidegate user section`, or what [server] auth demands"},
                "password": {"type": "http", "scheme": "basic"},
            },
            "responses": {"Problem": {
                "description": "what is wrong",
                "content": {problem::MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
        },
    })
}

fn tags() -> Vec<Value> {
    let mut names: Vec<&str> = OPERATIONS.iter().map(|operation| tag(operation)).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| json!({"name": name})).collect()
}

/// The first word of its path behind the version, or whose API it is.
fn tag(operation: &Operation) -> &'static str {
    match operation.path.split('/').nth(1) {
        Some("mcp") => "mcp",
        Some("api") if operation.path.starts_with("/api/v2/") => "alertmanager",
        Some("api") => "events",
        _ => operation.path.split('/').nth(2).unwrap_or("host").trim_end_matches(".json"),
    }
}

fn described(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let text = || json!({"type": "string"});
    let in_path = names_in(operation.path)
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let query = operation.query.iter().map(|(name, kind)| {
        let schema = match *kind {
            "number" => json!({"type": "integer", "minimum": 0}),
            "flag" => json!({"type": "boolean"}),
            "time" => json!({"type": "string", "format": "date-time"}),
            _ => text(),
        };
        let parameter = json!({"name": name, "in": "query", "schema": schema});
        if *kind == "required" { with(parameter, "required", json!(true)) } else { parameter }
    });
    let mut parameters: Vec<Value> = in_path.chain(query).collect();
    let own = operation.path.starts_with("/v1/");
    let changes = own && operation.way == Way::Post && !operation.path.starts_with("/v1/alerts/");
    if changes {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "the same key with the same body is done once",
        }));
    }
    let content = match operation.answer {
        Answer::Json(schema) => json!({"application/json": {"schema": schema(generator)}}),
        Answer::Markdown => json!({"text/markdown": {"schema": text()}}),
        Answer::Events => json!({"text/event-stream": {"schema": text()}}),
    };
    // Others expect the errors of theirs.
    let problem = match operation.path.starts_with("/api/") {
        true => json!({"description": "what is wrong"}),
        false => json!({"$ref": "#/components/responses/Problem"}),
    };
    let described = json!({
        "operationId": operation.id, "summary": operation.summary, "tags": [tag(operation)], "parameters": parameters,
        "responses": {
            "200": {"description": "done", "content": content},
            "4XX": problem, "5XX": problem,
        },
    });
    let Some(body) = operation.body else { return described };
    let body = json!({"required": !operation.optional_body, "content": {"application/json": {"schema": body()}}});
    with(described, "requestBody", body)
}

/// An object with one more member.
pub fn with(mut object: Value, name: &str, part: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert(name.into(), part);
    }
    object
}

/// Names in braces.
fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn problem_schema() -> Value {
    let text = |about: &str| json!({"type": "string", "description": about});
    json!({
        "type": "object", "required": ["type", "title", "status", "detail", "instance", "error"],
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "the kind of problem, such as urn:tidegate:problem:not-found"},
            "title": text("the status in words"),
            "status": {"type": "integer", "description": "the status"},
            "detail": text("what is wrong, in a sentence"),
            "instance": text("the request, as the host's log names it"),
            "error": text("the same as detail"),
        },
    })
}
