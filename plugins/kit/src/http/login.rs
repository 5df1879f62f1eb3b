//! Whoever sends requests to a server of the operator's, and how it proves who it is.

use super::request::{Request, segment};
use super::template::{Secret, Template};
use crate::host::CallError;
use crate::settings::wrong;

/// A server and a login: basic with a user's name, bearer without one. The host makes the header of the
/// first, so no secret has to be encoded by hand.
#[derive(Clone, Debug)]
pub struct Login {
    base: Template,
    token: Option<Secret>,
}

impl Login {
    /// A login at `url`, a setting of that name; `secret` is the password or token.
    ///
    /// # Errors
    /// When the address is none, or holds a user itself.
    pub fn new(url: &str, user: Option<&str>, secret: Secret) -> Result<Self, CallError> {
        let (scheme, rest) = parts(url)?;
        Ok(match user {
            Some(user) => Self { base: scheme + segment(user) + ":" + secret + "@" + rest, token: None },
            None => Self { base: scheme + rest, token: Some(secret) },
        })
    }

    /// A server that asks nobody who it is.
    ///
    /// # Errors
    /// When the address is none, or holds a user itself.
    pub fn none(url: &str) -> Result<Self, CallError> {
        let (scheme, rest) = parts(url)?;
        Ok(Self { base: scheme + rest, token: None })
    }

    /// A request to a path of the server, which begins with a slash.
    pub fn request(&self, method: &'static str, path: impl Into<Template>) -> Request {
        let request = Request::new(method, self.base.clone() + path);
        match &self.token {
            Some(token) => request.bearer(token.clone()),
            None => request,
        }
    }
}

/// The scheme, and what follows it.
fn parts(url: &str) -> Result<(Template, &str), CallError> {
    let url = url.trim().trim_end_matches('/');
    let parts = url.split_once("://").filter(|(scheme, rest)| {
        let host = rest.split('/').next().unwrap_or_default();
        ["http", "https"].contains(scheme) && !host.is_empty() && !host.contains('@') && !url.contains(['?', '#'])
    });
    match parts {
        Some((scheme, rest)) => Ok((Template::from(format!("{scheme}://").as_str()), rest)),
        None => Err(wrong("url", "expected an address such as https://host.example, without a user and without ?")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_makes_it_basic() {
        let sent = |user: Option<&str>| {
            let login = Login::new("https://a.example/base/", user, Secret::named("s")).unwrap();
            login.request("GET", "/x").built()
        };
        assert_eq!(sent(Some("a@b.example")).url, "https://a%40b.example:{{secret:s}}@a.example/base/x");
        assert!(sent(Some("a")).headers.is_empty());
        assert_eq!(sent(None).url, "https://a.example/base/x");
        assert_eq!(sent(None).headers, [("Authorization".to_string(), "Bearer {{secret:s}}".to_string())]);
    }

    #[test]
    fn an_address_is_nothing_else() {
        for url in ["", "a.example", "https://", "ftp://a.example", "https://u@a.example", "https://a.example?x="] {
            assert!(Login::new(url, None, Secret::named("s")).is_err(), "{url}");
        }
    }
}
