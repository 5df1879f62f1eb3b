//! Secrets that can be told by their own shape or by the name in front of them.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::MARK;

/// A rule: what it finds and what stands there afterwards.
struct Rule {
    find: Regex,
    put: Put,
}

enum Put {
    /// This text, with `$1`-style references.
    Text(&'static str),
    /// The name stays and the value behind it goes.
    Value,
}

fn rules() -> Option<Vec<Rule>> {
    let text = |find: &str, put| Some(Rule { find: Regex::new(find).ok()?, put: Put::Text(put) });
    let value = |find: &str| Some(Rule { find: Regex::new(find).ok()?, put: Put::Value });
    Some(vec![
        text(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)",
            "[redacted private key]",
        )?,
        // The same in base64, as kubeconfigs and Secrets hold it. Takes certificates along.
        text(r"\bLS0tLS1CRUdJTi[A-Za-z0-9+/=]{16,}", MARK)?,
        text(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?", "[redacted token]")?,
        text(r"(?i)\b(bearer|basic)[ \t]+[a-z0-9._~+/-]{16,}=*", "$1 [redacted]")?,
        text(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", MARK)?,
        text(r"\bAIza[0-9A-Za-z_-]{35}", MARK)?,
        text(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|npm_|hf_|dckr_pat_)[A-Za-z0-9_-]{16,}", MARK)?,
        text(r"\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_])*[A-Za-z0-9]{20,}", MARK)?,
        text(r"https://hooks\.slack\.com/services/[A-Za-z0-9/]+", MARK)?,
        text(r#"([A-Za-z][A-Za-z0-9+.-]*://[^\s:/@"'<>]*:)[^\s@/"'<>]+@"#, "${1}[redacted]@")?,
        value(concat!(
            r#"(?i)(?P<name>[a-z0-9_.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key"#,
            r#"|secret[_-]?key|access[_-]?key|private[_-]?key|key[_-]data|credentials?|authorization"#,
            r#"|cookie|密码|口令|密钥)\\?["']?[ \t]*(?::=|[:=:])[ \t]*)"#,
            r#"(?P<value>\\"[^"\\]*\\"|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s,;"'}\\]+)"#,
        ))?,
        // The environment of a container: `name: DB_PASSWORD` and `value: …` on the next line.
        value(concat!(
            r#"(?i)(?P<name>\bname\\?"?[ \t]*:[ \t]*\\?["']?[a-z0-9_.-]*(?:password|passwd|passphrase"#,
            r#"|secret|token|api_?key|access_?key|private_?key|secret_?key|credentials?)\\?["']?"#,
            r#"[ \t]*,?\s*\\?"?value\\?"?[ \t]*:[ \t]*)"#,
            r#"(?P<value>\\"[^"\\]*\\"|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s,;"'}\\]+)"#,
        ))?,
    ])
}

static RULES: LazyLock<Option<Vec<Rule>>> = LazyLock::new(rules);

/// Applies every rule. Should a rule not compile, which a test rules out, nothing is let through.
pub(super) fn redact(text: &str) -> String {
    let Some(rules) = RULES.as_ref() else {
        return "[withheld: the redaction rules do not compile]".into();
    };
    let mut text = Cow::Borrowed(text);
    for rule in rules {
        let replaced = match rule.put {
            Put::Text(put) => rule.find.replace_all(&text, put),
            Put::Value => rule.find.replace_all(&text, keep_name),
        };
        if let Cow::Owned(changed) = replaced {
            text = Cow::Owned(changed);
        }
    }
    text.into_owned()
}

fn keep_name(found: &Captures<'_>) -> String {
    let group = |name| found.name(name).map_or("", |part| part.as_str());
    let (name, value) = (group("name"), group("value"));
    if harmless(name, value) {
        return format!("{name}{value}");
    }
    for quote in ["\\\"", "\"", "'"] {
        if value.starts_with(quote) {
            return format!("{name}{quote}{MARK}{quote}");
        }
    }
    // A bare JSON value becomes a string, so that the text remains JSON.
    let quoted_name = name.trim_end().trim_end_matches([':', ' ']).ends_with('"');
    if quoted_name { format!("{name}\"{MARK}\"") } else { format!("{name}{MARK}") }
}

/// Values that say where a secret is or whether there is one, and words of ordinary sentences.
fn harmless(name: &str, value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'', '\\']);
    let plain = ["true", "false", "null", "nil", "none", "not", "is", "was", "has", "no", "bearer", "basic"];
    bare.is_empty()
        || bare.starts_with(['<', '{', '[', '&', '*', '|', '>', '$'])
        || plain.iter().any(|word| bare.eq_ignore_ascii_case(word))
        || (weak(name) && bare.len() < 8)
}

/// Names that ordinary sentences have too: `unexpected token: if`.
fn weak(name: &str) -> bool {
    let name = name.trim_end().trim_end_matches([':', '=', ' ', '\t', '"', '\'']);
    ["token", "secret", "credential", "credentials", "cookie"].iter().any(|word| name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use crate::redact::redact as all;

    #[test]
    fn secrets_go() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl";
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----";
        for (text, want) in [
            ("password: hunter2", "password: [redacted]"),
            ("PASSWORD=hunter2 next", "PASSWORD=[redacted] next"),
            (r#"{"dbPassword": "a \"b\" c", "x": 1}"#, r#"{"dbPassword": "[redacted]", "x": 1}"#),
            (r#"{"password": 12345, "x": 1}"#, r#"{"password": "[redacted]", "x": 1}"#),
            (r#"{\"api_key\":\"abcdefgh\"}"#, r#"{\"api_key\":\"[redacted]\"}"#),
            ("    token: abcdefghij", "    token: [redacted]"),
            ("    client-key-data: TFMwdExTMUNSVWRK", "    client-key-data: [redacted]"),
            ("数据库密码:abc123", "数据库密码:[redacted]"),
            ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer [redacted]"),
            ("key AKIAIOSFODNN7EXAMPLE.", "key [redacted]."),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = [redacted]"),
            ("postgres://app:s3cr3t@db:5432/shop", "postgres://app:[redacted]@db:5432/shop"),
            ("redis://:pw@cache", "redis://:[redacted]@cache"),
            ("OPENAI sk-proj-abcdefghijklmnopqrstuvwx", "OPENAI [redacted]"),
            ("- name: DB_PASSWORD\n  value: hunter2\n", "- name: DB_PASSWORD\n  value: [redacted]\n"),
            (r#"{"name":"API_TOKEN","value":"x y"}"#, r#"{"name":"API_TOKEN","value":"[redacted]"}"#),
            ("      DB_PASSWORD:  hunter2", "      DB_PASSWORD:  [redacted]"),
        ] {
            assert_eq!(all(text), want);
            assert_eq!(all(want), want, "a second time must change nothing");
        }
        assert_eq!(all(&format!("a {jwt} b")), "a [redacted token] b");
        assert_eq!(all(&format!("a\n{pem}\nb")), "a\n[redacted private key]\nb");
        assert_eq!(all("-----BEGIN PRIVATE KEY-----\nMIIE cut"), "[redacted private key]");
    }

    #[test]
    fn what_a_person_needs_to_see_stays() {
        for text in [
            "TokenExpirationSeconds:  3607",
            "automountServiceAccountToken: true",
            "secretName: db-credentials",
            "imagePullSecrets:\n- name: registry",
            "volumes:\n- name: x\n  secret:\n    secretName: db",
            "DB_PASSWORD:  <set to the key 'password' in secret 'db'>",
            r#"secret "db-credentials" not found"#,
            "unexpected token: if",
            "Failed to pull image \"nginx:1.25-\": 400 Bad Request https://mirror.example/v2/library?ns=docker.io",
            "env:\n- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      key: password\n      name: db",
            "kube-api-access-fh4sx (ro)",
            "node.kubernetes.io/not-ready:NoExecute op=Exists for 300s",
        ] {
            assert_eq!(all(text), text);
        }
    }

    #[test]
    fn a_megabyte_of_bait_takes_linear_time() {
        let bait = ["password: \"".repeat(20_000), "eyJ".repeat(100_000), "a://".repeat(100_000)].concat();
        assert!(!all(&bait).is_empty());
    }
}
