//! Secrets in command lines: values behind an option, and what single letters mean to one command.

use std::sync::LazyLock;

use regex::Regex;

use super::assignments::bare_end;
use super::names::{Class, class};
use super::prefiltered::Prefiltered;
use super::quoted::quoted;
use super::span::Span;
use super::values::harmless;

/// Commands with the option or place at which they take a secret, and texts of which one is in every match,
/// whatever its case. The group gives way.
const COMMANDS: &[(&[&str], &str)] = &[
    (
        &["mysql", "mariadb", "xtrabackup"],
        r#"(?-u:\b)(?:mysql|mysqldump|mysqladmin|mysqlimport|mysqlcheck|mariadb(?:-\w+)?|xtrabackup)(?-u:\b)[^\n|;]{0,300}?\s-p([^\s"'-][^\s"']*)"#,
    ),
    (&["sshpass"], r#"(?-u:\b)sshpass(?-u:\b)[^\n|;]{0,40}?\s-p\s*["']?([^\s"']+)"#),
    (
        &["redis-cli", "keydb-cli", "valkey-cli"],
        r#"(?-u:\b)(?:redis-cli|keydb-cli|valkey-cli)(?-u:\b)[^\n|;]{0,300}?\s-a\s+["']?([^\s"']+)"#,
    ),
    (
        &["mongo", "cqlsh", "clickhouse-client", "arangosh", "isql"],
        r#"(?-u:\b)(?:mongo|mongosh|mongodump|mongorestore|mongoexport|mongoimport|cqlsh|clickhouse-client|arangosh|isql)(?-u:\b)[^\n|;]{0,300}?\s-p\s*["']?([^\s"'-][^\s"']*)"#,
    ),
    (
        &["login"],
        r#"(?-u:\b)(?:docker|podman|nerdctl|helm|skopeo|crane|oras|az|buildah|oc|argocd)(?-u:\b)[^\n|;]{0,120}?(?-u:\b)login(?-u:\b)[^\n|;]{0,300}?\s-p\s*["']?([^\s"'-][^\s"']*)"#,
    ),
    (
        &["ldap"],
        r#"(?-u:\b)ldap(?:search|modify|add|delete|whoami|passwd|compare)(?-u:\b)[^\n|;]{0,300}?\s-w\s*["']?([^\s"'-][^\s"']*)"#,
    ),
    (
        &["mosquitto_", "sqlcmd", "bcp", "ipmitool", "zip", "7z", "freerdp"],
        r#"(?-u:\b)(?:mosquitto_(?:pub|sub|rr)|sqlcmd|bcp|ipmitool|zip|unzip|7z|freerdp)(?-u:\b)[^\n|;]{0,300}?\s-P\s*["']?([^\s"'-][^\s"']*)"#,
    ),
    (
        &["smbclient", "rpcclient", "mount.cifs", "net"],
        r#"(?-u:\b)(?:smbclient|rpcclient|mount\.cifs|net)(?-u:\b)[^\n|;]{0,300}?\s-U\s*["']?[^\s"'%]+%([^\s"']+)"#,
    ),
    (&["snmp"], r#"(?-u:\b)snmp(?:walk|get|bulkwalk|set|status)(?-u:\b)[^\n|;]{0,300}?\s-c\s*["']?([^\s"']+)"#),
    (
        &["rabbitmqctl"],
        r#"(?-u:\b)rabbitmqctl\s+(?:add_user|change_password|authenticate_user)\s+\S+\s+["']?([^\s"']+)"#,
    ),
    (&["htpasswd"], r#"(?-u:\b)htpasswd\s+-\w*b\w*\s+\S+\s+\S+\s+["']?([^\s"']+)"#),
    (&["htpasswd"], r#"(?-u:\b)htpasswd\s+-\w*n\w*b\w*\s+\S+\s+["']?([^\s"']+)"#),
    (&["--from-literal"], r#"--from-literal[= ]["']?[^\s=]+=([^\s"']+)"#),
    (&["pass:"], r#"-pass(?:in|out)?\s+["']?pass:([^\s"']+)"#),
    (&["login"], r#"(?-u:\b)(?:vault|doctl|gh|npm|netlify)\s+(?:auth\s+)?login\s+["']?(\w[\w.-]{15,})"#),
    (&["chpasswd"], r#"(?-u:\b)echo\s+(?:-\w+\s+)?["']?[\w.-]+:([^\s"'|]+)["']?\s*\|\s*chpasswd"#),
    (&["kadmin"], r#"(?-u:\b)kadmin(?:\.local)?(?-u:\b)[^\n]{0,200}?\s-pw\s+["']?([^\s"']+)"#),
    (&["7z", "rar"], r#"(?-u:\b)(?:7z|7za|rar|unrar)\s+[^\n|;]{0,200}?\s-p([^\s"']+)"#),
    (
        &["curl", "wget", "http", "hey", "ab", "siege", "lftp", "influx", "etcdctl", "elasticsearch-"],
        r#"(?-u:\b)(?:curl|wget|http|https|hey|ab|siege|lftp|influx|etcdctl|elasticsearch-\w+)(?-u:\b)[^\n|;]{0,400}?\s(?:-u|-U|--user|--proxy-user|-A)[ =]*["']?[^\s"':]*:([^\s"']+)"#,
    ),
    (
        &["-u", "--user", "--basic-auth", "--proxy-user", "--creds"],
        r#"(?:^|[\s"'])(?:-u|--user|--userpass|--user-pass|--basic-auth|--proxy-user|--creds)(?:[ =]|["'],\s*["'])["']?[A-Za-z][^\s"':/]*:([^\s"',]+)"#,
    ),
];

static PATTERNS: LazyLock<Option<Prefiltered<()>>> =
    LazyLock::new(|| Prefiltered::new(COMMANDS.iter().map(|(needs, pattern)| (*needs, *pattern, ()))));

/// Variables that are set without a sign between name and value, as Dockerfiles and the C and fish shells do.
static VARIABLES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = r#"(?m)(?:^|[^A-Za-z0-9_.\\-]|\\[nrt])(?:ENV|ARG|setenv|set(?:[ \t]+-{1,2}[A-Za-z]+)+)[ \t]+([A-Za-z_][A-Za-z0-9_]{0,99})[ \t]+("[^"\n]*"|'[^'\n]*'|[^\s"'\\]+)"#;
    Regex::new(pattern).ok()
});

/// Whether the word behind this option is a secret.
pub(super) fn takes_secret(option: &str) -> bool {
    option.strip_prefix('-').is_some_and(|name| class(name.trim_start_matches('-')) == Class::Strong)
        || option == "--token"
}

/// Finds them. False when the rules do not compile, which a test rules out: then nothing may pass.
pub(super) fn find(text: &str, spans: &mut Vec<Span>) -> bool {
    let Some(patterns) = PATTERNS.as_ref() else { return false };
    let sound = patterns.each(text, |regex, ()| {
        for part in regex.captures_iter(text).filter_map(|found| found.get(1)) {
            if !harmless(Class::Strong, "", part.as_str(), false) {
                spans.push(Span::marked(part.start(), part.end()));
            }
        }
    });
    for (at, _) in text.match_indices('-') {
        behind_option(text, at, spans);
    }
    let Some(words) = VARIABLES.as_ref() else { return false };
    // The pattern wants one of them, and few texts have any.
    if !["ENV", "ARG", "set"].iter().any(|word| text.contains(word)) {
        return sound;
    }
    for found in words.captures_iter(text) {
        let (Some(name), Some(value)) = (found.get(1), found.get(2)) else { continue };
        let (kind, value_text) = (class(name.as_str()), value.as_str().trim_matches(['"', '\'']));
        if kind == Class::Strong && !harmless(kind, name.as_str(), value_text, false) {
            spans.push(Span::marked(value.start(), value.end()));
        }
    }
    sound
}

/// `--password x`, `-password x`, `"--password", "x"`.
fn behind_option(text: &str, at: usize, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b' ');
    if !(before.is_ascii_whitespace() || b"\"'([,=`".contains(&before)) {
        return;
    }
    let start = if bytes.get(at + 1) == Some(&b'-') { at + 2 } else { at + 1 };
    let name =
        bytes.iter().skip(start).take(64).take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
    let end = start + name.count();
    let kind = class(text.get(start..end).unwrap_or_default());
    if kind == Class::Plain {
        return;
    }
    // Between the option and its value: blanks, or the quotes and the comma of a list.
    let mut from = end;
    if matches!(bytes.get(from), Some(b'"' | b'\'')) && bytes.get(from + 1) == Some(&b',') {
        from += 2;
    } else if kind == Class::Strong && matches!(bytes.get(from), Some(b'\r' | b'\n')) {
        // One argument a line.
        let rest = text.get(from..).unwrap_or_default();
        let line = rest.trim_start_matches(['\r', '\n']).lines().next().unwrap_or_default();
        if line.trim().contains([' ', ':']) || line.trim().is_empty() {
            return;
        }
        from += rest.len() - rest.trim_start().len();
    } else if !matches!(bytes.get(from), Some(b' ' | b'\t')) {
        return;
    }
    while matches!(bytes.get(from), Some(b' ' | b'\t')) {
        from += 1;
    }
    let (from, to) = match quoted(bytes, from, bytes.len()) {
        Some(found) => (found.start, found.end),
        None => (from, bare_end(bytes, from)),
    };
    let Some(value) = text.get(from..to).filter(|value| !value.starts_with('-')) else { return };
    if !harmless(kind, text.get(start..end).unwrap_or_default(), value, true) {
        spans.push(Span::marked(from, to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_compiles() {
        assert!(PATTERNS.is_some() && VARIABLES.is_some());
    }
}
