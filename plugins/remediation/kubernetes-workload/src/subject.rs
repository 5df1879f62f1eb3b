//! What an alert is about, as the host tells it.

use crate::bindings::tidegate::plugin::types::Alert;

/// The object that an alert names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub namespace: String,
    /// `Pod`, `Deployment`, `StatefulSet` or `DaemonSet`.
    pub kind: &'static str,
    pub name: String,
}

/// Kinds that are repaired, as the host names them and as the API does.
const KINDS: [(&str, &str); 4] =
    [("pod", "Pod"), ("deployment", "Deployment"), ("statefulset", "StatefulSet"), ("daemonset", "DaemonSet")];

/// Reads whom the host says that an alert is about. Without a namespace nothing is guessed.
pub(crate) fn of(alert: &Alert) -> Option<Subject> {
    let told = |wanted: &str| {
        let (_, value) = alert.extra.iter().find(|(key, _)| key == wanted)?;
        Some(value.as_str())
    };
    let told_kind = told("subject_kind")?;
    let (_, kind) = KINDS.iter().find(|(kind, _)| *kind == told_kind)?;
    let name = |wanted: &str| told(wanted).filter(|value| is_name(value)).map(str::to_string);
    Some(Subject { namespace: name("subject_namespace")?, kind, name: name("subject_name")? })
}

/// A name of the API. Anything else could mean something to a command line.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    (1..=253).contains(&text.len()) && text.chars().all(plain) && !text.starts_with(['-', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::tidegate::plugin::types::Status;

    fn subject(kind: &str, namespace: &str, name: &str) -> Option<(&'static str, String)> {
        let extra = [("subject_kind", kind), ("subject_namespace", namespace), ("subject_name", name)];
        let alert = Alert {
            name: "A".into(),
            status: Status::Firing,
            severity: None,
            labels: vec![("namespace".into(), "monitoring".into()), ("pod".into(), "exporter-0".into())],
            annotations: vec![],
            starts_at: None,
            ends_at: None,
            fingerprint: None,
            link: None,
            extra: extra.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
        };
        of(&alert).map(|subject| (subject.kind, format!("{}/{}", subject.namespace, subject.name)))
    }

    #[test]
    fn what_the_host_tells_counts_and_labels_do_not() {
        assert_eq!(subject("pod", "shop", "web-1"), Some(("Pod", "shop/web-1".into())));
        assert_eq!(subject("statefulset", "db", "pg"), Some(("StatefulSet", "db/pg".into())));
        assert_eq!(subject("node", "", "n3"), None);
        assert_eq!(subject("service", "shop", "web"), None);
    }

    #[test]
    fn what_is_no_name_is_no_subject() {
        assert_eq!(subject("pod", "", "web-1"), None);
        for name in ["--all", "a b", ""] {
            assert_eq!(subject("pod", "default", name), None);
        }
    }
}
