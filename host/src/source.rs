//! The sources that need no plugin.
//!
//! A source turns one request into alerts. It is a pure function of the request: no I/O, no clock.

pub mod alertmanager;
mod path;

use futures::future::BoxFuture;

use crate::domain::alert::normalised::Normalised;
use crate::ports::{DecodeError, Inbound, Sources};

/// From this size on a body is decoded on a thread of its own, so that one large request does not
/// hold up the small ones.
const LARGE: usize = 256 * 1024;

/// The built-in sources.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl BuiltIn {
    /// Whether a source of this name is built in.
    pub fn has(source: &str) -> bool {
        source == alertmanager::NAME
    }

    /// Decodes a request, and says too which of its alerts could not be taken.
    ///
    /// # Errors
    /// When the source is not built in, or the body is not what its senders send.
    pub async fn normalised(self, source: &str, request: Inbound) -> Result<Normalised, DecodeError> {
        if !Self::has(source) {
            return Err(DecodeError::UnknownSource(format!("there is no source called {source}")));
        }
        let decoded = if request.body.len() < LARGE {
            alertmanager::decode(&request)
        } else {
            let work = tokio::task::spawn_blocking(move || alertmanager::decode(&request));
            let lost = |_| DecodeError::Unavailable("decoding was interrupted; send it again".into());
            work.await.map_err(lost)?
        };
        decoded.map_err(DecodeError::Invalid)
    }
}

impl Sources for BuiltIn {
    fn names(&self) -> Vec<String> {
        vec![alertmanager::NAME.into()]
    }

    fn decode<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<Normalised, DecodeError>> {
        Box::pin(async move { self.normalised(source, request).await?.readable().map_err(DecodeError::Invalid) })
    }
}
