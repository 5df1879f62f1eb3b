//! Which names stand before a secret.

use crate::domain::text::identifier::split_words;

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
    let words = split_words(name);
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
    let last = split_words(name).pop().unwrap_or_default();
    (list || last.ends_with('s'))
        && class(name) == Class::Strong
        && !matches!(last.as_str(), "secret" | "secrets" | "credential" | "credentials" | "creds")
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
