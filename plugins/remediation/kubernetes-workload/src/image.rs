//! Image references: what is wrong with one and whether it can be seen from the outside.

/// Why an image could not be pulled, as far as the runtime's words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no such image, or the words do not say.
    Reference,
    /// The registry does not let us in; it says the same of repositories that do not exist.
    Access,
    /// Registry or network are at fault. Another image would not help.
    Transport,
}

const TRANSPORT: [&str; 15] = [
    "timeout",
    "timed out",
    "deadline exceeded",
    "connection refused",
    "connection reset",
    "no such host",
    "no route to host",
    "tls handshake",
    "x509",
    "toomanyrequests",
    "429 too many",
    "500 internal",
    "502 bad gateway",
    "503 service",
    "unexpected eof",
];

const ACCESS: [&str; 6] =
    ["unauthorized", "authentication required", "access denied", "403 forbidden", "no basic auth", "denied:"];

/// Reads the runtime's messages.
pub(crate) fn fault<'a>(messages: impl IntoIterator<Item = &'a str>) -> Fault {
    let mut fault = Fault::Reference;
    for message in messages {
        let message = message.to_lowercase();
        if TRANSPORT.iter().any(|word| message.contains(word)) {
            return Fault::Transport;
        }
        if ACCESS.iter().any(|word| message.contains(word)) {
            fault = Fault::Access;
        }
    }
    fault
}

/// Whether a text is nothing but an image reference, so that it may be written into a patch.
pub(crate) fn is_reference(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:/@".contains(c);
    (1..=500).contains(&text.len())
        && text.chars().all(plain)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// The same image with its tag freed of punctuation at the end, if there was any: `nginx:1.25-`
/// becomes `nginx:1.25`. A tag that vanishes with it, or a digest, is left alone: then the reference
/// does not say what was meant.
pub(crate) fn without_stray_end(image: &str) -> Option<String> {
    if image.contains('@') {
        return None;
    }
    let last = image.rfind('/').map_or(0, |slash| slash + 1);
    let colon = last + image.get(last..)?.find(':')?;
    let tag = image.get(colon + 1..)?;
    let kept = tag.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    if kept.is_empty() || kept.len() == tag.len() {
        return None;
    }
    let mended = format!("{}:{kept}", image.get(..colon)?);
    is_reference(&mended).then_some(mended)
}

/// The tag of a reference, for sentences.
pub(crate) fn tag(image: &str) -> &str {
    let last = image.rfind('/').map_or(0, |slash| slash + 1);
    image.get(last..).and_then(|name| name.split_once(':')).map(|(_, tag)| tag).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_end_of_a_tag_is_taken_off() {
        for (image, want) in [
            ("nginx:1.25-", Some("nginx:1.25")),
            ("registry.example:5000/team/web:v2.1.,", Some("registry.example:5000/team/web:v2.1")),
            ("nginx:1.25 ", Some("nginx:1.25")),
            ("nginx:1.25", None),
            ("nginx:", None),
            ("nginx:-", None),
            ("nginx", None),
            ("registry.example:5000/web", None),
            ("nginx:1.25-@sha256:abc", None),
            ("ng inx:1.25-", None),
        ] {
            assert_eq!(without_stray_end(image).as_deref(), want, "{image}");
        }
    }

    #[test]
    fn faults_are_told_apart() {
        for (message, want) in [
            ("rpc error: code = NotFound desc = docker.io/library/nginx:1.25-: not found", Fault::Reference),
            (
                "unexpected status from HEAD request to https://m/v2/nginx/manifests/1.25-: 400 Bad Request",
                Fault::Reference,
            ),
            ("Back-off pulling image \"nginx:1.25-\"", Fault::Reference),
            ("pull access denied, repository does not exist or may require authorization", Fault::Access),
            ("dial tcp: lookup registry.example: no such host", Fault::Transport),
            ("toomanyrequests: You have reached your pull rate limit", Fault::Transport),
        ] {
            assert_eq!(fault([message]), want, "{message}");
        }
    }
}
