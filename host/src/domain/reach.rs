//! Reads from a call's arguments what it touches: every namespace, kind and name that stands
//! anywhere in them, manifests and patches written as text included.
//!
//! The gate rules on what is found here, so nothing may be missed: `*` stands for "all, or nobody
//! can tell". It is added wherever a value is not what it should be (a namespace that no cluster
//! could have, a name that looks like an option, a manifest that cannot be read), because `*` is
//! matched by every rule that forbids or asks and by none that allows a part.

mod document;
mod elsewhere;
mod external;
mod overlap;
pub(super) mod suspicion;
mod vocabulary;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::call::{Call, Target};
use super::catalogue::UNDONE;
use super::schema;
use document::TextForm;
use elsewhere::{Elsewhere, is_given, leads_away};
use vocabulary::Role;
pub(crate) use vocabulary::is_cluster_wide;

/// Everything.
const ALL: &str = "*";
/// Levels of objects, lists and texts within texts. Real manifests have a dozen.
const DEEPEST: usize = 48;

/// What the call touches, by its arguments and the tool's schema; `own` where a plugin performs it itself.
pub(super) fn read(call: &Call, schema: Option<&Value>, own: bool) -> Target {
    let (server, tool) = call.tool.split_once('.').unwrap_or((&call.tool, ""));
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let explained = schema.and_then(schema::explained);
    let cluster = is_cluster(tool, properties, &call.arguments);
    let mut reader = Reader { cluster, bound: cluster || explained.is_none(), ..Reader::default() };
    for (key, value) in &call.arguments {
        // Nobody can say where an argument leads that the tool itself does not tell of.
        if explained.is_some_and(|explained| !explained.contains_key(key)) && key != UNDONE && is_given(value) {
            reader.leads_elsewhere(key);
        }
        reader.argument(key, value);
    }
    reader.defaults(tool, properties, &call.arguments);
    if !cluster && reader.names.is_empty() {
        reader.names.extend(external::named(&call.arguments));
    }
    let Reader { namespaces, kinds, names, elsewhere, .. } = reader;
    let list = |set: BTreeSet<String>| set.into_iter().collect();
    Target {
        server: server.to_string(),
        namespaces: list(namespaces),
        kinds: list(kinds),
        names: list(names),
        elsewhere: list(elsewhere),
        own,
    }
}

/// Whether the tool is about objects in namespaces. The names that other tools take, such as the
/// title of a ticket, are not held to the rules of a cluster.
fn is_cluster(tool: &str, properties: Option<&Map<String, Value>>, arguments: &Map<String, Value>) -> bool {
    let keys = properties.into_iter().flat_map(Map::keys).chain(arguments.keys());
    vocabulary::names_clusters(tool)
        || keys.into_iter().any(|key| vocabulary::speaks_of_clusters(&vocabulary::plain(key)))
}

#[derive(Default)]
struct Reader {
    cluster: bool,
    /// Whether the tool is about a cluster, or nobody knows what it is about.
    bound: bool,
    namespaces: BTreeSet<String>,
    kinds: BTreeSet<String>,
    names: BTreeSet<String>,
    elsewhere: BTreeSet<String>,
    /// Whether what is read now is a manifest, whose words are those of objects in the cluster.
    manifest: bool,
    /// Whether there is a manifest, and whether one leaves its namespace to the call.
    manifests: bool,
    homeless: bool,
    /// Whether a kind brought a name along, as in `pod/web`.
    with_name: bool,
}

impl Reader {
    fn everything(&mut self) {
        for set in [&mut self.namespaces, &mut self.kinds, &mut self.names] {
            set.insert(ALL.into());
        }
    }

    fn leads_elsewhere(&mut self, key: &str) {
        self.elsewhere.insert(key.to_string());
        self.everything();
    }

    /// Whether an argument, or a key within one, leads elsewhere by its name.
    fn is_away(&self, key: &str, value: &Value) -> bool {
        let away = leads_away(&vocabulary::plain(key));
        is_given(value) && away.is_some_and(|away| away == Elsewhere::Always || self.bound)
    }

    /// What cannot be read may be anything, if the tool is about a cluster at all.
    fn unreadable(&mut self) {
        if self.cluster {
            self.everything();
        }
    }

