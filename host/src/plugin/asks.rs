//! What a manifest asks the operator for.

use serde::Deserialize;

/// `[asks]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asks {
    /// Secrets to sign with; `*` for any that the operator configures.
    pub signer: Vec<String>,
    /// Tools to look with; `*` stands for any run of characters.
    pub tools: Vec<String>,
    /// Whether it sends mail.
    pub mail: bool,
    /// Whether it publishes on a message bus.
    pub bus: bool,
    /// Where it sends.
    pub http: Vec<HttpAsk>,
}

/// `[[asks.http]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAsk {
    /// An origin, or `*` for whatever the operator grants.
    pub origin: String,
    /// Paths that it needs, such as `/api/v1/*`; all of the origin without any.
    #[serde(default)]
    pub paths: Vec<String>,
    /// HTTP methods.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Secrets that it sends there; `*` for any that the operator grants.
    #[serde(default)]
    pub secrets: Vec<String>,
}

impl Asks {
    /// The names of all secrets that it asks for; one may come twice.
    pub fn secrets(&self) -> impl Iterator<Item = &String> {
        self.http.iter().flat_map(|ask| &ask.secrets).chain(&self.signer).filter(|name| *name != "*")
    }

    /// Whether it asks for no more than a source may: that the host fetches an address for it, without secrets.
    pub fn only_confirms(&self) -> bool {
        let get = |ask: &HttpAsk| ask.secrets.is_empty() && ask.methods.iter().all(|method| method == "GET");
        !self.mail && !self.bus && self.signer.is_empty() && self.tools.is_empty() && self.http.iter().all(get)
    }
}
