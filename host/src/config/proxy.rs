//! `[sign_in] proxy`: a proxy in front of the host that knows who somebody is, and says so in headers.

use std::path::Path;

use ipnet::IpNet;
use serde::Deserialize;

use super::problem::Report;
use super::secret::{self, Reference};
use crate::secret::SecretSource;

/// Whom it is taken from, and in which headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Addresses from which it connects.
    pub from: Vec<IpNet>,
    /// What it shows, so that who merely reaches the port is not it.
    pub secret: SecretSource,
    /// The header that holds that, in lower case as all of these.
    pub secret_header: String,
    /// The header with the person's name.
    pub name_header: String,
    /// The header with their groups, parted by commas.
    pub groups_header: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawProxy {
    from: Vec<String>,
    secret: Reference,
    #[serde(default = "secret_header")]
    secret_header: String,
    #[serde(default = "name_header")]
    name_header: String,
    #[serde(default = "groups_header")]
    groups_header: String,
}

fn secret_header() -> String {
    "x-tidegate-proxy".into()
}

fn name_header() -> String {
    "x-forwarded-user".into()
}

fn groups_header() -> String {
    "x-forwarded-groups".into()
}

impl RawProxy {
    pub fn build(self, base: &Path, report: &mut Report) -> Proxy {
        let at = ["sign_in", "proxy"];
        let mut from = Vec::new();
        for text in &self.from {
            let read = text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
            match read {
                Ok(net) if net.prefix_len() == 0 => {
                    report(&at, format!("from: {text} is every address; name those of the proxy"));
                }
                Ok(net) => from.push(net),
                Err(_) => {
                    report(&at, format!("from: {text:?} is no address or network such as 10.0.0.7 or 10.0.0.0/28"))
                }
            }
        }
        if self.from.is_empty() {
            report(&at, "from: name the addresses from which the proxy connects".into());
        }
        let mut secret = self.secret.0;
        secret::resolve_path(&mut secret, base);
        let names = [&self.secret_header, &self.name_header, &self.groups_header].map(|name| name.to_ascii_lowercase());
        let plain = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let own = |name: &String| !matches!(name.as_str(), "authorization" | "cookie" | "host" | "origin");
        if !names.iter().all(|name| plain(name) && own(name)) {
            report(&at, "a header has letters, digits and hyphens, and is one of the proxy's own".into());
        }
        let [secret_header, name_header, groups_header] = names;
        if secret_header == name_header || name_header == groups_header || secret_header == groups_header {
            report(&at, "secret, name and groups need a header each".into());
        }
        Proxy { from, secret, secret_header, name_header, groups_header }
    }
}
