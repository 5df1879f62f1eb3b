//! `signer`: signatures with secrets that the plugin never sees. Calls that only look may sign: reads
//! have to be signed as well, and a signature leaves only in a request that such a call may send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::plugin::imports::Binding;
use crate::plugin::secrets::{PlaceholderContext, PlaceholderError, names};

/// Bytes of a key, and of what is signed: somewhat more than a request may have. Of all a guest could hand over, the host
/// would compute for a time that nobody interrupts.
const KEY: usize = 64 << 10;
const MESSAGE: usize = 2 << 20;

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Lower case.
    Hex,
    /// With padding.
    Base64,
}

/// What is signed, and how.
#[derive(Clone, Debug)]
pub struct Signing {
    /// With placeholders.
    pub key: String,
    /// With placeholders, if `message_secrets` says so.
    pub message: String,
    /// Whether `{{secret:name}}` in the message is a placeholder. Else it is text.
    pub message_secrets: bool,
    /// Of the signature.
    pub encoding: Encoding,
}

/// HMAC-SHA-256. The error names a secret that was not asked for or is not configured.
pub fn hmac_sha256(binding: &Binding, signing: Signing) -> Result<String, String> {
    let beyond = |most: usize, what: &str| format!("the {what} has more than {most} bytes");
    for (text, most, what) in [(&signing.key, KEY, "key"), (&signing.message, MESSAGE, "message")] {
        if text.len() > most {
            return Err(beyond(most, what));
        }
    }
    let expand = |text: &str, most, what| {
        for name in names(text) {
            binding.grants.permit_signing(&name)?;
        }
        binding.secrets.expand(text, PlaceholderContext::Plain, most).map_err(|unfilled| match unfilled {
            PlaceholderError::Unknown(name) => binding.grants.secret_needed(&name),
            PlaceholderError::TooLong => beyond(most, what),
        })
    };
    let key = expand(&signing.key, KEY, "key")?;
    let message = if signing.message_secrets { expand(&signing.message, MESSAGE, "message")? } else { signing.message };
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|error| error.to_string())?;
    mac.update(message.as_bytes());
    let signature = mac.finalize().into_bytes();
    Ok(match signing.encoding {
        Encoding::Hex => hex::encode(signature),
        Encoding::Base64 => STANDARD.encode(signature),
    })
}
