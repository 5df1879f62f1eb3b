//! What fits a schema, and what a schema that is none constrains.

use serde_json::json;

use super::*;

fn fits(schema: &Value, arguments: Value) -> Option<String> {
    let Value::Object(arguments) = arguments else { panic!("an object is needed") };
    let (whole, essence) = (validation_error(schema, &arguments), validation_error(&essence(schema), &arguments));
    assert_eq!(whole, essence, "a replay judges otherwise");
    whole
}

fn scale() -> Value {
    json!({ "type": "object", "required": ["name", "replicas"], "additionalProperties": false, "properties": {
        "name": { "type": "string", "description": "which" },
        "replicas": { "type": "number", "minimum": 0 },
        "count": { "type": "integer" },
        "mode": { "type": "string", "enum": ["fast", "slow"] },
        "force": { "type": ["boolean", "null"] },
        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        "command": { "type": "array", "items": { "type": "string" } },
        "port": { "anyOf": [{ "type": "integer" }, { "type": "string" }] },
        "place": { "$ref": "#/$defs/place" },
    }, "$defs": { "place": { "type": "object", "required": ["zone"], "properties": { "zone": { "type": "string" } } } } })
}

#[test]
fn arguments_of_the_declared_types_fit() {
    let all = json!({ "name": "web", "replicas": 3, "count": 4.0, "mode": "fast", "force": null, "labels": { "a": "b" },
                      "command": ["a"], "port": "http", "place": { "zone": "a" } });
    assert_eq!(fits(&scale(), all), None);
    assert_eq!(fits(&scale(), json!({ "name": "web", "replicas": 1.5, "mode": null, "place": null })), None);
}

#[test]
fn every_misfit_is_named_in_a_sentence() {
    for (more, why) in [
        (json!({ "replicas": "100" }), "the argument replicas must be a number, but it is the text \"100\""),
        (json!({ "replicas": [100] }), "the argument replicas must be a number, but it is a list"),
        (json!({ "replicas": { "a": 1 } }), "the argument replicas must be a number, but it is an object"),
        (json!({ "replicas": true }), "the argument replicas must be a number, but it is true"),
        (json!({ "replicas": null }), "the argument replicas must be a number, but it is null"),
        (json!({ "replicas": -1 }), "the argument replicas must be at least 0, but it is -1"),
        (json!({ "count": 1.5 }), "the argument count must be a whole number, but it is the number 1.5"),
        (json!({ "name": 5 }), "the argument name must be a text, but it is the number 5"),
        (json!({ "mode": "Fast" }), "the argument mode must be one of \"fast\", \"slow\", but it is the text \"Fast\""),
        (json!({ "force": "yes" }), "the argument force must be true or false or null, but it is the text \"yes\""),
        (json!({ "labels": { "a": 1 } }), "the argument labels.a must be a text, but it is the number 1"),
        (json!({ "command": ["a", 1] }), "the argument command[1] must be a text, but it is the number 1"),
        (json!({ "port": true }), "the argument port must be a whole number, but it is true"),
        (json!({ "place": {} }), "the argument place.zone is missing"),
        (json!({ "context": "prod" }), "the argument context is not taken by the tool"),
    ] {
        let mut arguments = json!({ "name": "web", "replicas": 3 });
        arguments.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        assert_eq!(fits(&scale(), arguments).as_deref(), Some(why));
    }
    assert_eq!(fits(&scale(), json!({ "name": "web" })).as_deref(), Some("the argument replicas is missing"));
}

#[test]
fn a_kind_may_be_spelled_otherwise_but_be_no_other() {
    let schema = json!({ "properties": { "resourceType": { "enum": ["deployment", "daemonset"] } } });
    for spelled in ["deployment", "deployments", "Deployment", "deploy", "deployments.apps", "ds"] {
        assert_eq!(fits(&schema, json!({ "resourceType": spelled })), None, "{spelled}");
    }
    for other in ["pod", "deployments.example.com", "deployment/web", "deployment,secret", "", "-l", "deployment "] {
        assert!(fits(&schema, json!({ "resourceType": other })).is_some(), "{other}");
    }
}

#[test]
fn what_is_no_schema_constrains_nothing() {
    let any = json!({ "a": 1, "b": "x", "c": [null] });
    let loops = json!({ "$ref": "#" });
    for schema in [
        json!(null),
        json!(true),
        json!("string"),
        json!([1]),
        json!({}),
        json!({ "required": null, "properties": null, "type": null, "additionalProperties": null }),
        json!({ "required": "a", "properties": [], "type": 5, "enum": "x", "items": 1, "anyOf": {}, "allOf": null }),
        json!({ "type": "object", "properties": { "a": null, "b": { "type": "str" }, "c": { "items": [] } } }),
        json!({ "properties": { "a": { "$ref": "http://elsewhere.example/schema" }, "b": { "$ref": "#/nowhere" } } }),
        loops.clone(),
        json!({ "anyOf": [] }),
    ] {
        assert_eq!(fits(&schema, any.clone()), None, "{schema}");
    }
}

#[test]
fn a_hostile_schema_ends() {
    // Two alternatives that each lead back to the beginning.
    let doubles = json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }], "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] });
    assert_eq!(validation_error(&doubles, &Map::new()), None);
    let deep = (0..200).fold(json!({ "type": "string" }), |inner, _| json!({ "items": inner }));
    let value = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let schema = json!({ "properties": { "a": deep } });
    assert_eq!(validation_error(&schema, &Map::from_iter([("a".to_string(), value)])), None);
    assert!(essence(&schema).to_string().len() < 1_000);
}
