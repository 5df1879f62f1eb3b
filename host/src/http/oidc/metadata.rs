//! What a provider says of itself.

use std::sync::Arc;

use reqwest::Url;
use serde::Deserialize;

use crate::config::Oidc;
use crate::http::jwt::keys::Keys;

/// How this host proves itself where codes are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// In `Authorization: Basic`.
    Basic,
    /// In the form.
    Post,
}

/// As far as it is used here.
pub struct Metadata {
    /// Where people sign in.
    pub authorization: Url,
    /// Where codes are exchanged.
    pub token: Url,
    /// Where more is said of a person.
    pub userinfo: Option<Url>,
    /// Where people sign out.
    pub end_session: Option<Url>,
    /// What its tokens are signed with.
    pub keys: Arc<Keys>,
    /// Each of its answers says whose it is.
    pub says_issuer: bool,
    /// How this host proves itself.
    pub method: Method,
    keys_at: Url,
}

#[derive(Deserialize)]
struct Raw {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Where an issuer says it.
pub fn address(settings: &Oidc) -> Url {
    let mut url = settings.issuer.clone();
    let path = format!("{}/.well-known/openid-configuration", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}

impl Metadata {
    /// Reads it. Keys that are known already stay so while they are at the same place.
    ///
    /// # Errors
    /// When it is another's, or names a place where secrets would go in the clear: a sentence.
    pub fn read(bytes: &[u8], settings: &Oidc, before: Option<&Self>) -> Result<Self, String> {
        let raw: Raw = serde_json::from_slice(bytes)
            .map_err(|error| format!("{} holds no description of a provider: {error}", address(settings)))?;
        if raw.issuer != settings.issuer_text {
            let other = crate::domain::text::truncate(&raw.issuer, 200);
            return Err(format!("it calls itself {other:?}, and [server.oidc] issuer is {:?}", settings.issuer_text));
        }
        let url = |what: &str, text: &str| {
            let url = text.parse::<Url>().ok().filter(|url| settings.may_use(url) && url.fragment().is_none());
            url.ok_or_else(|| format!("its {what} is no address that begins with https://"))
        };
        let optional = |what: &str, text: &Option<String>| text.as_ref().map(|text| url(what, text)).transpose();
        let keys_at = url("jwks_uri", &raw.jwks_uri)?;
        let known = before.filter(|before| before.keys_at == keys_at).map(|before| Arc::clone(&before.keys));
        // Where it says nothing, the standard has it so.
        let methods = raw.token_endpoint_auth_methods_supported.unwrap_or_else(|| vec!["client_secret_basic".into()]);
        let takes = |method: &str| methods.iter().any(|known| known == method);
        let method = match (takes("client_secret_basic"), takes("client_secret_post")) {
            (true, _) => Method::Basic,
            (false, true) => Method::Post,
            (false, false) if settings.client_secret.is_none() => Method::Post,
            (false, false) => return Err("it takes neither client_secret_basic nor client_secret_post".into()),
        };
        Ok(Self {
            authorization: url("authorization_endpoint", &raw.authorization_endpoint)?,
            token: url("token_endpoint", &raw.token_endpoint)?,
            userinfo: optional("userinfo_endpoint", &raw.userinfo_endpoint)?,
            end_session: optional("end_session_endpoint", &raw.end_session_endpoint)?,
            keys: known.unwrap_or_else(|| Arc::new(Keys::at(keys_at.clone()))),
            says_issuer: raw.authorization_response_iss_parameter_supported,
            method,
            keys_at,
        })
    }
}
