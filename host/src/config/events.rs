//! `[events]`: what comes in as events.

use serde::Deserialize;

use super::cluster::is_name;
use super::problem::Report;

/// What is said about events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// The cluster of events that name none; empty for none.
    pub cluster: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    cluster: String,
}

impl Raw {
    pub fn build(self, report: &mut Report) -> Events {
        if !self.cluster.is_empty() && !is_name(&self.cluster) {
            let text = "a cluster's name is letters, digits, `-`, `_` and single dots, because it is part of subjects";
            report(&["events", "cluster"], text.into());
        }
        Events { cluster: self.cluster }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Overrides};

    #[test]
    fn a_cluster_can_be_part_of_a_subject() {
        let parse = |text: &str| Config::parse(format!("[events]\n{text}"), None, &Overrides::default());
        assert_eq!(parse("").unwrap().events.cluster, "");
        assert_eq!(parse("cluster = 'eu.west-1'").unwrap().events.cluster, "eu.west-1");
        for wrong in ["a b", "a..b", ".a", "a.*", ">", "a/b"] {
            assert!(parse(&format!("cluster = '{wrong}'")).is_err(), "{wrong}");
        }
    }
}