    fn argument(&mut self, key: &str, value: &Value) {
        if matches!(value, Value::Null) {
            return;
        }
        let word = vocabulary::plain(key);
        let role = vocabulary::role(&word);
        self.options(role, value);
        if !matches!(role, Role::Prose | Role::Manifest) {
            self.flags(value, 0);
        }
        if self.is_away(key, value) || self.cluster && !key.is_ascii() && is_given(value) {
            self.leads_elsewhere(key);
        }
        self.manifest = matches!(role, Role::Manifest | Role::Prose);
        match role {
            Role::Prose => {}
            Role::Namespace => self.namespace(value),
            Role::AllNamespaces => {
                if *value != Value::Bool(false) {
                    self.namespaces.insert(ALL.into());
                }
            }
            Role::Kind => {
                self.texts(value, Self::kind);
                // A list says nothing of what it lists.
                if self.kinds.is_empty() {
                    self.kinds.insert(ALL.into());
                }
            }
            // `service: {…}` is no name but the object itself.
            Role::Name(Some(_)) if value.is_object() => self.walk(value, 0, false),
            Role::Name(kind) => {
                self.kinds.extend(kind.map(str::to_string));
                self.texts(value, Self::name);
            }
            Role::Selector => {
                self.names.insert(ALL.into());
                self.walk(value, 0, false);
            }
            Role::All => {
                if *value != Value::Bool(false) {
                    self.names.insert(ALL.into());
                }
            }
            Role::Command => {
                // A list after `--` is what a new container runs; a text is parsed by somebody.
                if !(is_empty(value) || word == "command" && value.is_array()) {
                    self.unreadable();
                }
                self.walk(value, 0, false);
            }
            Role::Chart => {
                self.namespaces.insert(ALL.into());
                self.kinds.insert(ALL.into());
            }
            Role::Manifest => self.manifest(value),
            Role::Other => self.walk(value, 0, false),
        }
    }

    /// An argument that holds a manifest, a patch or values.
    fn manifest(&mut self, value: &Value) {
        let Some(text) = value.as_str() else { return self.walk(value, 0, false) };
        match document::read(text) {
            // What is a single word for us is no manifest for anybody, but it may name a kind.
            Ok(documents) if documents.iter().all(|one| matches!(one, Value::String(_) | Value::Null)) => {
                if !text.trim().is_empty() {
                    self.kind(text.trim());
                }
            }
            Ok(documents) => documents.iter().for_each(|one| self.walk(one, 0, false)),
            Err(()) => self.unreadable(),
        }
    }

    /// Texts that a command line would take for something else than a value.
    fn options(&mut self, role: Role, value: &Value) {
        if matches!(role, Role::Prose | Role::Manifest | Role::Command) || !self.cluster {
            return;
        }
        let items = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for text in items.iter().filter_map(Value::as_str) {
            if document::looks(text) == TextForm::Plain && vocabulary::is_suspicious(text) {
                self.everything();
            }
            self.paths(text);
        }
    }

    /// Options of a command line that lead elsewhere: `--context=prod`, also as one of several words.
    fn flags(&mut self, value: &Value, depth: usize) {
        match value {
            Value::String(text) => {
                for word in text.split_whitespace().filter(|word| word.starts_with('-')) {
                    let name = word.split('=').next().unwrap_or_default().trim_start_matches('-');
                    let away = leads_away(&vocabulary::plain(name));
                    if away.is_some_and(|away| away == Elsewhere::Always || self.bound) {
                        self.leads_elsewhere(name);
                    }
                }
            }
            Value::Array(items) if depth < DEEPEST => items.iter().for_each(|item| self.flags(item, depth + 1)),
            _ => {}
        }
    }

    /// `/api/v1/namespaces/kube-system/pods` names a namespace too.
    fn paths(&mut self, text: &str) {
        for rest in text.split("namespaces/").skip(1) {
            let segment = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
            self.one_namespace(segment);
        }
    }

    fn texts(&mut self, value: &Value, take: fn(&mut Self, &str)) {
        match value {
            Value::String(text) => take(self, text),
            Value::Array(items) if !items.is_empty() => {
                for item in items {
                    match item {
                        Value::String(text) => take(self, text),
                        other => {
                            self.unreadable();
                            self.walk(other, 0, false);
                        }
                    }
                }
            }
            other => {
                self.unreadable();
                self.walk(other, 0, false);
            }
        }
    }

