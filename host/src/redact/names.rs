//! Which names stand before a secret, and which values behind them are none.

/// What a name says about the value behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Nothing.
    Plain,
    /// Perhaps a secret: ordinary sentences and references have this name too.
    Weak,
    /// A secret.
    Strong,
}

/// Longest name that is looked at, in bytes.
pub(super) const LONGEST: usize = 100;

/// What may stand behind the word that counts: `DB_PASSWORD_PROD`, `password2`, `token_b64`.
const TRAILING: &[&str] = &[
    "b64",
    "base64",
    "current",
    "default",
    "dev",
    "enc",
    "encoded",
    "encrypted",
    "env",
    "hash",
    "hashed",
    "new",
    "next",
    "old",
    "plain",
    "plaintext",
    "prev",
    "previous",
    "prod",
    "production",
    "raw",
    "stage",
    "staging",
    "str",
    "string",
    "test",
    "text",
    "val",
    "value",
];
/// Words that make a secret wherever a name ends with them.
const STRONG: &[&str] = &[
    "apikey",
    "apikeys",
    "keypass",
    "mnemonic",
    "passcode",
    "passphrase",
    "passphrases",
    "passwd",
    "password",
    "passwords",
    "passwort",
    "pepper",
    "phpsessid",
    "jsessionid",
    "pswd",
    "psw",
    "pw",
    "pwd",
    "pword",
    "requirepass",
    "storepass",
    "userpass",
    "dbpass",
    "rootpass",
    "masterauth",
    "pgpass",
    "contraseña",
    "senha",
];
/// Ends of words that are written without a break: `dbpassword`, `authtoken`.
const STRONG_ENDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
    "accountkey",
    "masterkey",
    "signingkey",
    "encryptionkey",
    "licensekey",
    "authkey",
    "sharedkey",
    "clientsecret",
    "appsecret",
    "accesstoken",
    "authtoken",
    "refreshtoken",
    "idtoken",
    "sessiontoken",
    "bottoken",
    "apitoken",
    "identitytoken",
    "registrytoken",
];
/// Words before `key` that make a secret of it.
const KEYS: &[&str] = &[
    "access",
    "account",
    "admin",
    "aes",
    "api",
    "app",
    "application",
    "auth",
    "cipher",
    "consumer",
    "crypto",
    "dd",
    "deploy",
    "encrypt",
    "encryption",
    "function",
    "functions",
    "hmac",
    "host",
    "integration",
    "jwt",
    "licence",
    "license",
    "machine",
    "master",
    "openai",
    "private",
    "pre",
    "psk",
    "secret",
    "service",
    "sharedaccess",
    "shared",
    "sign",
    "signing",
    "ssh",
    "storage",
    "stripe",
    "subscription",
    "webhook",
    "write",
];
/// Words before `key` that make it doubtful.
const WEAK_KEYS: &[&str] =
    &["client", "cookie", "gpg", "pgp", "primary", "rsa", "secondary", "server", "session", "ssl", "tls"];
/// Words before `token` and `secret` that make a count, a place or a reference of it.
const NOT_A_TOKEN: &[&str] = &[
    "automount",
    "cached",
    "completion",
    "continuation",
    "continue",
    "expected",
    "generated",
    "input",
    "invalid",
    "max",
    "maximum",
    "min",
    "next",
    "num",
    "number",
    "of",
    "output",
    "page",
    "pagination",
    "per",
    "prompt",
    "reasoning",
    "sync",
    "total",
    "unexpected",
    "used",
];
const NOT_A_SECRET: &[&str] = &["existing", "pull", "cert", "certificate", "target", "mountable", "use"];
const CHINESE: &[&str] = &["密码", "口令", "密钥", "秘钥", "私钥", "令牌", "凭证", "凭据"];

