//! Schemas as servers send them, and what is made of them.

use serde_json::{Value, json};

use super::{NormalizedSchema, normalize};

fn made(given: Value) -> (Value, String) {
    let NormalizedSchema { schema, mended } = normalize(Some(&given)).unwrap();
    (schema, mended.unwrap_or_default())
}

#[test]
fn what_is_no_schema_of_an_object_takes_anything() {
    let empty = json!({"type": "object", "properties": {}});
    for (given, want) in [
        (Value::Null, "the schema is null"),
        (json!(true), "the schema is true"),
        (json!("string"), "the schema is a text"),
        (json!(7), "the schema is a number"),
        (json!([{"type": "object"}]), "the schema is a list"),
        (json!({"type": "string"}), "type is the text \"string\""),
        (
            json!({"type": null, "properties": null, "required": null}),
            "type is null, properties is null, required is null",
        ),
        (json!({"type": ["string", "null"]}), "type is a list"),
        (json!({}), ""),
        (json!({"type": "object"}), ""),
        (json!({"type": ["object", "null"], "properties": {}}), ""),
    ] {
        let (schema, mended) = made(given.clone());
        let plain = schema.as_object().unwrap().get("required").is_none();
        assert!(schema == empty && plain, "{given}: {schema}");
        assert_eq!(mended, want, "{given}");
    }
    assert_eq!(normalize(None).unwrap().mended.as_deref(), Some("there is no schema"));
    assert!(normalize(Some(&json!(false))).is_err());
}

#[test]
fn a_sound_schema_stays_as_it_is() {
    let given = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "description": "d",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "pattern": "^a", "format": "x", "examples": [1]},
            "description": {"type": ["string", "null"], "default": null},
            "kind": {"enum": ["a", null], "description": "k"},
            "list": {"type": "array", "items": {"$ref": "#/$defs/one"}},
            "more": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
            "free": true,
            "required": {"type": "boolean"},
        },
        "$defs": {"one": {"type": "object", "properties": {"type": {"type": "string"}}}},
    });
    assert_eq!(made(given.clone()), (given, String::new()));
}

#[test]
fn odd_places_ask_for_less_and_cost_no_neighbour() {
    let (schema, mended) = made(json!({
        "type": "object",
        "required": ["name", 7, null, "name"],
        "properties": {
            "name": {"type": "str", "description": null, "minLength": "3"},
            "count": {"type": "int", "minimum": "few", "required": true},
            "odd": null,
            "word": "string",
            "pair": {"type": "array", "items": [{"type": "string"}, {"type": "number"}]},
            "list": {"type": "array"},
            "far": {"$ref": "https://elsewhere.example/schema", "description": "kept"},
            "one": {"enum": [], "anyOf": [null, {"type": "string"}]},
            "other": {"type": "Thing", "enum": "a"},
        },
    }));
    assert_eq!(
        schema,
        json!({
            "type": "object",
            "required": ["name", "count"],
            "properties": {
                "name": {"type": "string", "minLength": 3},
                "count": {"type": "integer"},
                "odd": {},
                "word": {"type": "string"},
                "pair": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "number"}]}},
                "list": {"type": "array", "items": {}},
                "far": {"description": "kept"},
                "one": {"anyOf": [{"type": "string"}]},
                "other": {},
            },
        })
    );
    assert!(mended.ends_with("more"), "{mended}");
    let (schema, _) = made(json!({"properties": [{"name": "a", "type": "string"}, "b", 3]}));
    assert_eq!(schema["properties"], json!({"a": {"name": "a", "type": "string"}, "b": {}}));
    let (schema, mended) = made(json!("{\"type\":\"object\",\"properties\":{\"a\":{}}}"));
    assert_eq!((schema, mended.as_str()), (json!({"type": "object", "properties": {"a": {}}}), "the schema is a text"));
}

#[test]
fn depth_is_bounded() {
    let mut deep = json!({"type": "string"});
    for _ in 0..100 {
        deep = json!({"type": "object", "properties": {"a": deep}});
    }
    let (schema, _) = made(deep);
    assert!(schema.to_string().len() < 3000);
}
