//! What a plugin may send: what its manifest asks for, cut down to what the operator grants.
//!
//! Neither side can widen the other. A refusal names the side that refused and the line that would
//! allow the request.

mod bus;
mod lines;
mod mail;
mod paths;

use std::fmt;

use reqwest::Url;

use super::asks::Asks;
use super::options::Grant;
use crate::network::check_literal;

pub(super) use bus::LINES as BUS_LINES;
pub use bus::{BusGrant, GrantedBus, is_servers_own};
pub(super) use lines::quoted;
use lines::{paths_line, secrets_line};
pub(super) use mail::LINES as MAIL_LINES;
pub use mail::{GrantedMail, MailGrant};
use paths::covers;
pub use paths::problem as path_problem;

/// Scheme, host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads `https://host` or `https://host:port`. The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no origin such as https://example.com");
        let url: Url = text.parse().map_err(|_| wrong())?;
        let bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && !text.contains(['*', '…'])
            && !text.contains("{{");
        if bare { Self::of(&url).ok_or_else(wrong) } else { Err(wrong()) }
    }

    /// Whether it is an address that only a grant with `private = true` reaches. What a name leads to is seen when it
    /// is called.
    pub fn is_private_address(&self) -> bool {
        let local = |url: &Url| {
            let host = url.host_str().unwrap_or_default();
            host == "localhost" || host.ends_with(".localhost")
        };
        self.0.parse().is_ok_and(|url| local(&url) || check_literal(&url, false).is_err())
    }

    /// The origin of a URL; none unless it is HTTP.
    pub fn of(url: &Url) -> Option<Self> {
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| Self(url.origin().ascii_serialization()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is asked and granted for one plugin or target.
#[derive(Clone, Debug)]
pub struct Grants {
    plugin: String,
    /// The configuration's table, such as `plugins.feishu`.
    place: String,
    asks: Asks,
    granted: Vec<(Origin, Grant)>,
}

/// What a permitted request may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermittedRequest {
    /// Whether the origin may lie at a private address.
    pub private: bool,
}

/// A request that is to be sent, as far as grants go.
#[derive(Clone, Copy)]
pub struct OutboundRequest<'a> {
    pub origin: &'a Origin,
    /// As it goes over the wire; none where no single path is meant.
    pub path: Option<&'a str>,
    /// The path as it may be told.
    pub told: &'a str,
    pub method: &'a str,
    pub secrets: &'a [String],
    /// It may not read only, as far as the host can tell, so that it needs a grant whose requests only
    /// read by the operator's word.
    pub marked: bool,
}

impl OutboundRequest<'_> {
    fn what(&self, path: bool) -> String {
        let Self { origin, method, .. } = self;
        let to = format!("{method} to {origin}{}", if path { self.told } else { "" });
        match self.secrets {
            [] => to,
            [one] => format!("{to} with the secret `{one}`"),
            many => format!("{to} with the secrets `{}`", many.join("`, `")),
        }
    }

    /// The path as a line that allows it would name it, if the path is what is in the way.
    fn shown(&self, path: bool) -> Vec<String> {
        path.then(|| self.told.to_string()).into_iter().collect()
    }
}

impl Grants {
    /// Combines both sides. The error is a sentence about a grant that cannot be read.
    pub fn new(plugin: &str, place: &str, asks: &Asks, granted: &[Grant]) -> Result<Self, String> {
        let mut list = Vec::with_capacity(granted.len());
        for grant in granted {
            let origin = Origin::parse(&grant.origin).map_err(|problem| format!("[{place}] grant: {problem}"))?;
            list.push((origin, grant.clone()));
        }
        Ok(Self { plugin: plugin.into(), place: place.into(), asks: asks.clone(), granted: list })
    }

