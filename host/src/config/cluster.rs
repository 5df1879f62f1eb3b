//! `[[cluster]]`: clusters by name, how they are watched, and whose tools reach them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::problem::Report;
use crate::watch::{self, AccessSource, Resource};

/// More clusters, and namespaces of one, than that are a mistake.
const CLUSTERS: usize = 100;
const NAMESPACES: usize = 50;

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The value of the label `cluster` of whatever is about it.
    pub name: String,
    /// How it is watched; none where it is not.
    pub watched: Option<watch::Cluster>,
    /// The tool servers that reach it.
    pub tools: Vec<String>,
    /// Whether these are named, and not merely called like it.
    pub names_tools: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    name: String,
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
    #[serde(default)]
    in_cluster: bool,
    watch: Option<Vec<Resource>>,
    #[serde(default)]
    namespaces: Vec<String>,
    tools: Option<Tools>,
}

/// One server, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tools {
    One(String),
    Several(Vec<String>),
}

/// Whether a text can be the name of a cluster: a part of subjects, and of the names of files.
pub(super) fn is_name(text: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.len() <= 100 && text.chars().all(sound) && text.split('.').all(|part| !part.is_empty())
}

/// Checks them all.
pub fn build(raw: Vec<Raw>, base: &Path, report: &mut Report) -> Vec<Cluster> {
    let mut problem = |text: String| report(&["cluster"], text);
    if raw.len() > CLUSTERS {
        problem(format!("at most {CLUSTERS} clusters"));
    }
    let (mut names, mut servers) = (BTreeSet::new(), BTreeMap::new());
    let mut built = Vec::new();
    for one in raw {
        let name = one.name.clone();
        if !is_name(&name) {
            problem(format!(
                "name {name:?}: a cluster's name is letters, digits, `-`, `_` and single dots, because it is part of subjects"
            ));
            continue;
        }
        // Subjects are in lower case.
        if !names.insert(name.to_lowercase()) {
            problem(format!("the name {name:?} is there twice"));
        }
        match one.build(base) {
            Ok(cluster) => {
                for server in &cluster.tools {
                    if let Some(other) = servers.insert(server.clone(), name.clone()) {
                        problem(format!(
                            "{name}: the tools of {server} are those of {other} already; a server reaches one cluster"
                        ));
                    }
                }
                built.push(cluster);
            }
            Err(error) => problem(format!("{name}: {error}")),
        }
    }
    built
}

impl Raw {
    fn build(self, base: &Path) -> Result<Cluster, String> {
        let Self { name, kubeconfig, context, in_cluster, watch, namespaces, tools } = self;
        let place = match (kubeconfig, context, in_cluster) {
            (None, None, false) => None,
            (None, None, true) => Some(AccessSource::InCluster),
            (Some(file), context, false) => Some(AccessSource::Kubeconfig { file: base.join(file), context }),
            (None, Some(_), false) => {
                return Err("context is one of a kubeconfig; name the file with `kubeconfig`".into());
            }
            (_, _, true) => return Err("in_cluster takes neither kubeconfig nor context".into()),
        };
        if place.is_none() && (watch.is_some() || !namespaces.is_empty()) {
            return Err(
                "watch and namespaces say what is watched; name the API with kubeconfig, or with in_cluster = true"
                    .into(),
            );
        }
        if namespaces.len() > NAMESPACES {
            return Err(format!("at most {NAMESPACES} namespaces; without any all are watched"));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if let Some(odd) = namespaces.iter().find(|name| name.is_empty() || name.len() > 63 || !name.chars().all(plain))
        {
            return Err(format!("namespaces: {odd:?} is no namespace's name"));
        }
        let namespaces: BTreeSet<String> = namespaces.into_iter().collect();
        let watch: BTreeSet<Resource> = watch.unwrap_or_else(|| Resource::ALL.to_vec()).into_iter().collect();
        let names_tools = tools.is_some();
        let tools = match tools {
            None => vec![name.clone()],
            Some(Tools::One(server)) => vec![server],
            Some(Tools::Several(servers)) => servers,
        };
        let watched = place.map(|place| watch::Cluster {
            name: name.clone(),
            place,
            watch: watch.into_iter().collect(),
            namespaces: namespaces.into_iter().collect(),
        });
        Ok(Cluster { name, watched, tools, names_tools })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};

    fn parse(text: &str) -> Result<Vec<Cluster>, String> {
        let parsed = Config::parse(text.into(), Some(Path::new("/etc/tidegate/tidegate.toml")), &Overrides::default());
        parsed.map(|config| config.clusters).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_name_and_a_kubeconfig_are_enough() {
        let all = parse("[[cluster]]\nname = 'kestrel'\nkubeconfig = 'kubeconfig'\ncontext = 'k'\n[[cluster]]\nname = 'osprey'\ntools = ['o', 'o-metrics']").unwrap();
        let [kestrel, osprey] = all.as_slice() else { panic!("{all:?}") };
        let watched = kestrel.watched.as_ref().unwrap();
        let file = PathBuf::from("/etc/tidegate/kubeconfig");
        assert_eq!(watched.place, AccessSource::Kubeconfig { file, context: Some("k".into()) });
        assert_eq!(
            (watched.watch.as_slice(), kestrel.tools.as_slice()),
            (&Resource::ALL[..], &["kestrel".to_string()][..])
        );
        assert_eq!((osprey.watched.is_none(), osprey.tools.len()), (true, 2));
        let pod = parse(
            "[[cluster]]\nname = 'own'\nin_cluster = true\nwatch = ['events']\nnamespaces = ['shop']\ntools = 'kubernetes'",
        );
        assert_eq!(pod.unwrap()[0].watched.as_ref().unwrap().place, AccessSource::InCluster);
        for (text, part) in [
            ("name = 'a b'", "part of subjects"),
            ("name = 'a@b'", "part of subjects"),
            ("name = 'a'\ncontext = 'x'", "name the file"),
            ("name = 'a'\nkubeconfig = 'x'\nin_cluster = true", "neither"),
            ("name = 'a'\nwatch = ['events']", "name the API"),
            ("name = 'a'\nin_cluster = true\nwatch = ['secrets']", "secrets"),
            ("name = 'a'\nin_cluster = true\nnamespaces = ['a/b']", "no namespace's name"),
            ("name = 'a'\n[[cluster]]\nname = 'A'", "there twice"),
            ("name = 'a'\n[[cluster]]\nname = 'b'\ntools = 'a'", "are those of a already"),
        ] {
            let error = parse(&format!("[[cluster]]\n{text}\n")).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
