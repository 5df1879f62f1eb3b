//! A proxy in front of the host names whoever calls, in headers that are taken from it alone: from its address, with the secret
//! that it shows. Whoever else sends such a header is refused, whatever they want.

use std::collections::BTreeSet;

use axum::extract::Request;
use axum::http::HeaderMap;
use ipnet::IpNet;
use subtle::ConstantTimeEq;

use super::answer::Failure;
use super::audit::Address;
use crate::config;
use crate::domain::person::{fold, is_group};
use crate::environment::Environment;
use crate::secret::{Secret, SecretError};
use crate::token;

/// Longest name, and most groups, of one person.
const LONGEST: usize = 100;
const GROUPS: usize = 100;
/// A shorter secret could be found by trying.
const SHORTEST: usize = 16;

/// Whom a proxy names.
#[derive(Clone)]
pub struct ProxyUser {
    /// The name.
    pub name: String,
    /// The groups.
    pub groups: BTreeSet<String>,
}

/// What is taken from where.
pub struct TrustedProxy {
    from: Vec<IpNet>,
    secret: Secret,
    secret_header: String,
    name_header: String,
    groups_header: String,
}

impl TrustedProxy {
    /// What a configuration says, with its secret.
    ///
    /// # Errors
    /// When the secret cannot be had or can be guessed.
    pub fn resolve(proxy: &config::Proxy, environment: &dyn Environment) -> Result<Self, String> {
        let secret = proxy.secret.resolve(environment).map_err(|error: SecretError| error.to_string())?;
        if secret.expose().len() < SHORTEST {
            return Err(format!(
                "the proxy's secret needs at least {SHORTEST} bytes; make one with `openssl rand -hex 32`"
            ));
        }
        Ok(Self {
            from: proxy.from.clone(),
            secret,
            secret_header: proxy.secret_header.clone(),
            name_header: proxy.name_header.clone(),
            groups_header: proxy.groups_header.clone(),
        })
    }

    /// Takes the proxy's headers out of a request, so that nothing behind sees them, and says whom they name; none where there are
    /// none. Names that differ by `_` alone count as the same header: many proxies and servers take them for one.
    ///
    /// # Errors
    /// When they come from anybody else, or can be read in two ways.
    pub fn take(&self, request: &mut Request) -> Result<Option<ProxyUser>, Failure> {
        let own = [&self.secret_header, &self.name_header, &self.groups_header];
        let same = |name: &str| own.iter().any(|own| name.replace('_', "-") == **own);
        let found: Vec<String> =
            request.headers().keys().map(|name| name.as_str().to_string()).filter(|name| same(name)).collect();
        if found.is_empty() {
            return Ok(None);
        }
        let from = request.extensions().get::<Address>().map(|address| address.0.to_canonical());
        let trusted = from.is_some_and(|from| self.from.iter().any(|net| net.contains(&from)));
        let said_of = |name: &str, text: &str| Failure::forbidden(format!("the header {name} {text}"));
        let refused = |text: &str| said_of(found.first().map_or("", String::as_str), text);
        if !trusted {
            return Err(refused("is taken from the proxy of [sign_in] alone, and this is another address"));
        }
        if found.iter().any(|name| name.contains('_')) {
            return Err(refused("is written with `_`, which could be taken for another one"));
        }
        let headers = request.headers_mut();
        let secret = one(headers, &self.secret_header)
            .map_err(|()| said_of(&self.secret_header, "came more than once"))?
            .unwrap_or_default();
        let (name, groups) = (one(headers, &self.name_header), one(headers, &self.groups_header));
        for name in &found {
            headers.remove(name.as_str());
        }
        let right: bool = secret.as_bytes().ct_eq(self.secret.expose().as_bytes()).into();
        if !right {
            return Err(refused("is taken only with the proxy's secret, and this is not it"));
        }
        let unread = |name: &str| said_of(name, "came more than once, or is not ASCII text");
        let name = name.map_err(|()| unread(&self.name_header))?;
        let groups = groups.map_err(|()| unread(&self.groups_header))?;
        let Some(name) = name else { return Ok(None) };
        let plain = token::strip(&name) == name
            && !fold(&name).is_empty()
            && name.len() <= LONGEST
            && !name.chars().any(char::is_control);
        if !plain {
            return Err(said_of(
                &self.name_header,
                &format!("names nobody: a name has up to {LONGEST} bytes, and something to see"),
            ));
        }
        let groups = groups.unwrap_or_default();
        // Blanks around a comma belong to the list, those within a name to the name.
        let listed: Vec<&str> = groups.split(',').map(|group| group.trim_matches([' ', '\t'])).collect();
        let named = || listed.iter().filter(|group| !group.is_empty());
        let groups: BTreeSet<String> =
            named().filter(|group| is_group(group)).take(GROUPS).map(ToString::to_string).collect();
        let left_out = named().collect::<BTreeSet<_>>().len() - groups.len();
        if left_out > 0 {
            tracing::warn!(name, left_out, "groups that the proxy names for somebody were left out");
        }
        Ok(Some(ProxyUser { name, groups }))
    }
}

/// The only value of a header.
fn one(headers: &HeaderMap, name: &str) -> Result<Option<String>, ()> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    match (first, second) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(|text| Some(text.trim().to_string())).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}
