//! `[sources.NAME]`: what is said about one source.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::auth::{self, Auth};
use super::cluster::is_name;
use super::problem::Report;

/// A source's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whether it takes requests.
    pub enabled: bool,
    /// What its senders must prove.
    pub auth: Option<Auth>,
    /// Names by which senders of CloudEvents may ask without a proof whether they may send.
    pub origins: Vec<String>,
    /// The cluster of its alerts that name none.
    pub cluster: Option<String>,
}

impl Default for Source {
    fn default() -> Self {
        Self { enabled: true, auth: None, origins: Vec::new(), cluster: None }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    enabled: Option<bool>,
    auth: Option<auth::Raw>,
    allow_origins: Vec<String>,
    cluster: Option<String>,
}

pub fn build(raw: BTreeMap<String, Raw>, base: &Path, report: &mut Report) -> BTreeMap<String, Source> {
    let mut sources = BTreeMap::new();
    for (name, raw) in raw {
        let mut auth = raw.auth.and_then(|auth| auth.build(&["sources", &name, "auth"], report));
        if let Some(auth) = &mut auth {
            auth.resolve_paths(base);
        }
        for origin in raw.allow_origins.iter().filter(|origin| !is_origin(origin)) {
            let wrong = format!(
                "{origin:?} is no name that a sender asks by (its header WebHook-Request-Origin), such as eventgrid.azure.net"
            );
            report(&["sources", &name, "allow_origins"], wrong);
        }
        if raw.cluster.as_ref().is_some_and(|cluster| cluster.is_empty() || !is_name(cluster)) {
            let text = "a cluster's name is letters, digits, `-`, `_` and single dots";
            report(&["sources", &name, "cluster"], text.into());
        }
        let (enabled, origins, cluster) = (raw.enabled.unwrap_or(true), raw.allow_origins, raw.cluster);
        sources.insert(name, Source { enabled, auth, origins, cluster });
    }
    sources
}

fn is_origin(text: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
    (1..=253).contains(&text.len()) && text.chars().all(sound)
}
