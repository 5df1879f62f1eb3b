//! By what this host knows its own messages, so that it does not hear itself.

use serde::Deserialize;

use super::publish::SENDER;
use crate::domain::Labels;

/// Whether a host like this one has published it, as a message that a plugin made.
pub fn is_of_a_host(headers: &Labels) -> bool {
    headers.get(&SENDER.to_ascii_lowercase()).is_some()
}

/// Whether a message is one of this very host, or one that it has sent on. It may have several names. What a plugin has
/// published may be no event: that says so in a header.
pub fn is_own(headers: &Labels, body: &str, own: &[String]) -> bool {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow)]
        source: Option<std::borrow::Cow<'a, str>>,
        #[serde(borrow)]
        tidegatevia: Option<std::borrow::Cow<'a, str>>,
    }
    // Most are others', and need not be read twice.
    let is_one = |name: &str| own.iter().any(|own| own == name);
    if headers.get(&SENDER.to_ascii_lowercase()).is_some_and(is_one) {
        return true;
    }
    let is = |said: Said<'_>| {
        said.source.is_some_and(|name| is_one(&name)) || said.tidegatevia.is_some_and(|via| via.split(',').any(is_one))
    };
    own.iter().any(|own| body.contains(own.as_str())) && serde_json::from_str::<Said<'_>>(body).is_ok_and(is)
}
