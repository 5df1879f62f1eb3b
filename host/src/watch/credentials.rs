//! What is shown to an API, and where that comes from.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;

use super::exec::Plugin;
use crate::redact::known;
use crate::regular_file;
use crate::secret::Secret;

/// Bytes of a token.
const TOKEN: u64 = 64 << 10;

/// Who somebody is by the word of a kubeconfig.
#[derive(Clone)]
pub enum Credentials {
    /// Nobody, or whom a certificate names.
    None,
    /// A token.
    Token(Secret),
    /// A token in a file, which others write anew from time to time.
    TokenFile(PathBuf),
    /// A name and a password.
    Basic(String, Secret),
    /// A program that knows.
    Exec(Box<Plugin>),
}

/// A certificate and its key, as text of both.
#[derive(Clone)]
pub struct Pem(Secret);

impl Pem {
    /// Puts them together.
    pub fn new(certificate: Vec<u8>, key: Vec<u8>) -> Self {
        let text = [certificate, vec![b'\n'], key].concat();
        Self(Secret::new(String::from_utf8_lossy(&text).into_owned()))
    }

    /// As the client takes it.
    ///
    /// # Errors
    /// When it holds no key, or no certificate.
    pub fn identity(&self) -> Result<reqwest::Identity, String> {
        let text = self.0.expose().as_bytes();
        reqwest::Identity::from_pem(text).map_err(|_| "the client certificate or its key is not PEM".into())
    }
}

impl Credentials {
    /// The header that shows a token or password now; none where there is nothing to show, or a program must be asked.
    ///
    /// # Errors
    /// When a token cannot be had.
    pub async fn header(&self) -> Result<Option<HeaderValue>, String> {
        match self {
            Self::None | Self::Exec(_) => Ok(None),
            Self::Token(token) => bearer(token.expose()).map(Some),
            Self::Basic(name, password) => {
                known::remember(password.expose());
                let pair = STANDARD.encode(format!("{name}:{}", password.expose()));
                sensitive(&format!("Basic {pair}")).map(Some)
            }
            Self::TokenFile(path) => {
                let file = path.clone();
                let read = tokio::task::spawn_blocking(move || regular_file::read_text(&file, TOKEN)).await;
                let text = read.map_err(|_| "the reading of the token was interrupted".to_string())?;
                let text = text.map_err(|error| format!("the token {} cannot be read: {error}", path.display()))?;
                bearer(text.trim()).map(Some)
            }
        }
    }
}

/// The header of a token.
///
/// # Errors
/// When it is empty, or cannot stand in a header.
pub fn bearer(token: &str) -> Result<HeaderValue, String> {
    if token.is_empty() {
        return Err("the token is empty".into());
    }
    // Who is shown it may say it back.
    known::remember(token);
    sensitive(&format!("Bearer {token}"))
}

fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| "the token has letters that no header can hold".to_string())?;
    value.set_sensitive(true);
    Ok(value)
}
