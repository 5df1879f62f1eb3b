//! Whom an alert is about, as the host tells it.

use super::Kind;
use crate::host::Alert;

/// The object that an alert names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What it is.
    pub kind: Kind,
    /// Empty for a kind that has none.
    pub namespace: String,
    /// Its name, which is one.
    pub name: String,
}

impl Subject {
    /// Reads whom the host says that an alert is about, where that is one of these kinds. Without a namespace
    /// nothing is guessed, and what is no name is no subject.
    pub fn of(alert: &Alert, kinds: &[Kind]) -> Option<Self> {
        let told = |wanted: &str| {
            let (_, value) = alert.extra.iter().find(|(key, _)| key == wanted)?;
            Some(value.as_str())
        };
        let told_kind = told("subject_kind")?;
        let kind = *kinds.iter().find(|kind| kind.singular == told_kind)?;
        let name = |wanted: &str| told(wanted).filter(|value| is_name(value)).map(str::to_string);
        let namespace = if kind.namespaced { name("subject_namespace")? } else { String::new() };
        Some(Self { kind, namespace, name: name("subject_name")? })
    }

    /// `pod/<namespace>/<name>`.
    pub fn target(&self) -> String {
        self.kind.target(&self.namespace, &self.name)
    }
}

/// A name of the API. Anything else could mean something to a command line.
pub fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    (1..=253).contains(&text.len()) && text.chars().all(plain) && !text.starts_with(['-', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Status;

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
        let kinds = [Kind::POD, Kind::STATEFUL_SET, Kind::NODE];
        Subject::of(&alert, &kinds).map(|subject| (subject.kind.name, subject.target()))
    }

    #[test]
    fn what_the_host_tells_counts_and_labels_do_not() {
        assert_eq!(subject("pod", "shop", "web-1"), Some(("Pod", "pod/shop/web-1".into())));
        assert_eq!(subject("statefulset", "db", "pg"), Some(("StatefulSet", "statefulset/db/pg".into())));
        assert_eq!(subject("node", "", "n3.zone-a"), Some(("Node", "node/n3.zone-a".into())));
        assert_eq!(subject("service", "shop", "web"), None);
    }

    #[test]
    fn what_is_no_name_is_no_subject() {
        assert_eq!(subject("pod", "", "web-1"), None);
        for name in ["--all", "a b", "", "A", "a\n", "a;b", "$(x)"] {
            assert_eq!(subject("pod", "default", name), None);
            assert_eq!(subject("node", "", name), None);
        }
    }
}
