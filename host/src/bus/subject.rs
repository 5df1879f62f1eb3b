//! Subjects as ops has them, for what this host tells.
//!
//! `ops.clusters.CLUSTER.namespaces.NAMESPACE.KINDS.NAME.OBSERVATION`, without the part about the namespace for what has none;
//! all of it in lower case. Kinds are the kind and an `s`, and names keep their dots. `domain/event/object.rs` reads them.

use crate::domain::event::object::UNNAMED;
use crate::domain::event::{ATTRIBUTE, ObjectRef};

/// The subject of an observation of an object. `prefix` is what all subjects begin with, such as `ops`.
pub fn of(prefix: &str, object: &ObjectRef, observation: &str) -> String {
    let ObjectRef { cluster, namespace, kind, name } = object;
    let namespace = if namespace.is_empty() { String::new() } else { format!("namespaces.{}.", word(namespace)) };
    let about = if kind.is_empty() { String::new() } else { format!("{}s.{}.", word(kind), words(name)) };
    let subject = format!("{prefix}.clusters.{}.{namespace}{about}{}", words(cluster), word(observation));
    let mut subject = subject.to_lowercase();
    if subject.len() > ATTRIBUTE {
        subject.truncate(subject.floor_char_boundary(ATTRIBUTE - 1));
        subject = subject.trim_end_matches('.').to_string();
    }
    subject
}

/// One word between dots: no letter of it means something else in a subject.
fn word(text: &str) -> String {
    let plain = |c: char| if c.is_whitespace() || c.is_control() || matches!(c, '*' | '>' | '.') { '-' } else { c };
    if text.is_empty() { UNNAMED.into() } else { text.chars().map(plain).collect() }
}

/// Words with dots between them, of which none is empty: a server keeps no message with one that is.
fn words(text: &str) -> String {
    text.split('.').map(word).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn object(cluster: &str, namespace: &str, kind: &str, name: &str) -> ObjectRef {
        let [cluster, namespace, kind, name] = [cluster, namespace, kind, name].map(str::to_string);
        ObjectRef { cluster, namespace, kind, name }
    }

    #[test]
    fn what_is_told_is_read_as_it_was_meant() {
        for (object, observation, wanted) in [
            (object("k", "shop", "pod", "cart-1"), "alerts", "ops.clusters.k.namespaces.shop.pods.cart-1.alerts"),
            (object("k", "", "node", "gpu-07.rack3.lan"), "alerts", "ops.clusters.k.nodes.gpu-07.rack3.lan.alerts"),
            (object("", "", "incident", "01ABC"), "opened", "ops.clusters.-.incidents.01abc.opened"),
            (
                object("EU.west", "a", "ingress", "Web"),
                "findings",
                "ops.clusters.eu.west.namespaces.a.ingresss.web.findings",
            ),
        ] {
            let subject = of("ops", &object, observation);
            assert_eq!(subject, wanted);
            let (read, said) = ObjectRef::read(&subject, &object.cluster.to_lowercase(), &Value::Null);
            assert_eq!((read.kind, read.name, said.as_str()), (object.kind, object.name.to_lowercase(), observation));
        }
    }

    #[test]
    fn no_name_makes_a_subject_that_means_others_or_is_not_kept() {
        for (name, wanted) in
            [("a..b", "a.-.b"), (".a", "-.a"), ("a b", "a-b"), (">", "-"), ("*.x\n", "-.x-"), ("", "-")]
        {
            assert_eq!(
                of("ops", &object("k", "", "node", name), "alerts"),
                format!("ops.clusters.k.nodes.{wanted}.alerts")
            );
        }
        let long = of("ops", &object("k", "", "node", &"ä.".repeat(2_000)), "alerts");
        assert!(long.len() <= ATTRIBUTE && !long.split('.').any(str::is_empty), "{long}");
    }
}
