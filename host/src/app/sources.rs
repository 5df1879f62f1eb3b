//! Built-in sources first, then plugins.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::domain::alert::normalised::Normalised;
use crate::plugin::Plugins;
use crate::ports::{DecodeError, Inbound, Sources};
use crate::source::BuiltIn;

/// All sources of a host.
pub struct AllSources {
    plugins: Arc<Plugins>,
}

impl AllSources {
    /// Whether there is a source of this name.
    pub fn has(&self, name: &str) -> bool {
        BuiltIn::has(name) || self.plugins.has_source(name)
    }

    /// The built-in sources and those of the plugins.
    pub fn new(plugins: Arc<Plugins>) -> Self {
        Self { plugins }
    }

    /// Whether a source takes requests of this method.
    pub fn takes(&self, source: &str, method: &str) -> bool {
        if BuiltIn::has(source) { method == "POST" } else { self.plugins.takes(source, method) }
    }

    /// Begins to fetch an address that a source's sender wants to have fetched; what comes of it, in a sentence.
    pub fn confirm(&self, source: &str, url: &str) -> String {
        self.plugins.confirm(source, url)
    }
}

impl Sources for AllSources {
    fn names(&self) -> Vec<String> {
        let mut names = BuiltIn.names();
        names.extend(Sources::names(self.plugins.as_ref()).into_iter().filter(|name| !BuiltIn::has(name)));
        names
    }

    fn decode<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<Normalised, DecodeError>> {
        if BuiltIn::has(source) {
            return Box::pin(async move {
                let normalised = BuiltIn.normalised(source, request).await?;
                self.plugins.note_left_out(source, normalised).map_err(DecodeError::Invalid)
            });
        }
        Sources::decode(self.plugins.as_ref(), source, request)
    }
}
