//! `[sources.NAME]`: what is said about one source.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::auth::{self, Auth};
use super::problem::Report;

/// A source's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whether it takes requests.
    pub enabled: bool,
    /// What its senders must prove.
    pub auth: Option<Auth>,
}

impl Default for Source {
    fn default() -> Self {
        Self { enabled: true, auth: None }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    enabled: Option<bool>,
    auth: Option<auth::Raw>,
}

pub fn build(raw: BTreeMap<String, Raw>, base: &Path, report: &mut Report) -> BTreeMap<String, Source> {
    let mut sources = BTreeMap::new();
    for (name, raw) in raw {
        let mut auth = raw.auth.and_then(|auth| auth.build(&["sources", &name, "auth"], report));
        if let Some(auth) = &mut auth {
            auth.resolve_paths(base);
        }
        sources.insert(name, Source { enabled: raw.enabled.unwrap_or(true), auth });
    }
    sources
}
