//! Signatures with secrets that the plugin never sees.

use super::template::Template;
use crate::host::{self, CallError, Encoding};

/// HMAC-SHA-256 of a message. Secrets in the key are filled in, and those in the message where it holds any.
/// Text of others belongs into a message without secrets: beside them, what looks like a place for a secret is
/// refused, because a signature cannot be made of anything else than the text itself.
///
/// # Errors
/// When the host refuses a secret, or when a text asks for one.
pub fn signature(
    key: impl Into<Template>,
    message: impl Into<Template>,
    encoding: Encoding,
) -> Result<String, CallError> {
    let (key, message) = (key.into(), message.into());
    if key.pretends() || (message.holds_secret() && message.pretends()) {
        return Err(CallError::Other("a text to sign with a secret looks like a place for one".into()));
    }
    host::hmac_sha256(&key.plain(), &message.plain(), message.holds_secret(), encoding)
        .map_err(CallError::Misconfigured)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::host::played::{self, Part};
    use crate::http::Secret;

    struct Signer;

    impl Part for Signer {
        fn hmac_sha256(&self, key: &str, message: &str, secrets: bool, _: Encoding) -> Result<String, String> {
            Ok(format!("{key}|{message}|{secrets}"))
        }
    }

    #[test]
    fn only_a_typed_secret_is_filled_in() {
        let sign = |key: Template, message: Template| {
            played::with(Rc::new(Signer), || signature(key, message, Encoding::Hex)).ok()
        };
        let secret = || Template::from("1\n") + Secret::named("s");
        let text = || Template::from("{{secret:s}}");
        assert_eq!(sign(secret(), text()).as_deref(), Some("1\n{{secret:s}}|{{secret:s}}|false"));
        assert_eq!(sign(secret(), secret()).as_deref(), Some("1\n{{secret:s}}|1\n{{secret:s}}|true"));
        assert_eq!(sign(secret(), text() + Secret::named("s")), None);
        assert_eq!(sign(text(), Template::default()), None);
    }
}