    /// Whether a request may be sent. The error says what would allow it.
    pub fn permit(&self, wanted: &OutboundRequest<'_>) -> Result<PermittedRequest, String> {
        let OutboundRequest { origin, method, secrets, marked, .. } = *wanted;
        let has = |list: &[String]| list.iter().any(|m| m.eq_ignore_ascii_case(method));
        let there = |patterns: &[String]| wanted.path.is_none_or(|path| covers(patterns, path));
        let asked = self.asks.http.iter().filter(|ask| {
            (ask.origin == "*" || Origin::parse(&ask.origin).is_ok_and(|asked| asked == *origin))
                && has(&ask.methods)
                && secrets.iter().all(|name| asks(&ask.secrets, name))
        });
        if !asked.clone().any(|ask| there(&ask.paths)) {
            let by_path = asked.clone().next().is_some();
            return Err(format!(
                "{} was not asked for by plugin {}; its plugin.toml would need: [[asks.http]] \
                 origin = \"{origin}\"{}, methods = [\"{method}\"]{}",
                wanted.what(by_path),
                self.plugin,
                paths_line(&wanted.shown(by_path)),
                secrets_line(secrets),
            ));
        }
        let anywhere = self.granted.iter().filter(|(granted, grant)| {
            granted == origin && has(&grant.methods) && secrets.iter().all(|name| grant.secrets.contains(name))
        });
        let granted = anywhere.clone().filter(|(_, grant)| there(&grant.paths));
        let by_path = granted.clone().next().is_none() && anywhere.clone().next().is_some();
        let line = |reads| self.line_with(wanted, &wanted.shown(by_path), reads);
        if marked && granted.clone().next().is_some() && !granted.clone().any(|(_, grant)| grant.reads) {
            return Err(format!(
                "{} can change something, and plugin {} only looks here: it is granted for actions that the \
                 gate permitted; if all such requests only read, the host's configuration would need: {}",
                wanted.what(false),
                self.plugin,
                line(true),
            ));
        }
        granted
            .filter(|(_, grant)| grant.reads || !marked)
            .map(|(_, grant)| PermittedRequest { private: grant.private })
            .reduce(|a, b| PermittedRequest { private: a.private || b.private })
            .ok_or_else(|| {
                format!(
                    "{} is not granted to plugin {}; the host's configuration would need: {}",
                    wanted.what(by_path),
                    self.plugin,
                    line(marked),
                )
            })
    }

    /// Whether the plugin may send these secrets anywhere at all.
    pub fn permit_any(&self, secrets: &[String]) -> Result<(), String> {
        for name in secrets {
            let asked = self.asks.http.iter().any(|ask| asks(&ask.secrets, name));
            if !asked {
                return Err(format!(
                    "sending the secret `{name}` was not asked for by plugin {}; its plugin.toml would need: \
                     [[asks.http]] secrets = [\"{name}\"]",
                    self.plugin
                ));
            }
            if !self.granted.iter().any(|(_, grant)| grant.secrets.contains(name)) {
                return Err(format!(
                    "sending the secret `{name}` is not granted to plugin {}; the host's configuration would need: {}",
                    self.plugin,
                    self.line_with_secret(name)
                ));
            }
        }
        Ok(())
    }

    /// The sentence about an address that only `private = true` would allow.
    pub fn private_needed(&self, origin: &Origin, method: &str, secrets: &[String], why: &str) -> String {
        let wanted = OutboundRequest { origin, path: None, told: "", method, secrets, marked: false };
        let line = self.line_with_private(&wanted);
        format!("{origin} is refused: {why}; if that is meant, the host's configuration would need: {line}")
    }

    /// Whether the plugin asked to sign with this secret. The error says what would allow it.
    pub fn permit_signing(&self, secret: &str) -> Result<(), String> {
        if asks(&self.asks.signer, secret) {
            return Ok(());
        }
        Err(format!(
            "signing with the secret `{secret}` was not asked for by plugin {}; its plugin.toml \
             would need: [asks] signer = [{}]",
            self.plugin,
            quoted(&self.asks.signer.iter().cloned().chain([secret.to_string()]).collect::<Vec<_>>())
        ))
    }

    /// The sentence about a secret without a value.
    pub fn secret_needed(&self, secret: &str) -> String {
        format!(
            "the secret `{secret}` is not configured; the host's configuration would need, beside other secrets of \
             [{}]: secrets.{secret} = {{ env = \"…\" }}",
            self.place
        )
    }

    /// A sentence, where it asks for something and is granted nothing at all: then it can reach nobody.
    pub fn nothing(&self, mail: Option<&GrantedMail>, bus: Option<&GrantedBus>) -> Option<String> {
        if !self.granted.is_empty() || mail.is_some() || bus.is_some() {
            return None;
        }
        let any = |origin: &str| if origin == "*" { "an origin of yours".to_string() } else { origin.to_string() };
        let asks = self.asks.http.iter().map(|ask| format!("{} to {}", ask.methods.join(" and "), any(&ask.origin)));
        let others = [(self.asks.mail, "mail"), (self.asks.bus, "messages on a bus")];
        let others = others.into_iter().filter(|(asked, _)| *asked).map(|(_, what)| what.to_string());
        let asks: Vec<String> = asks.chain(others).collect();
        let place = &self.place;
        let how = match (self.asks.mail, self.asks.bus) {
            (true, _) => format!("[{place}.mail]"),
            (_, true) => format!("[{place}.bus]"),
            _ => format!("[{place}] grant = […]"),
        };
        let asked = asks.join(", ");
        (!asks.is_empty()).then(|| {
            format!("it can send nothing, because nothing is granted; it asks for {asked}: see {how} in its README")
        })
    }

