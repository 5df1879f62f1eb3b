//! `[approvals]` and `[people]`: how people answer, and who they are.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::authentication::is_this_machine;
use super::problem::Report;
use super::secret::{self, Reference};
use crate::domain::person::fold;
use crate::secret::SecretSource;

/// How people answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvals {
    /// Signed links in messages that ask for an approval.
    pub link: Option<Link>,
}

/// Signed links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where people reach this host, without a slash at the end.
    pub base: String,
    /// What links are signed with.
    pub secret: SecretSource,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    link: Option<RawLink>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLink {
    base: String,
    secret: Reference,
}

impl Raw {
    pub fn build(self, base: &Path, report: &mut Report) -> Approvals {
        let link = self.link.map(|raw| {
            let mut secret = raw.secret.0;
            secret::resolve_path(&mut secret, base);
            if let Err(text) = check(&raw.base) {
                report(&["approvals", "link"], text.into());
            }
            Link { base: raw.base.trim_end_matches('/').to_string(), secret }
        });
        Approvals { link }
    }
}

/// A link is a key: it must not travel in the clear.
fn check(base: &str) -> Result<(), &'static str> {
    let plain = base.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/[]%".contains(&b));
    let (scheme, rest) = base.split_once("://").unwrap_or_default();
    let authority = rest.split('/').next().unwrap_or_default();
    if !plain || authority.is_empty() || !matches!(scheme, "https" | "http") {
        return Err("base is the address at which people reach this host, such as \"https://tidegate.example\"");
    }
    if scheme == "http" && !is_local(authority) {
        return Err("base must begin with https://, because whoever reads a link can answer with it");
    }
    Ok(())
}

impl Link {
    /// Whether only this machine can follow the links.
    pub fn is_local(&self) -> bool {
        let rest = self.base.split_once("://").map_or("", |(_, rest)| rest);
        is_local(rest.split('/').next().unwrap_or_default())
    }
}

/// Whether host and port are this machine's own.
fn is_local(authority: &str) -> bool {
    let host = authority.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let host = host.unwrap_or_else(|| authority.split(':').next().unwrap_or_default());
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(is_this_machine)
}

/// Whether a word stands for everybody, so that no group can be called so.
pub fn is_anybody(group: &str) -> bool {
    group.trim().eq_ignore_ascii_case("anybody")
}

/// Groups of people by name.
pub type Groups = BTreeMap<String, Vec<String>>;

/// Checks groups of people.
pub fn groups(raw: Groups, report: &mut Report) -> Groups {
    let mut known: BTreeMap<String, &String> = BTreeMap::new();
    for (group, names) in &raw {
        if let Some(other) = known.insert(fold(group), group) {
            report(&["people", group], format!("{other} looks the same: give one of them another name"));
        }
        if is_anybody(group) {
            report(&["people", group], "this word means whoever can answer; give the group another name".into());
        }
        if names.iter().all(|name| name.trim().is_empty()) {
            report(&["people", group], "a group needs at least one name, or nobody could ever answer".into());
        }
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_never_sent_in_the_clear() {
        for good in [
            "https://t.example",
            "https://t.example:8443/ops/",
            "http://localhost:10000",
            "http://127.0.0.1",
            "http://[::1]:1",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "t.example",
            "http://t.example",
            "ftp://t",
            "https://",
            "https://t.example/?a=b",
            "https://t/#x",
            "https://u@t",
            "http://localhost.evil.example",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