/// What a name says about the value behind it.
pub(super) fn class(name: &str) -> Class {
    if name.len() > LONGEST {
        return Class::Plain;
    }
    if !name.is_ascii() && CHINESE.iter().any(|word| name.ends_with(word)) {
        return Class::Strong;
    }
    let words = words(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    // The longest form first: `secret_key_base`, `private_key_id` and `key_data` end with words that say
    // nothing by themselves.
    match words.as_slice() {
        [.., "secret", "key", "base"] | [.., "private", "key", "id"] | [.., "access", "key", "id"] => {
            return Class::Strong;
        }
        // Of an ExternalSecret: the name of a key.
        ["secret", "key"] | ["secret", "keys"] => return Class::Weak,
        [.., "key", "data" | "pem" | "material"] | [.., "secret", "id"] => return Class::Strong,
        [.., "snmp", "community"] | [.., "totp" | "otp" | "mfa" | "wallet", "seed"] => return Class::Strong,
        _ => {}
    }
    while words.len() > 1
        && words.last().is_some_and(|last| TRAILING.contains(last) || last.bytes().all(|byte| byte.is_ascii_digit()))
    {
        words.pop();
    }
    let Some((last, before)) = words.split_last() else { return Class::Plain };
    let last = last.trim_end_matches(|c: char| c.is_ascii_digit());
    let previous = before.last().copied();
    let is = |list: &[&str]| previous.is_some_and(|word| list.contains(&word));
    match last {
        "token" | "tokens" if is(NOT_A_TOKEN) || before.first() == Some(&"automount") => Class::Plain,
        "secret" | "secrets" if is(NOT_A_SECRET) => Class::Plain,
        // A type of Go: `*v1.Secret`.
        "secret" | "secrets" if previous.is_some_and(|word| word.starts_with("v1")) => Class::Plain,
        "tokens" => Class::Weak,
        "token" | "secret" | "secrets" | "credential" | "credentials" | "cred" | "creds" | "pass"
            if previous.is_none() =>
        {
            Class::Weak
        }
        "token" | "secret" | "secrets" | "credential" | "credentials" | "cred" | "creds" => Class::Strong,
        "pass" if is(&["first", "second", "by", "one", "single", "multi", "proxy", "tests", "test"]) => Class::Plain,
        "pass" => Class::Strong,
        "cookie" | "cookies" if is(&["set", "session", "auth", "erlang"]) => Class::Strong,
        "cookie" | "cookies" | "authorization" => Class::Weak,
        // `_auth` of an npmrc, `REDIS_AUTH`.
        "auth" if previous.is_some() || name.starts_with('_') => Class::Weak,
        "salt" if is(&["password", "secret", "hash", "auth", "session"]) => Class::Strong,
        "key" | "keys" if is(KEYS) => Class::Strong,
        "key" | "keys" if is(WEAK_KEYS) => Class::Weak,
        _ if STRONG.contains(&last) || STRONG_ENDS.iter().any(|end| last.ends_with(end)) => Class::Strong,
        _ => Class::Plain,
    }
}

/// Whether values directly inside a list or an object of this name are secrets. An object needs a name of
/// several: `privateKey: {algorithm: …}` holds none.
pub(super) fn holds_values(name: &str, list: bool) -> bool {
    let last = words(name).pop().unwrap_or_default();
    (list || last.ends_with('s'))
        && class(name) == Class::Strong
        && !matches!(last.as_str(), "secret" | "secrets" | "credential" | "credentials" | "creds")
}

/// The words of a name in small letters: at signs, and where small letters turn into capitals.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            small = false;
            continue;
        }
        if c.is_uppercase() && small {
            words.push(String::new());
        }
        small = c.is_lowercase();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

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
        && !value.split(['-', '.', '/', '_']).any(|part| super::urls::token_like(part, 12))
        && value.len() <= 63;
    let word = value.split([' ', ',']).next().unwrap_or_default();
    let several = value.contains(' ') && word.bytes().all(|b| b.is_ascii_alphabetic()) && !name.is_empty();
    let modes =
        name.eq_ignore_ascii_case("authorization") && value.bytes().all(|b| b.is_ascii_alphabetic() || b == b',');
    object || several && in_sentence || modes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_by_the_word_that_counts() {
        for name in [
            "DB_PASS",
            "MYSQL_PWD",
            "Pwd",
            "pw",
            "AccountKey",
            "ENCRYPTION_KEY",
            "SECRET_KEY_BASE",
            "LICENSE_KEY",
            "clientSecret",
            "dbpassword",
            "client-key-data",
            "private_key_id",
            "password2",
            "DB_PASSWORD_PROD",
            "数据库密码",
            "X-Api-Key",
            "spring.datasource.password",
            "TOTP_SEED",
            "Set-Cookie",
            "_authToken",
        ] {
            assert_eq!(class(name), Class::Strong, "{name}");
        }
        for name in [
            "secretName",
            "tokenExpirationSeconds",
            "automountServiceAccountToken",
            "max_tokens",
            "imagePullSecret",
            "existingSecret",
            "PASSWORD_FILE",
            "key",
            "bypass",
            "compass",
            "nextPageToken",
            "primaryKeyColumn",
            "keys",
        ] {
            assert_eq!(class(name), Class::Plain, "{name}");
        }
        assert_eq!(class("token"), Class::Weak);
    }
}
