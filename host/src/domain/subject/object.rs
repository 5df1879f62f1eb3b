//! An object of a cluster by its kind and name, and what makes it anew.

use std::fmt;

use super::owner_of;

/// What is affected.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AffectedObject {
    /// A word in lower case.
    pub kind: String,
    /// Empty where there is none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Kinds that are pods or make pods. What is wrong with one of them shows at the others.
const WORKLOADS: [&str; 7] = ["pod", "replicaset", "deployment", "statefulset", "daemonset", "job", "cronjob"];

impl AffectedObject {
    /// An object of this kind.
    pub fn new(kind: impl Into<String>, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// What [`fmt::Display`] wrote; none where the text names no kind or no object.
    pub fn read(text: &str) -> Option<Self> {
        let (kind, path) = text.split_once(' ').filter(|(kind, path)| !kind.is_empty() && !path.is_empty())?;
        let (namespace, name) = path.split_once('/').unwrap_or(("", path));
        Some(Self::new(kind, namespace, name))
    }

    /// The name of what makes it anew under other names, as far as its own tells; else its own.
    pub fn owner(&self) -> &str {
        owner_of(&self.kind, &self.name).map_or(self.name.as_str(), |(_, name)| name)
    }

    /// Its kind; `workload` for all that is a pod or makes pods.
    pub fn family(&self) -> &str {
        if WORKLOADS.contains(&self.kind.as_str()) { "workload" } else { &self.kind }
    }
}

impl fmt::Display for AffectedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.namespace.is_empty() { "" } else { "/" };
        let space = if self.kind.is_empty() { "" } else { " " };
        write!(f, "{}{space}{}{slash}{}", self.kind, self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_as_it_is_written() {
        for object in [AffectedObject::new("pod", "shop", "web-1"), AffectedObject::new("node", "", "n1")] {
            assert_eq!(AffectedObject::read(&object.to_string()), Some(object));
        }
        for text in ["", "pod", "pod ", " shop/web"] {
            assert_eq!(AffectedObject::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_makes_an_object_anew_is_its_owner() {
        for (kind, name, owner, family) in [
            ("pod", "web-6cb6599c5b-q48qx", "web", "workload"),
            ("job", "backup-29386080", "backup", "workload"),
            ("pod", "backup-29386080-x2k4p", "backup", "workload"),
            ("deployment", "web", "web", "workload"),
            ("node", "n1", "n1", "node"),
        ] {
            let object = AffectedObject::new(kind, "shop", name);
            assert_eq!((object.owner(), object.family()), (owner, family), "{object}");
        }
    }
}
