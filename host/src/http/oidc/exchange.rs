//! What this host asks a provider by itself: a code becomes tokens, and a token what is known of a person.

use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::{RequestBuilder, Url, header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::metadata::{Metadata, Method};
use super::{Failed, Oidc, word};
use crate::http::fetch::{Fetch, FetchError};
use crate::network::{Network, describe, read_capped};
use crate::secret::Secret;

/// For the whole exchange. Somebody waits for it.
const WITHIN: Duration = Duration::from_secs(8);
/// Answers have some kilobytes.
const LARGEST: usize = 256 << 10;

/// Asks a provider.
pub trait Talk: Fetch {
    /// Posts a form, with a name and a secret in `Authorization` where they are given: the status, and what is said.
    fn post<'a>(
        &'a self,
        url: &'a Url,
        form: String,
        basic: Option<(String, Secret)>,
    ) -> BoxFuture<'a, Result<(u16, Vec<u8>), FetchError>>;
    /// Reads what a token lets one read: the status, and what is said.
    fn get_with<'a>(&'a self, url: &'a Url, token: &'a Secret) -> BoxFuture<'a, Result<(u16, Vec<u8>), FetchError>>;
}

async fn answered(request: RequestBuilder) -> Result<(u16, Vec<u8>), FetchError> {
    let request = request.header(header::ACCEPT, "application/json").timeout(WITHIN);
    let response = request.send().await.map_err(|error| FetchError::Unavailable(describe(error)))?;
    let status = response.status().as_u16();
    let body = read_capped(response, LARGEST).await.map_err(|error| FetchError::Unavailable(error.to_string()))?;
    Ok((status, body))
}

/// Any address: the operator configured the provider, and it proves itself by TLS.
impl Talk for Network {
    fn post<'a>(
        &'a self,
        url: &'a Url,
        form: String,
        basic: Option<(String, Secret)>,
    ) -> BoxFuture<'a, Result<(u16, Vec<u8>), FetchError>> {
        Box::pin(async move {
            let client = self.trusted().map_err(|error| FetchError::Unavailable(error.to_string()))?;
            let request = client.post(url.clone()).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let request = match &basic {
                Some((name, secret)) => request.basic_auth(name, Some(secret.expose())),
                None => request,
            };
            answered(request.body(form)).await
        })
    }

    fn get_with<'a>(&'a self, url: &'a Url, token: &'a Secret) -> BoxFuture<'a, Result<(u16, Vec<u8>), FetchError>> {
        Box::pin(async move {
            let client = self.trusted().map_err(|error| FetchError::Unavailable(error.to_string()))?;
            answered(client.get(url.clone()).bearer_auth(token.expose())).await
        })
    }
}

/// What a code was exchanged for.
pub struct Given {
    /// Who it is, signed.
    pub id_token: String,
    /// What lets one ask more about them.
    pub access_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl Oidc {
    /// The form with a code, and what proves this host beside it.
    fn proof(&self, metadata: &Metadata, code: &str, verifier: &Secret) -> (String, Option<(String, Secret)>) {
        let id = &self.settings.client_id;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", self.settings.redirect.as_str())
            .append_pair("code_verifier", verifier.expose());
        let basic = match (&self.secret, metadata.method) {
            (Some(secret), Method::Basic) => Some((encoded(id), Secret::new(encoded(secret.expose())))),
            (Some(secret), Method::Post) => {
                form.append_pair("client_id", id).append_pair("client_secret", secret.expose());
                None
            }
            (None, _) => {
                form.append_pair("client_id", id);
                None
            }
        };
        (form.finish(), basic)
    }

    /// Exchanges a code.
    pub(super) async fn exchange(&self, metadata: &Metadata, code: &str, verifier: &Secret) -> Result<Given, Failed> {
        let (form, basic) = self.proof(metadata, code, verifier);
        let (status, body) = self.network.post(&metadata.token, form, basic).await.map_err(unreachable)?;
        if status != 200 {
            let told = serde_json::from_slice::<Refused>(&body).map(|refused| word(&refused.error)).unwrap_or_default();
            return Err(match status {
                // Nobody who signs in can mend it.
                _ if matches!(told.as_str(), "invalid_client" | "unauthorized_client") => {
                    tracing::error!(
                        status,
                        error = told,
                        "the provider does not take client_id and client_secret of [server.oidc]"
                    );
                    Failed::Unproven(format!("it does not take this host's own name and secret ({told})"))
                }
                408 | 429 | 500.. => Failed::Unreachable(format!("where codes are exchanged, the answer is {status}")),
                _ => Failed::Unproven(format!("the code is not taken ({status} {told})")),
            });
        }
        let tokens: Tokens = serde_json::from_slice(&body)
            .map_err(|_| Failed::Unproven("the code is exchanged for something without an id_token".into()))?;
        let access_token = tokens.access_token.filter(|token| is_token(token)).map(Secret::new);
        Ok(Given { id_token: tokens.id_token, access_token })
    }

    /// What more the provider says of the person of these claims.
    pub(super) async fn userinfo(
        &self,
        url: &Url,
        token: &Secret,
        claims: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Failed> {
        let (status, body) = self.network.get_with(url, token).await.map_err(unreachable)?;
        if status != 200 {
            return Err(Failed::Unreachable(format!("about the person the answer is {status}")));
        }
        let more: Map<String, Value> = serde_json::from_slice(&body)
            .map_err(|_| Failed::Unproven("what it says about the person is no JSON".into()))?;
        // It must be about whoever the signed token is about.
        let subject = |of: &Map<String, Value>| of.get("sub").and_then(Value::as_str).map(str::to_string);
        if subject(&more).is_none() || subject(&more) != subject(claims) {
            return Err(Failed::Unproven("what it says about the person is about another".into()));
        }
        Ok(more)
    }
}

fn unreachable(error: FetchError) -> Failed {
    Failed::Unreachable(error.to_string())
}

/// What can stand behind `Bearer`.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= 16 << 10 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// As a form has it, which is how names and secrets of clients stand in `Authorization`.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
