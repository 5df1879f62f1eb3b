//! `[traces]`: where traces go.

use std::path::Path;

use serde::Deserialize;

use super::problem::Report;
use super::secret::{Reference, resolve_path};
use crate::secret::SecretSource;

/// A collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    /// Its address without `/v1/traces`.
    pub endpoint: reqwest::Url,
    /// What it wants in `Authorization`, as a whole.
    pub authorization: Option<SecretSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    endpoint: String,
    authorization: Option<Reference>,
}

impl Raw {
    pub fn build(self, base: &Path, report: &mut Report) -> Option<Traces> {
        let url = reqwest::Url::parse(&self.endpoint).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty());
        if url.is_none() {
            report(&["traces", "endpoint"], "an address of http or https, such as \"http://127.0.0.1:4318\"".into());
        }
        let authorization = self.authorization.map(|Reference(mut source)| {
            resolve_path(&mut source, base);
            source
        });
        url.map(|endpoint| Traces { endpoint, authorization })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Overrides};

    #[test]
    fn traces_are_off_unless_a_collector_is_named() {
        let parse = |text: &str| Config::parse(text.into(), None, &Overrides::default());
        assert_eq!(parse("").unwrap().traces, None);
        let traces =
            parse("[traces]\nendpoint = \"http://otel:4318\"\nauthorization = { env = \"A\" }").unwrap().traces;
        assert!(traces.is_some_and(|traces| traces.endpoint.port() == Some(4318) && traces.authorization.is_some()));
        for text in [
            "endpoint = \"otel:4318\"",
            "endpoint = \"http://u:p@h\"",
            "",
            "endpoint = \"http://h\"\nauthorization = \"x\"",
        ] {
            assert!(parse(&format!("[traces]\n{text}")).is_err(), "{text}");
        }
    }
}
