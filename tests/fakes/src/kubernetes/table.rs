//! Lists as tables, the way `kubectl get` prints them.

mod cells;
mod others;

use serde_json::{Value, json};

use super::json as tree;
use super::route::Target;
use crate::Request;

/// Whether the client would rather have a table.
pub fn is_asked(request: &Request) -> bool {
    request
        .header("accept")
        .split(',')
        .any(|kind| kind.contains("as=Table") && kind.contains("v=v1;") | kind.ends_with("v=v1"))
}

/// `object` as a table of one row, if the client asked for a table.
pub fn one_if_asked(request: &Request, target: &Target, object: Value) -> Value {
    if !is_asked(request) {
        return object;
    }
    let version = json!({ "resourceVersion": tree::at(&object, "/metadata/resourceVersion") });
    table(request, target, &[object], version)
}

/// The table of `objects`.
pub fn table(request: &Request, target: &Target, objects: &[Value], metadata: Value) -> Value {
    let columns = cells::columns(target.resource.kind);
    let definitions: Vec<Value> = columns
        .iter()
        .map(|(name, priority)| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({ "name": name, "type": "string", "format": format, "description": name, "priority": priority })
        })
        .collect();
    let rows: Vec<Value> = objects.iter().map(|object| {
        let mut row = json!({ "cells": cells::cells(object) });
        match request.parameter("includeObject") {
            "None" => {}
            "Object" => tree::set(&mut row, "/object", object.clone()),
            _ => tree::set(&mut row, "/object", json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": tree::at(object, "/metadata"),
            })),
        }
        row
    }).collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows,
    })
}