    fn namespace(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.one_namespace(text),
            Value::Array(items) if !items.is_empty() => items.iter().for_each(|item| self.namespace(item)),
            other => {
                self.namespaces.insert(ALL.into());
                self.walk(other, 0, false);
            }
        }
    }

    fn one_namespace(&mut self, text: &str) {
        if !text.is_empty() {
            self.namespaces.insert(text.to_string());
        }
        if !vocabulary::is_namespace(text) {
            self.namespaces.insert(ALL.into());
        }
    }

    fn kind(&mut self, text: &str) {
        for part in text.split(',') {
            let (part, name) = part.split_once('/').map_or((part, None), |(kind, name)| (kind, Some(name)));
            if !vocabulary::is_kind(part) {
                self.kinds.insert(part.to_lowercase());
                self.unreadable();
                continue;
            }
            if let Some(name) = name {
                self.name(name);
                self.with_name = true;
            }
            let kinds = vocabulary::kinds(part);
            if kinds.iter().any(|kind| kind == "all") {
                self.kinds.insert(ALL.into());
            }
            if kinds.iter().any(|kind| vocabulary::is_cluster_wide(kind)) {
                self.namespaces.insert(ALL.into());
            }
            self.kinds.extend(kinds);
        }
    }

    fn name(&mut self, text: &str) {
        if text.is_empty() {
            // As good as no name, so it may be any.
            self.names.insert(ALL.into());
            return;
        }
        self.names.insert(text.to_string());
        if self.cluster && !vocabulary::is_name(text) {
            self.everything();
        }
    }

    /// Anything, wherever it stands. `inside` a manifest, the objects that it is made of are no
    /// objects of their own.
    fn walk(&mut self, value: &Value, depth: usize, inside: bool) {
        if depth > DEEPEST {
            return self.everything();
        }
        match value {
            Value::Object(map) => self.object(map, depth, inside),
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, depth + 1, inside)),
            Value::String(text) => match document::looks(text) {
                TextForm::Plain => {}
                looks => match document::read(text) {
                    Ok(documents) => documents.iter().for_each(|one| self.walk(one, depth + 8, inside)),
                    Err(()) if looks == TextForm::Manifest => self.unreadable(),
                    Err(()) => {}
                },
            },
            _ => {}
        }
    }

    fn object(&mut self, map: &Map<String, Value>, depth: usize, inside: bool) {
        self.away(map, depth, inside);
        let get = |wanted: &str| map.iter().find(|(key, _)| vocabulary::plain(key) == wanted).map(|(_, value)| value);
        let (kind, metadata) = (get("kind"), get("metadata"));
        let list = kind.and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
        match (kind, get("apiversion")) {
            (Some(Value::String(kind)), Some(Value::String(version))) => {
                self.kind(kind);
                self.kinds.extend(vocabulary::foreign(kind, version));
            }
            (Some(Value::String(kind)), None) => self.kind(kind),
            // Somewhere below, such as among properties of a schema, it is just a word.
            (Some(_), _) if !inside => self.unreadable(),
            _ => {}
        }
        match metadata {
            Some(Value::Object(metadata)) => self.metadata(metadata),
            Some(Value::Null) | None => {}
            Some(_) if inside => {}
            Some(_) => self.unreadable(),
        }
        let manifest = kind.is_some() && !list && !inside;
        if manifest {
            self.manifests = true;
            let own = metadata.and_then(|metadata| metadata.get("namespace")).is_some_and(|own| !is_empty(own));
            let wide = kind.and_then(Value::as_str).is_some_and(vocabulary::is_cluster_wide_kind);
            self.homeless |= !own && !wide;
        }
        self.pointer(map);
        for (key, value) in map {
            if vocabulary::ends_in_namespace(&vocabulary::plain(key)) {
                match value {
                    Value::Null | Value::Bool(_) | Value::Object(_) => {}
                    Value::String(text) if text.is_empty() => {}
                    value => self.namespace(value),
                }
            }
            self.walk(value, depth + 1, inside || manifest);
        }
    }

    /// What leads elsewhere from within an argument. The words of a manifest are the cluster's own, but
    /// for the outermost: nobody writes a manifest that is called `context`.
    fn away(&mut self, map: &Map<String, Value>, depth: usize, inside: bool) {
        let object = inside || map.keys().any(|key| vocabulary::plain(key) == "kind");
        if !inside && elsewhere::is_kubeconfig(map) {
            self.leads_elsewhere("kubeconfig");
        }
        if object {
            return;
        }
        for (key, value) in map {
            let away = match self.manifest {
                false => self.is_away(key, value),
                true => depth == 0 && is_given(value) && elsewhere::is_unmistakable(&vocabulary::plain(key)),
            };
            if away {
                self.leads_elsewhere(key);
            }
        }
        if let Some(name) = elsewhere::option_name(map).filter(|_| !self.manifest)
            && leads_away(&vocabulary::plain(name)) == Some(Elsewhere::Always)
        {
            self.leads_elsewhere(name);
        }
    }

    fn metadata(&mut self, metadata: &Map<String, Value>) {
        for (key, value) in metadata {
            match (vocabulary::plain(key).as_str(), value) {
                ("name", Value::String(text)) => self.name(text),
                ("generatename", Value::String(_)) => {
                    self.names.insert(ALL.into());
                }
                ("name" | "generatename" | "namespace", Value::Null | Value::String(_)) => {}
                ("name" | "generatename" | "namespace", _) => self.unreadable(),
                _ => {}
            }
        }
    }

    /// One operation of a JSON patch.
    fn pointer(&mut self, map: &Map<String, Value>) {
        let Some(path) = map.get("path").and_then(Value::as_str).filter(|_| map.contains_key("op")) else { return };
        let last = path.rsplit('/').next().unwrap_or_default();
        let value = map.get("value");
        match (vocabulary::plain(last).as_str(), value) {
            ("namespace", Some(value)) => self.namespace(value),
            ("name", Some(Value::String(text))) if path.contains("metadata") => self.name(text),
            ("kind", Some(Value::String(text))) => self.kind(text),
            // Moved or copied from elsewhere, or of a strange type: nobody can tell.
            ("namespace" | "kind" | "metadata", _) if !matches!(value, Some(Value::Object(_))) => self.unreadable(),
            _ => {}
        }
    }

    /// What the tool does where the arguments say nothing.
    fn defaults(&mut self, tool: &str, properties: Option<&Map<String, Value>>, arguments: &Map<String, Value>) {
        let given = |key: &str| arguments.get(key).is_some_and(|value| !value.is_null());
        let offered = properties.into_iter().flatten().filter(|(key, _)| !given(key));
        let (mut takes_namespace, mut takes_name, mut takes_kind) = (false, false, false);
        for (key, property) in offered {
            let default = property.get("default");
            match vocabulary::role(&vocabulary::plain(key)) {
                Role::Namespace => takes_namespace = true,
                Role::Name(_) => takes_name = true,
                Role::AllNamespaces if default == Some(&Value::Bool(true)) => {
                    self.namespaces.insert(ALL.into());
                }
                Role::Kind if self.kinds.is_empty() => {
                    takes_kind = true;
                    if let Some(kind) = default.and_then(Value::as_str) {
                        self.kind(kind);
                    }
                }
                _ => {}
            }
        }
        if self.kinds.is_empty() {
            self.kinds.extend(tool.split(['_', '-']).filter_map(vocabulary::builtin).map(str::to_string));
        }
        if takes_kind && self.kinds.is_empty() {
            // Which kind it takes where none is named, nobody can tell.
            self.kinds.insert(ALL.into());
        }
        if self.with_name && self.names.len() > 1 {
            // Which of them is meant differs from tool to tool.
            self.everything();
        }
        if self.kinds.contains("namespace") {
            self.namespaces.extend(self.names.iter().filter(|name| vocabulary::is_namespace(name)).cloned());
        }
        if tool.contains("helm") {
            // A release may hold anything, anywhere.
            self.namespaces.insert(ALL.into());
            self.kinds.insert(ALL.into());
        }
        let speaks = self.cluster && properties.is_some();
        // The Kubernetes tools fall back to the namespace of this name.
        let left_open = takes_namespace && (!self.manifests || self.homeless);
        let nowhere =
            self.homeless && !arguments.keys().any(|key| vocabulary::role(&vocabulary::plain(key)) == Role::Namespace);
        if (left_open || nowhere) && !self.namespaces.contains(ALL) {
            self.namespaces.insert("default".into());
        }
        // Without a name a tool may take all that there is.
        if speaks && takes_name && self.names.is_empty() && !self.kinds.is_empty() {
            self.names.insert(ALL.into());
        }
    }
}

