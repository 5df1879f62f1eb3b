//! The catalogue of all servers, put together once when one of them changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::{Catalogue, Clusters, Tool};

/// Holds the catalogue; reading it costs one reference count.
pub(super) struct SharedCatalogue {
    whole: watch::Sender<Arc<Catalogue>>,
}

impl SharedCatalogue {
    pub(super) fn new(clusters: Clusters) -> Self {
        let none = Catalogue { clusters, ..Catalogue::default() };
        Self { whole: watch::Sender::new(Arc::new(none)) }
    }

    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        self.whole.borrow().clone()
    }

    /// Replaces the tools of one server.
    pub(super) fn put(&self, server: &str, tools: BTreeMap<String, Tool>) {
        self.whole.send_modify(|whole| {
            let prefix = format!("{server}.");
            let mut next = Catalogue::clone(whole);
            next.tools.retain(|name, _| !name.starts_with(&prefix));
            next.tools.extend(tools);
            *whole = Arc::new(next);
        });
    }
}
