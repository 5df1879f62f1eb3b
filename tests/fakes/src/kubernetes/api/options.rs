//! The options of lists and watches. What the API does not know, or cannot read, is refused.

use crate::Request;
use crate::kubernetes::status::Refusal;

const KNOWN: [&str; 13] = [
    "watch",
    "allowWatchBookmarks",
    "sendInitialEvents",
    "resourceVersion",
    "resourceVersionMatch",
    "timeoutSeconds",
    "timeout",
    "limit",
    "continue",
    "labelSelector",
    "fieldSelector",
    "includeObject",
    "pretty",
];

/// Whether all options are known and can be read.
pub fn check(request: &Request) -> Result<(), Refusal> {
    if let Some((name, _)) = request.query.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
        return Err(Refusal::bad_request(format!("unknown option {name:?} of a list")));
    }
    version(request)?;
    seconds(request)?;
    number(request, "limit").map(|_| ())
}

/// The version from which to go on; 0 where none is named.
pub fn version(request: &Request) -> Result<u64, Refusal> {
    number(request, "resourceVersion").map(Option::unwrap_or_default)
}

/// How long a watch is to last.
pub fn seconds(request: &Request) -> Result<Option<u64>, Refusal> {
    number(request, "timeoutSeconds")
}

/// A number of this name, where there is one.
pub fn number(request: &Request, name: &str) -> Result<Option<u64>, Refusal> {
    let text = request.parameter(name);
    let wrong = || Refusal::bad_request(format!("{name}: Invalid value: {text:?}: it is no number"));
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| wrong()) }
}
