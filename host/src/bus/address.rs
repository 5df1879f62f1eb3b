//! Addresses of servers, as they are written for NATS and as ops writes them.
//!
//! Its clients take any scheme, so that installations have `http://user:password@host:4222`. Credentials are taken
//! off, so that an address can be shown.

use crate::redact::known;

/// The port of a server that names none.
const PORT: u16 = 4222;

/// Where a server is.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// `nats://` or `tls://`, host and port.
    pub url: String,
    /// Name and password, where it says any; a name alone is a token.
    pub login: Option<(String, Option<String>)>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.url)
    }
}

/// Reads an address. What is wrong with it is said without repeating it, because it may hold a password.
///
/// # Errors
/// When it cannot be one.
pub fn parse(text: &str) -> Result<Address, String> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").unwrap_or(("nats", text));
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "nats" | "http" | "tcp" => "nats",
        "tls" | "https" => "tls",
        _ => return Err("an address begins with nats:// or tls://; http:// and https:// are taken for these".into()),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    // What stands there may be the rest of a password, and what is before it no host.
    if !matches!(behind, "" | "/") {
        return Err("nothing stands behind host and port of an address; in a name or password write # as %23, / as %2F, ? as %3F".into());
    }
    let (login, host) = authority.rsplit_once('@').map_or((None, authority), |(login, host)| (Some(login), host));
    let parsed = reqwest::Url::parse(&format!("http://{host}")).ok().filter(|_| !host.is_empty());
    let Some(name) = parsed.as_ref().and_then(|url| url.host_str()) else {
        return Err("an address is a scheme, a host and a port, such as nats://127.0.0.1:4222".into());
    };
    // The port that the scheme would mean for a web server is not shown by the parser.
    let port = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(PORT);
    let login = login.filter(|login| !login.is_empty());
    if login.is_some_and(|login| !is_escaped(login)) {
        return Err("a % in a name or password of an address begins an escape of two hexadecimal digits, as %40 for @, and together they are UTF-8; write % itself as %25".into());
    }
    let login = login.map(|login| match login.split_once(':') {
        Some((user, password)) => (known::decoded(user), Some(known::decoded(password))),
        None => (known::decoded(login), None),
    });
    Ok(Address { url: format!("{scheme}://{name}:{port}"), login })
}

/// Whether each `%` begins an escape, and what they stand for is text: anything else would be taken for another password than
/// was meant, and be refused by the server without a word of why.
fn is_escaped(login: &str) -> bool {
    let is_pair = |part: &str| part.as_bytes().get(..2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
    let unread = '\u{fffd}';
    login.split('%').skip(1).all(is_pair) && (login.contains(unread) || !known::decoded(login).contains(unread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_ops_writes_them() {
        for (text, url, login) in [
            ("nats://10.0.0.1", "nats://10.0.0.1:4222", None),
            ("http://app:mtz%40x@nats.ops-system:4222", "nats://nats.ops-system:4222", Some(("app", Some("mtz@x")))),
            ("https://nats.example/", "tls://nats.example:4222", None),
            ("tls://[::1]:4443", "tls://[::1]:4443", None),
            ("broker:80", "nats://broker:80", None),
            ("http://broker:80", "nats://broker:80", None),
            ("nats://t0ken@broker", "nats://broker:4222", Some(("t0ken", None))),
        ] {
            let read = parse(text).unwrap();
            let login = login.map(|(user, password)| (user.to_string(), password.map(str::to_string)));
            assert_eq!((read.url.as_str(), read.login), (url, login), "{text}");
        }
        for wrong in ["ws://s3cret@broker", "nats://", "", "nats://a b", "nats://s3cret@"] {
            assert!(!parse(wrong).unwrap_err().contains("s3cret"), "{wrong}");
        }
        // What was not escaped is no host.
        for wrong in ["nats://u:p@s3cret#x@broker", "nats://u:4222/s3cret@broker", "nats://u:s3cret?@broker:4222"] {
            let why = parse(wrong).unwrap_err();
            assert!(why.contains("%23") && !why.contains("s3cret"), "{wrong}: {why}");
        }
        // Nor is it guessed what a broken escape stands for.
        for wrong in [
            "nats://u:s3cret%@b",
            "nats://u:s3cret%4@b",
            "nats://u:s3cret%zz@b",
            "nats://s3cret%@b",
            "nats://u:s3cret%ff@b",
            "nats://u:s3cret%+4@b",
        ] {
            let why = parse(wrong).unwrap_err();
            assert!(why.contains("%25") && !why.contains("s3cret"), "{wrong}: {why}");
        }
        assert_eq!(parse("nats://u:100%25@b").unwrap().login.unwrap().1.as_deref(), Some("100%"));
        let shown = format!("{:?}", parse("http://app:s3cret@broker").unwrap());
        assert_eq!(shown, "nats://broker:4222");
    }
}