    /// Sentences about what is asked for and not granted: the plugin may work without it.
    pub fn unmet(&self, mail: Option<&GrantedMail>, bus: Option<&GrantedBus>) -> Vec<String> {
        let mut unmet = Vec::new();
        if self.asks.bus && bus.is_none() {
            unmet.push(self.bus_needed());
        }
        if self.asks.mail && mail.is_none() {
            unmet.push(self.mail_needed());
        }
        for ask in self.asks.http.iter().filter(|ask| ask.origin != "*") {
            let Ok(origin) = Origin::parse(&ask.origin) else { continue };
            let secrets: Vec<String> = ask.secrets.iter().filter(|name| *name != "*").cloned().collect();
            for method in &ask.methods {
                let wanted =
                    OutboundRequest { origin: &origin, path: None, told: "", method, secrets: &secrets, marked: false };
                unmet.extend(self.permit(&wanted).err());
            }
        }
        unmet
    }
}

/// Whether a plugin asks for a secret; `*` asks for whatever is granted.
fn asks(list: &[String], secret: &str) -> bool {
    list.iter().any(|name| name == secret || name == "*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::asks::HttpAsk;

    fn grants(ask: &str, grant: &str) -> Grants {
        let asks = Asks {
            http: vec![HttpAsk {
                origin: ask.into(),
                paths: vec![],
                methods: vec!["POST".into()],
                secrets: vec!["a".into()],
            }],
            signer: vec!["key".into()],
            ..Asks::default()
        };
        let granted: Vec<Grant> = if grant.is_empty() {
            vec![]
        } else {
            vec![Grant {
                origin: grant.into(),
                paths: vec![],
                methods: vec!["post".into()],
                secrets: vec!["a".into(), "b".into()],
                reads: false,
                private: false,
            }]
        };
        Grants::new("feishu", "plugins.feishu", &asks, &granted).unwrap()
    }

    fn permit(grants: &Grants, url: &str, method: &str, secrets: &[&str]) -> Result<PermittedRequest, String> {
        let secrets: Vec<String> = secrets.iter().map(ToString::to_string).collect();
        let url: Url = url.parse().unwrap();
        let origin = Origin::of(&url).unwrap();
        let (path, told) = (Some(url.path()), url.path());
        grants.permit(&OutboundRequest { origin: &origin, path, told, method, secrets: &secrets, marked: false })
    }

    #[test]
    fn only_what_both_sides_name_is_permitted() {
        let both = grants("https://x.test", "https://x.test");
        assert!(permit(&both, "https://x.test/a?b", "POST", &["a"]).is_ok());
        assert!(permit(&both, "https://x.test:443/", "POST", &[]).is_ok());
        for (url, method, secrets) in [
            ("https://x.test/", "GET", &[] as &[&str]),
            ("http://x.test/", "POST", &[]),
            ("https://x.test:8443/", "POST", &[]),
            ("https://sub.x.test/", "POST", &[]),
            ("https://x.test.evil.test/", "POST", &[]),
            ("https://x.test@evil.test/", "POST", &[]),
            ("https://x.test/", "POST", &["b"]),
            ("https://x.test/", "POST", &["c"]),
        ] {
            let error = permit(&both, url, method, secrets).unwrap_err();
            assert!(error.contains("not asked for by plugin feishu"), "{url}: {error}");
        }
    }

    #[test]
    fn a_refusal_prints_the_line_that_would_allow_it() {
        let asked = grants("https://x.test", "");
        assert_eq!(
            permit(&asked, "https://x.test/", "POST", &["a"]).unwrap_err(),
            "POST to https://x.test with the secret `a` is not granted to plugin feishu; the host's \
             configuration would need: [plugins.feishu] grant = [{ origin = \"https://x.test\", \
             methods = [\"POST\"], secrets = [\"a\"] }]"
        );
        assert_eq!(asked.unmet(None, None).len(), 1);
        assert!(asked.permit_signing("key").is_ok());
        assert!(asked.permit_signing("other").unwrap_err().contains("signer = [\"key\", \"other\"]"));
    }

    #[test]
    fn what_may_change_something_needs_a_permit_or_the_operators_word() {
        let both = |reads| {
            let asks = Asks {
                http: vec![HttpAsk {
                    origin: "*".into(),
                    paths: vec![],
                    methods: vec!["POST".into()],
                    secrets: vec![],
                }],
                ..Asks::default()
            };
            let grant = |private: bool| Grant {
                origin: "https://x.test".into(),
                paths: vec![],
                methods: vec!["POST".into()],
                secrets: vec![],
                reads: reads && !private,
                private,
            };
            Grants::new("p", "plugins.p", &asks, &[grant(true), grant(false)]).unwrap()
        };
        let origin = Origin::parse("https://x.test").unwrap();
        let wanted = |marked| OutboundRequest {
            origin: &origin,
            path: Some("/"),
            told: "/",
            method: "POST",
            secrets: &[],
            marked,
        };
        let ask = |reads, marked| both(reads).permit(&wanted(marked)).map(|permitted| permitted.private);
        assert_eq!((ask(false, false), ask(true, false)), (Ok(true), Ok(true)));
        assert_eq!(ask(true, true), Ok(false), "the grants that do not read lend nothing to the one that does");
        assert_eq!(
            ask(false, true).unwrap_err(),
            "POST to https://x.test can change something, and plugin p only looks here: it is granted for actions \
             that the gate permitted; if all such requests only read, the host's configuration would need: \
             [plugins.p] grant = [{ origin = \"https://x.test\", methods = [\"POST\"], private = true }, { origin = \
             \"https://x.test\", methods = [\"POST\"] }, { origin = \"https://x.test\", methods = [\"POST\"], reads = true }]"
        );
    }

    #[test]
    fn asking_for_anything_gives_what_is_granted_and_no_more() {
        let any = grants("*", "https://hooks.test");
        assert!(permit(&any, "https://hooks.test/x", "POST", &[]).is_ok());
        assert!(permit(&any, "https://other.test/x", "POST", &[]).unwrap_err().contains("not granted"));
    }

    #[test]
    fn a_grant_may_name_paths() {
        let text = "origin = \"https://x.test\"\npaths = [\"/api/v1/*\"]\nmethods = [\"POST\"]";
        let grant: Grant = toml::from_str(text).unwrap();
        let ask: HttpAsk = toml::from_str("origin = \"https://x.test\"\nmethods = [\"POST\"]").unwrap();
        let asks = |ask: HttpAsk| Asks { http: vec![ask], ..Asks::default() };
        let granted = Grants::new("p", "plugins.p", &asks(ask), &[grant]).unwrap();
        assert!(permit(&granted, "https://x.test/api/v1/alerts?x=/../y", "POST", &[]).is_ok());
        for path in ["/", "/api/v1/../admin", "/api/v1/%2e%2e/admin", "/api/v1/%252e%252e/admin", "/api/v1/..%2fadmin"]
        {
            assert!(permit(&granted, &format!("https://x.test{path}"), "POST", &[]).is_err(), "{path}");
        }
        assert_eq!(
            permit(&granted, "https://x.test/admin", "POST", &[]).unwrap_err(),
            "POST to https://x.test/admin is not granted to plugin p; the host's configuration would need: [plugins.p] \
             grant = [{ origin = \"https://x.test\", paths = [\"/api/v1/*\"], methods = [\"POST\"] }, \
             { origin = \"https://x.test\", paths = [\"/admin\"], methods = [\"POST\"] }]"
        );
        let narrow: HttpAsk = toml::from_str(text).unwrap();
        let wide: Grant = toml::from_str("origin = \"https://x.test\"\nmethods = [\"POST\"]").unwrap();
        let asked = Grants::new("p", "plugins.p", &asks(narrow), &[wide]).unwrap();
        assert!(permit(&asked, "https://x.test/api/v1/x", "POST", &[]).is_ok());
        assert!(permit(&asked, "https://x.test/x", "POST", &[]).unwrap_err().contains("paths = [\"/x\"]"));
    }

    #[test]
    fn a_grant_names_one_origin() {
        for text in ["*", "https://*.test", "https://x.test/path", "ftp://x.test", "https://u@x.test", "x.test"] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
        assert_eq!(Origin::parse("HTTPS://X.test:443/").unwrap().to_string(), "https://x.test");
    }
}
