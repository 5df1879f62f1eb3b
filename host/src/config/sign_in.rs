//! `[sign_in]`: accounts that the host keeps itself, and how long somebody is signed in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::problem::Report;
use super::proxy::{Proxy, RawProxy};
use super::unit::Period;

/// The file of accounts beside the journal.
pub const FILE: &str = "accounts.json";

/// How people sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The file of accounts; none for the one beside the journal.
    pub accounts: Option<PathBuf>,
    /// A proxy that says who somebody is.
    pub proxy: Option<Proxy>,
    /// A session that nobody uses ends after so long.
    pub idle: Duration,
    /// And any after so long.
    pub longest: Duration,
}

impl Default for SignIn {
    fn default() -> Self {
        Raw::default().build(Path::new(""), &mut |_, _| {})
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    accounts: Option<PathBuf>,
    proxy: Option<RawProxy>,
    idle: Option<Period>,
    longest: Option<Period>,
}

impl Raw {
    pub fn build(self, base: &Path, report: &mut Report) -> SignIn {
        let hours = |period: Option<Period>, default: u64| period.map_or(Duration::from_secs(default * 3600), |p| p.0);
        let (idle, longest) = (hours(self.idle, 8), hours(self.longest, 24));
        if idle.is_zero() {
            report(&["sign_in", "idle"], "more than nothing, or nobody could ever be signed in".into());
        }
        if longest < idle {
            report(&["sign_in", "longest"], "at least as long as `idle`".into());
        }
        let proxy = self.proxy.map(|raw| raw.build(base, report));
        SignIn { proxy, accounts: self.accounts.map(|file| base.join(file)), idle, longest }
    }
}
