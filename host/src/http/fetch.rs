//! Small documents that proofs rest on, such as keys and certificates: fetched in one way, within bounds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;

use crate::network::{self, Network, describe, read_capped};

/// For the whole exchange. A sender waits for its answer meanwhile.
const WITHIN: Duration = Duration::from_secs(5);

/// Key sets and certificates have some kilobytes.
const LARGEST: usize = 256 << 10;

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Whoever should have it answered that there is none.
    #[error("the answer is {0}")]
    Refused(u16),
    /// Nobody could be asked, or not now.
    #[error("{0}")]
    Unavailable(String),
}

/// Fetches documents.
pub trait Fetch: Send + Sync {
    /// Reads the document at an address.
    fn get<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Vec<u8>, FetchError>>;
}

/// Any address: the operator configured it, or its host is pinned and proves itself by TLS.
impl Fetch for Network {
    fn get<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Vec<u8>, FetchError>> {
        Box::pin(async move {
            let unavailable = |error: network::NetworkError| FetchError::Unavailable(error.to_string());
            let client = self.trusted().map_err(unavailable)?;
            let sent = client.get(url.clone()).timeout(WITHIN).send().await;
            let response = sent.map_err(|error| FetchError::Unavailable(describe(error)))?;
            match response.status().as_u16() {
                200 => {}
                // May pass.
                status @ (408 | 429 | 500..) => {
                    return Err(FetchError::Unavailable(format!("the answer is {status}")));
                }
                status => return Err(FetchError::Refused(status)),
            }
            read_capped(response, LARGEST).await.map_err(|error| FetchError::Unavailable(error.to_string()))
        })
    }
}

/// Bounds how often strangers can make this host ask others.
pub struct Pace {
    most: usize,
    within: SignedDuration,
    last: Mutex<Vec<Timestamp>>,
}

impl Pace {
    /// So many times within so long.
    pub fn new(most: usize, within: SignedDuration) -> Self {
        Self { most, within, last: Mutex::default() }
    }

    /// Takes one of the times; false where there is none left.
    pub fn take(&self, now: Timestamp) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.retain(|at| now.duration_since(*at).abs() < self.within);
        let free = last.len() < self.most;
        if free {
            last.push(now);
        }
        free
    }
}

#[cfg(test)]
pub(in crate::http) mod fake {
    use std::collections::HashMap;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Documents at their addresses, and how often somebody asked.
    #[derive(Default)]
    pub struct Shelf {
        pub documents: Mutex<HashMap<String, Result<Vec<u8>, FetchError>>>,
        pub asked: AtomicUsize,
    }

    impl Shelf {
        pub fn put(&self, url: &str, document: impl Into<Vec<u8>>) {
            self.documents.lock().unwrap().insert(url.into(), Ok(document.into()));
        }

        pub fn asked(&self) -> usize {
            self.asked.load(Ordering::Relaxed)
        }
    }

    impl Fetch for Shelf {
        fn get<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Vec<u8>, FetchError>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let found = self.documents.lock().unwrap().get(url.as_str()).cloned();
            Box::pin(std::future::ready(found.unwrap_or(Err(FetchError::Refused(404)))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_kept() {
        let (pace, at) = (Pace::new(2, SignedDuration::from_mins(1)), |s| Timestamp::from_second(s).unwrap());
        assert!(pace.take(at(0)) && pace.take(at(1)) && !pace.take(at(59)));
        assert!(pace.take(at(60)) && !pace.take(at(60)));
    }
}
