//! OTLP's JSON: records within scopes within resources, and values that say their type.

use std::borrow::Cow;

use tidegate_plugin::source::Node;

/// A record with what it stands in.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    pub resource: Node<'a>,
    pub scope: Node<'a>,
    pub record: Node<'a>,
}

/// All records. Before version 0.15 of the protocol a scope was a library.
pub(crate) fn records(logs: Node<'_>) -> impl Iterator<Item = Record<'_>> {
    logs.items().flat_map(|of_resource| {
        let resource = of_resource.get("resource");
        let scopes = of_resource.get("scopeLogs").items().chain(of_resource.get("instrumentationLibraryLogs").items());
        scopes.flat_map(move |of_scope| {
            let (scope, library) = (of_scope.get("scope"), of_scope.get("instrumentationLibrary"));
            let scope = if scope.exists() { scope } else { library };
            let records = of_scope.get("logRecords").items().chain(of_scope.get("logs").items());
            records.map(move |record| Record { resource, scope, record })
        })
    })
}

/// Attributes as texts.
pub(crate) fn attributes(node: Node<'_>) -> Vec<(String, String)> {
    let pair = |one: Node<'_>| Some((one.get("key").text()?.into_owned(), text(one.get("value"))?.into_owned()));
    node.get("attributes").items().filter_map(pair).collect()
}

/// A value as a text; of several, one behind the other.
pub(crate) fn text(value: Node<'_>) -> Option<Cow<'_, str>> {
    let simple = ["stringValue", "intValue", "boolValue", "doubleValue", "bytesValue"];
    if let Some(text) = value.first(&simple) {
        return Some(text);
    }
    if value.get("arrayValue").exists() {
        let all: Vec<_> = value.path("arrayValue.values").items().filter_map(text).collect();
        return Some(all.join(", ").into());
    }
    if value.get("kvlistValue").exists() {
        let all: Vec<_> = members(value).map(|(key, text)| format!("{key}={text}")).collect();
        return Some(all.join(", ").into());
    }
    // Some write plain JSON.
    value.text().filter(|_| !value.is_object())
}

/// The members of a value that is a map.
pub(crate) fn members(value: Node<'_>) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    value.path("kvlistValue.values").items().filter_map(|one| Some((one.get("key").text()?, text(one.get("value"))?)))
}
