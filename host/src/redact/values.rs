//! Which values behind the name of a secret are none: references, placeholders, words of sentences.

use super::names::{Class, class};
use super::urls::token_like;

/// Where the secret begins in a value that may start with the scheme of an `Authorization` header.
pub(super) fn behind_scheme(value: &str) -> usize {
    const SCHEMES: &[&str] =
        &["bearer", "basic", "token", "digest", "negotiate", "apikey", "api-key", "genie", "genieKey", "ntlm"];
    match value.split_once(' ') {
        Some((scheme, rest)) if SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) => {
            value.len() - rest.trim_start().len()
        }
        _ => 0,
    }
}

/// Whether a value behind a name of this class is none: it says where a secret is or that there is none,
/// or it is a word of a sentence.
pub(super) fn harmless(class: Class, name: &str, value: &str, in_sentence: bool) -> bool {
    let value = value.trim_matches(['"', '\'', '`', '\\']).trim();
    let lower = value.to_ascii_lowercase();
    if class == Class::Plain || value.is_empty() || lower.starts_with("[redacted") || lower.starts_with("[withheld") {
        return true;
    }
    placeholder(value, &lower)
        || reference(name, value)
        || (class == Class::Weak && doubtful(name, value, in_sentence))
        || (!value.is_ascii() && !value.bytes().any(|byte| byte.is_ascii_alphanumeric()))
        || (lower.split_once(' ').is_some_and(|(first, _)| VERBS.contains(&first)))
        || (in_sentence && SENTENCE.contains(&lower.trim_end_matches(['.', ',', ':', ';', '!'])))
}

/// First words of what is said about a secret.
const VERBS: &[&str] = &[
    "authentication",
    "cannot",
    "does",
    "expired",
    "has",
    "incorrect",
    "invalid",
    "is",
    "may",
    "mismatch",
    "missing",
    "must",
    "not",
    "required",
    "should",
    "too",
    "was",
    "wrong",
];
const SENTENCE: &[&str] = &[
    "a",
    "access",
    "an",
    "authentication",
    "be",
    "cannot",
    "could",
    "does",
    "empty",
    "expired",
    "failed",
    "field",
    "for",
    "has",
    "have",
    "in",
    "incorrect",
    "invalid",
    "is",
    "may",
    "mismatch",
    "missing",
    "must",
    "no",
    "not",
    "of",
    "on",
    "or",
    "permission",
    "please",
    "required",
    "should",
    "the",
    "to",
    "too",
    "unable",
    "unknown",
    "was",
    "wrong",
];

/// Words and signs that stand where no secret is told.
fn placeholder(value: &str, lower: &str) -> bool {
    const WORDS: &[&str] = &[
        "true",
        "false",
        "null",
        "nil",
        "none",
        "not",
        "is",
        "was",
        "has",
        "no",
        "yes",
        "bearer",
        "basic",
        "required",
        "optional",
        "undefined",
        "enabled",
        "disabled",
        "redacted",
        "masked",
        "hidden",
        "{",
        "[",
        "{}",
        "[]",
        "|",
        ">",
        "|-",
        ">-",
        "|+",
        ">+",
        "{...}",
        "[...]",
        "on",
        "off",
        "&",
        "*",
        "-",
        "~",
    ];
    const ANGLED: &[&str] = &[
        "set",
        "nil",
        "none",
        "unset",
        "unknown",
        "redacted",
        "no value",
        "empty",
        "hidden",
        "optional",
        "your",
        "masked",
        "insert",
        "placeholder",
        "secret>",
        "password>",
        "token>",
        "api",
        "sensitive",
        "invalid",
        "value>",
    ];
    WORDS.contains(&lower)
        || lower.starts_with("(sensitive")
        || (value.len() >= 3 && value.chars().all(|c| matches!(c, '*' | '•' | '.' | 'x' | 'X' | '#' | '-' | '_')))
        || (lower.strip_prefix('<').is_some_and(|rest| ANGLED.iter().any(|word| rest.starts_with(word))) && lower.contains('>'))
        // What is only the first word of `<set to the key …>`.
        || lower == "<set"
}

/// Values that name where a secret is kept.
fn reference(name: &str, value: &str) -> bool {
    const PREFIXES: &[&str] =
        &["arn:aws", "projects/", "op://", "vault:", "secretref:", "keyvault:", "file:", "aws-ssm:", "awssm:"];
    const FOLDERS: &[&str] = &[
        "/etc/",
        "/var/",
        "/run/",
        "/home/",
        "/root/",
        "/usr/",
        "/opt/",
        "/tmp/",
        "/mnt/",
        "/srv/",
        "/secrets/",
        "/data/",
        "/app/",
        "/certs/",
        "/tls/",
        "/config/",
        "/ssl/",
        "/pki/",
        "/vault/",
        "/dev/",
        "/proc/",
        "./",
        "~/",
        "../",
    ];
    let inside = |open: &str, close: &str| {
        value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(|name| {
            !name.is_empty()
                && name.len() <= 80
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:-?".contains(&b))
        })
    };
    let variable = value.strip_prefix('$').is_some_and(|name| {
        (2..=60).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    });
    variable
        || inside("${", "}")
        || inside("$(", ")")
        || (value.starts_with("{{") && (value.ends_with("}}") || !value.contains("}}")))
        || value.starts_with("%(")
        || matches!(value, "%s" | "%v" | "%q")
        || PREFIXES.iter().any(|prefix| value.starts_with(prefix))
        || (!value.contains(' ') && FOLDERS.iter().any(|folder| value.starts_with(folder)))
        || (name.to_ascii_lowercase().ends_with("pwd") && value.starts_with('/'))
}

/// Values that a name of everyday language may well have before it.
fn doubtful(name: &str, value: &str, in_sentence: bool) -> bool {
    if value.len() < 8 || value.bytes().all(|byte| byte.is_ascii_digit() || byte == b',' || byte == b'.') {
        return true;
    }
    if in_sentence && value.bytes().all(|byte| byte.is_ascii_lowercase() || b".,:;!".contains(&byte)) {
        return true;
    }
    // The name of a key: `secretKey: db-password`.
    if class(value) != Class::Plain && value.bytes().all(|b| b.is_ascii_lowercase() || b"-_.".contains(&b)) {
        return true;
    }
    // Names of objects: `secret: db-credentials`, `Tokens: default-token-x7kq2`.
    let object = value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-./_,".contains(&b))
        && value.bytes().any(|b| b"-./_".contains(&b))
        && value.split(['-', '.', '/', '_']).next().is_some_and(|first| {
            (2..=20).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_lowercase())
        })
        && !value.split(['-', '.', '/', '_']).any(|part| token_like(part, 12))
        && value.len() <= 63;
    let word = value.split([' ', ',']).next().unwrap_or_default();
    let several = value.contains(' ') && word.bytes().all(|b| b.is_ascii_alphabetic()) && !name.is_empty();
    let modes =
        name.eq_ignore_ascii_case("authorization") && value.bytes().all(|b| b.is_ascii_alphabetic() || b == b',');
    object || several && in_sentence || modes
}
