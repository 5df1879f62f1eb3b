//! `[server.oidc]`: an identity provider at which people sign in.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::Url;
use serde::Deserialize;

use super::problem::Report;
use super::secret::{self, Reference};
use crate::secret::SecretSource;

/// The path to which the provider sends people back.
pub const CALLBACK: &str = "/oidc/callback";

/// Longest name of a claim, and of what is shown on the button.
const LONGEST: usize = 100;
/// Scopes that are asked for.
const SCOPES: usize = 20;

/// A provider, and what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// What it calls itself, exactly.
    pub issuer: Url,
    /// The same as it was written: issuers are compared letter by letter.
    pub issuer_text: String,
    /// What people call it.
    pub name: String,
    /// What it calls this host.
    pub client_id: String,
    /// What this host proves itself with; none for a public client.
    pub client_secret: Option<SecretSource>,
    /// Where it sends people back, as it is registered there.
    pub redirect: Url,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The claim that holds the groups, its parts parted by dots.
    pub groups: String,
    /// Groups that are called otherwise here.
    pub group_names: BTreeMap<String, String>,
}

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawOidc {
    issuer: String,
    name: Option<String>,
    client_id: String,
    client_secret: Option<Reference>,
    redirect: String,
    scopes: Option<Vec<String>>,
    groups: Option<String>,
    #[serde(default)]
    group_names: BTreeMap<String, String>,
}

impl RawOidc {
    /// Checks it.
    pub fn build(self, report: &mut Report) -> Option<Oidc> {
        let at = |key: &'static str| ["server", "oidc", key];
        let issuer = address(&self.issuer).filter(|url| url.query().is_none());
        if issuer.is_none() {
            let text = "an address that begins with https://, as the provider names itself, such as \
                        \"https://id.example.com/realms/ops\"; http:// is taken for this machine alone";
            report(&at("issuer"), text.into());
        }
        let redirect = address(&self.redirect).filter(|url| url.path() == CALLBACK && url.query().is_none());
        if redirect.is_none() {
            let text = format!(
                "where people reach this host, with the path {CALLBACK}, such as \"https://tidegate.example{CALLBACK}\"; \
                 register the same at the provider"
            );
            report(&at("redirect"), text);
        }
        let plain = |text: &str| !text.trim().is_empty() && text.len() <= 500 && !text.chars().any(char::is_control);
        if !plain(&self.client_id) {
            report(&at("client_id"), "what the provider calls this host; it must not be empty".into());
        }
        let mut scopes = self.scopes.unwrap_or_else(|| ["profile", "email"].map(String::from).to_vec());
        let word =
            |scope: &String| !scope.is_empty() && scope.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\".contains(&b));
        if !scopes.iter().all(word) || scopes.len() > SCOPES {
            report(&at("scopes"), "words without blanks, such as [\"profile\", \"groups\"]".into());
        }
        if !scopes.iter().any(|scope| scope == "openid") {
            scopes.insert(0, "openid".into());
        }
        let groups = self.groups.unwrap_or_else(|| "groups".into());
        if !plain(&groups) || groups.len() > LONGEST || groups.split('.').any(str::is_empty) {
            report(
                &at("groups"),
                "the claim with a person's groups, such as \"groups\" or \"realm_access.roles\"".into(),
            );
        }
        if self.group_names.iter().any(|(from, to)| !plain(from) || !plain(to)) {
            report(&at("group_names"), "a group of the provider and what it is called here".into());
        }
        let host = |url: &Url| url.host_str().unwrap_or_default().to_string();
        let name = self.name.unwrap_or_else(|| issuer.as_ref().map(host).unwrap_or_default());
        if issuer.is_some() && (!plain(&name) || name.len() > LONGEST) {
            report(&at("name"), format!("what people call the provider, in {LONGEST} letters at most"));
        }
        Some(Oidc {
            issuer: issuer?,
            issuer_text: self.issuer,
            name,
            client_id: self.client_id,
            client_secret: self.client_secret.map(|Reference(secret)| secret),
            redirect: redirect?,
            scopes,
            groups,
            group_names: self.group_names,
        })
    }
}

impl Oidc {
    /// Makes the secret's file relative to the configuration file.
    pub(super) fn resolve_paths(&mut self, base: &Path) {
        self.client_secret.iter_mut().for_each(|secret| secret::resolve_path(secret, base));
    }

    /// Whether an address may be used beside this issuer's: over TLS, or on this machine where the issuer is here, too.
    pub fn may_use(&self, url: &Url) -> bool {
        url.scheme() == "https" || self.issuer.scheme() == "http" && is_here(url)
    }
}

/// An address that is safe to send people and secrets to.
fn address(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let safe = url.scheme() == "https" || is_here(&url);
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (safe && plain && url.host_str().is_some()).then_some(url)
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "http" && matches!(host, "127.0.0.1" | "[::1]" | "localhost")
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Overrides};

    const GOOD: &str = "issuer = \"https://id.example/realms/ops\"\nclient_id = \"tidegate\"\n\
                        redirect = \"https://tidegate.example/oidc/callback\"\n";
    const ACCESS: &str = "[[access]]\ngroups = [\"sre\"]\nrole = \"responder\"\n";

    fn problems(section: &str, more: &str) -> String {
        let text = format!("[server.oidc]\n{section}\n{more}");
        Config::parse(text, None, &Overrides::default()).map_or_else(|problems| problems.to_string(), |_| String::new())
    }

    #[test]
    fn a_provider_is_taken_as_it_is_written() {
        let config = Config::parse(format!("[server.oidc]\n{GOOD}{ACCESS}"), None, &Overrides::default()).unwrap();
        let oidc = config.server.oidc.as_ref().unwrap();
        assert_eq!((oidc.name.as_str(), oidc.groups.as_str()), ("id.example", "groups"));
        assert_eq!(oidc.scopes, ["openid", "profile", "email"]);
        assert!(config.demands_proof(), "whoever has a provider lets nobody in without a proof");
    }

    #[test]
    fn mistakes_are_told() {
        for (from, to, part) in [
            ("https://id.example/realms/ops", "http://id.example", "server.oidc.issuer"),
            ("https://id.example/realms/ops", "https://id.example/?a=b", "server.oidc.issuer"),
            ("https://id.example/realms/ops", "https://u:p@id.example", "server.oidc.issuer"),
            ("https://id.example/realms/ops", "id.example", "server.oidc.issuer"),
            ("/oidc/callback", "/sign-in", "register the same"),
            ("https://tidegate.example", "http://tidegate.example", "server.oidc.redirect"),
            ("\"tidegate\"", "\" \"", "server.oidc.client_id"),
            ("client_id", "scopes = [\"a b\"]\nclient_id", "server.oidc.scopes"),
            ("client_id", "groups = \"a..b\"\nclient_id", "server.oidc.groups"),
            ("client_id", "group_names = { a = \"\" }\nclient_id", "server.oidc.group_names"),
            ("client_id", "client_secret = \"hunter2\"\nclient_id", "never written into the configuration"),
            ("client_id", "secret = 1\nclient_id", "secret"),
        ] {
            assert!(GOOD.contains(from));
            let found = problems(&GOOD.replacen(from, to, 1), ACCESS);
            assert!(found.contains(part) && !found.contains("hunter2"), "{to}: {found}");
        }
        let nobody = problems(GOOD, "");
        assert!(nobody.contains("[[access]]"), "whoever signs in could do nothing: {nobody}");
        let here = GOOD.replace("https://id.example/realms/ops", "http://127.0.0.1:9/");
        assert_eq!(problems(&here, ACCESS), "");
    }
}
