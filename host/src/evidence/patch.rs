//! What a call changes that writes some fields of an object: each held against the object as it was seen last.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::difference::{CHANGES, Change, below, name_of, plain};
use crate::domain::call::{Call, Target};
use crate::domain::incident::Look;
use crate::domain::object;
use crate::domain::text::canonical_json;

/// The fields that a patch changes of the one object that it touches, and when the look was made that showed what stands
/// there. None for a call that carries no such patch, and where no look showed the object.
pub fn patched<'a>(
    call: &Call,
    touches: &Target,
    looks: impl DoubleEndedIterator<Item = &'a Look>,
) -> Option<(Vec<Change>, Timestamp)> {
    let ([name], [kind]) = (touches.names.as_slice(), touches.kinds.as_slice()) else { return None };
    let patch = patch(&call.arguments)?;
    let text = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_string);
    let same = |found: &Value| {
        let namespace = text(found, "/metadata/namespace");
        text(found, "/metadata/name").as_deref() == Some(name)
            && text(found, "/kind").is_some_and(|known| known.eq_ignore_ascii_case(kind))
            && namespace.as_ref().is_none_or(|namespace| touches.namespaces.contains(namespace))
    };
    let seen = |look: &'a Look| {
        let readable = look.ok && look.refused.is_none() && look.text.len() <= super::READ;
        let found = object(&look.text).filter(|_| readable && look.text.contains(name.as_str()))?;
        same(&found).then_some((found, look.at))
    };
    let (before, at) = looks.rev().find_map(seen)?;
    // A merge patch writes lists as a whole; a strategic one their items by name.
    let by_name = !call.arguments.values().any(|value| value == "merge" || value == "application/merge-patch+json");
    let mut found = Vec::new();
    walk("", Some(&before), &Value::Object(patch.clone()), by_name, &mut found);
    (!found.is_empty() && found.len() <= CHANGES).then_some((found, at))
}

/// The argument that holds fields of an object: the only one that is an object itself.
fn patch(arguments: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let mut objects = arguments.values().filter_map(Value::as_object);
    let patch = objects.next().filter(|patch| !patch.is_empty())?;
    let fields = ["spec", "metadata", "data", "stringData", "template"];
    (objects.next().is_none() && patch.keys().all(|key| fields.contains(&key.as_str()))).then_some(patch)
}

fn walk(path: &str, before: Option<&Value>, after: &Value, by_name: bool, found: &mut Vec<Change>) {
    if found.len() > CHANGES || before == Some(after) {
        return;
    }
    match after {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                walk(&below(path, key), before.and_then(|before| before.get(key)), value, by_name, found);
            }
        }
        Value::Array(items) if by_name && !items.is_empty() && items.iter().all(|item| name_of(item).is_some()) => {
            for item in items {
                let list = before.and_then(Value::as_array);
                let name = name_of(item);
                let known = list.and_then(|list| list.iter().find(|known| name_of(known) == name));
                walk(&format!("{path}[{}]", plain(name.unwrap_or_default())), known, item, by_name, found);
            }
        }
        after => {
            // Nothing in the place of a field takes it away.
            let after = Some(after).filter(|after| !after.is_null()).map(canonical_json);
            let before = before.filter(|before| !before.is_null()).map(canonical_json);
            if before != after {
                found.push(Change { path: path.to_string(), before, after });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::entry::Purpose;

    fn look(kind: &str, name: &str, at: i64) -> Look {
        let text = json!({"kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": {"replicas": 3, "template": {"spec": {
            "containers": [{"name": "log", "image": "log:1"}, {"name": "web", "image": "web:1"}]}}}});
        let call = Call { tool: "k.get".into(), arguments: Map::new() };
        let at = Timestamp::from_second(at).unwrap();
        Look { purpose: Purpose::Plan, call, ok: true, text: text.to_string(), at, refused: None }
    }

    fn lines(patch: Value, looks: &[Look]) -> Option<Vec<String>> {
        let Value::Object(arguments) = json!({"name": "web", "patchData": patch}) else { unreachable!() };
        let touches = Target {
            namespaces: vec!["shop".into()],
            kinds: vec!["deployment".into()],
            names: vec!["web".into()],
            ..Target::default()
        };
        let found = patched(&Call { tool: "k.patch".into(), arguments }, &touches, looks.iter());
        found.map(|(changes, at)| {
            assert_eq!(at.as_second(), 2);
            changes.iter().map(Change::line).collect()
        })
    }

    #[test]
    fn a_patch_is_held_against_what_was_seen_last() {
        let looks = [
            look("Deployment", "web", 1),
            look("Deployment", "web", 2),
            look("Pod", "web", 3),
            look("Deployment", "db", 4),
        ];
        let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:2"}]}}}});
        let wanted = r#"spec.template.spec.containers[web].image: "web:1" → "web:2""#;
        assert_eq!(lines(image.clone(), &looks).unwrap(), [wanted]);
        let replicas = json!({"spec": {"replicas": 3, "paused": true, "template": null}});
        let found = lines(replicas, &looks).unwrap();
        assert_eq!(found[0], "spec.paused: – → true");
        assert!(found.len() == 2 && found[1].starts_with("spec.template: {") && found[1].ends_with("→ –"), "{found:?}");
        let other = json!({"spec": {"template": {"spec": {"containers": [{"name": "new", "image": "new:1"}]}}}});
        assert_eq!(lines(other, &looks).unwrap().len(), 2, "an item that is new");
        assert_eq!(lines(image.clone(), &looks[2..]), None, "nobody has looked at it");
        assert_eq!(lines(json!({"spec": {"replicas": 3}}), &looks), None, "it changes nothing");
        assert_eq!(lines(json!({"what": 1}), &looks), None, "no patch of an object");
    }
}
