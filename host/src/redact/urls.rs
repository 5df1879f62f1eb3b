//! Credentials in URLs: before the host, and in the query.

use super::names::{Class, class};
use super::span::Span;
use super::values::harmless;

/// Longest URL that is looked at, in bytes.
const LONGEST: usize = 4096;
/// Schemes whose passwords may begin like a port.
const DATABASES: &[&str] = &[
    "amqp",
    "amqps",
    "clickhouse",
    "ftp",
    "ftps",
    "ldap",
    "ldaps",
    "mariadb",
    "mongodb",
    "mongodb+srv",
    "mssql",
    "mysql",
    "nats",
    "postgres",
    "postgresql",
    "redis",
    "rediss",
    "sftp",
    "smtp",
    "smtps",
    "sqlserver",
];
/// Names in a query that stand before a secret there, and before all sorts of things elsewhere.
const IN_QUERY: &[&str] = &[
    "auth",
    "code",
    "hmac",
    "key",
    "sas",
    "sig",
    "signature",
    "x-amz-signature",
    "x-goog-signature",
    "x-oss-signature",
];

/// Finds what gives access in URLs.
pub(super) fn find(text: &str, spans: &mut Vec<Span>) {
    for (at, _) in text.match_indices("://") {
        let (scheme, rest) = (scheme(text, at), at + 3);
        let most = text.len().min(rest + LONGEST);
        let bytes = text.as_bytes().get(rest..most).unwrap_or_default();
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"<>`\\'".contains(byte);
        let mut end = rest + bytes.iter().position(ends).unwrap_or(bytes.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let Some(url) = text.get(rest..end) else { continue };
        user(scheme, url, rest, spans);
        query(url, rest, spans);
    }
}

/// The password before the host, or the user where that is a token.
fn user(scheme: &str, url: &str, offset: usize, spans: &mut Vec<Span>) {
    let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
    let at = match authority.rfind('@') {
        Some(at) => at,
        None => {
            // A password with a slash in it ends the authority early.
            let Some((name, begin)) = authority.split_once(':') else { return };
            let port = begin.is_empty() || begin.bytes().all(|byte| byte.is_ascii_digit());
            if name.starts_with('[') || (port && !DATABASES.contains(&scheme)) || name.contains('.') && port {
                return;
            }
            match url.rfind('@') {
                Some(at) => at,
                None => return,
            }
        }
    };
    let Some(info) = url.get(..at) else { return };
    let (name, password) = info.split_once(':').unwrap_or((info, ""));
    if !password.is_empty() && !harmless(Class::Strong, "", password, false) {
        spans.push(Span::marked(offset + name.len() + 1, offset + at));
    }
    if token_like(name, 16) && (password.is_empty() || matches!(password, "x-oauth-basic" | "x" | "api_token")) {
        spans.push(Span::marked(offset, offset + name.len()));
    }
}

fn query(url: &str, offset: usize, spans: &mut Vec<Span>) {
    let Some((path, query)) = url.split_once('?') else { return };
    let mut at = offset + path.len() + 1;
    for part in query.split('&') {
        if let Some((name, value)) = part.split_once('=') {
            let start = at + name.len() + 1;
            let named = class(name) != Class::Plain && !harmless(class(name), name, value, false);
            let usual = IN_QUERY.contains(&name.to_ascii_lowercase().as_str()) && token_like(value, 8);
            if named || usual {
                spans.push(Span::marked(start, at + part.len()));
            }
        }
        at += part.len() + 1;
    }
}

fn scheme(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let bytes = before.as_bytes();
    let good = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+.-".contains(byte);
    let length = bytes.iter().rev().take(24).take_while(good).count();
    before.get(before.len() - length..).unwrap_or_default()
}

/// Whether a word has the letters and digits of something that was drawn by lot.
pub(super) fn token_like(word: &str, least: usize) -> bool {
    word.len() >= least
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.%~+/=".contains(&byte))
}