/// Whether two texts are spellings of one kind of Kubernetes itself.
pub(super) fn same_kind(one: &str, other: &str) -> bool {
    let kinds =
        |text: &str| vocabulary::is_kind(text).then(|| vocabulary::kinds(text)).filter(|kinds| kinds.len() == 1);
    kind_of(one).is_some() && kinds(one) == kinds(other)
}

/// The kind of Kubernetes itself that a text names, be it by a plural, a short name or with its group.
pub fn kind_of(text: &str) -> Option<&'static str> {
    vocabulary::kinds(text).iter().find_map(|kind| vocabulary::builtin(kind))
}

/// Whether an argument of this name can only mean another context or kubeconfig, or somebody to act as.
pub fn leads_elsewhere(name: &str) -> bool {
    elsewhere::is_unmistakable(&vocabulary::plain(name))
}

/// The object that a tool answered with, as JSON or YAML; none when it cannot be read without doubt.
pub fn object(text: &str) -> Option<Value> {
    let mut all = values(text)?;
    (all.len() == 1).then(|| all.pop())?.filter(Value::is_object)
}

/// The documents of a text, as JSON or YAML; none when they cannot be read without doubt.
pub fn values(text: &str) -> Option<Vec<Value>> {
    match serde_json::from_str(text) {
        Ok(value) => Some(vec![value]),
        Err(_) => document::read(text).ok(),
    }
}

/// The same of a list that may be longer than what is written or looked at otherwise.
pub(crate) fn long_values(text: &str) -> Option<Vec<Value>> {
    match serde_json::from_str(text) {
        Ok(value) => Some(vec![value]),
        Err(_) => document::read_long(text).ok(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
