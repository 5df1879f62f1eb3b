//! What clients make of plain text by themselves, without any markup in it: a link of `host.example`, a picture of
//! `:fire:`.

/// The last part of names that look like hosts and are none on the internet: files, units, names within a cluster,
/// tools. Readers should be able to copy these, and no client links them.
const NO_DOMAINS: [&str; 58] = [
    "apply",
    "bak",
    "cfg",
    "cluster",
    "conf",
    "config",
    "cordon",
    "corp",
    "create",
    "crt",
    "css",
    "csv",
    "default",
    "delete",
    "describe",
    "drain",
    "exe",
    "exec",
    "get",
    "go",
    "gz",
    "home",
    "html",
    "ini",
    "internal",
    "jar",
    "js",
    "json",
    "key",
    "lan",
    "list",
    "local",
    "localdomain",
    "log",
    "logs",
    "metadata",
    "patch",
    "pem",
    "pid",
    "restart",
    "retry",
    "rollback",
    "scale",
    "scope",
    "service",
    "slice",
    "sock",
    "socket",
    "spec",
    "status",
    "svc",
    "sync",
    "timer",
    "toml",
    "txt",
    "undo",
    "update",
    "yaml",
];

/// Whether the dot at this place is the last one of a text that a client may take for a host, such as
/// `evil.example/x`. Without it there is none.
pub(super) fn ends_host(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let behind = text.get(at + 1..).unwrap_or_default();
    let end = behind.find(|c: char| !(c.is_alphanumeric() || c == '-')).unwrap_or(behind.len());
    let (label, rest) = behind.split_at(end);
    let plain = label.chars().count() >= 2 && label.chars().all(char::is_alphabetic);
    if !before.is_some_and(char::is_alphanumeric) || !(plain || label.starts_with("xn--")) {
        return false;
    }
    let mut rest = rest.chars();
    let goes_on = match rest.next() {
        Some('.') => rest.next().is_some_and(char::is_alphanumeric),
        Some('_') => true,
        _ => false,
    };
    !goes_on && !NO_DOMAINS.contains(&label.to_lowercase().as_str())
}

/// Whether a text begins with what a client may take for a picture, such as `:fire:` or `:+1:`. A time or an
/// address such as `12:30:45` and `2001:db8:0:1` holds none.
pub(super) fn begins_picture(rest: &str) -> bool {
    let Some((name, _)) = rest.strip_prefix(':').and_then(|behind| behind.split_once(':')) else { return false };
    let known = |c: char| c.is_alphanumeric() || matches!(c, '_' | '+' | '-');
    let hex = name.len() <= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let word = ["100", "1234", "abc", "bed", "bee", "ab", "a", "b", "cd", "abcd"].contains(&name);
    !name.is_empty() && name.len() <= 100 && name.chars().all(known) && (!hex || word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_by_its_last_dot() {
        let dots = |text: &str| -> Vec<usize> {
            text.match_indices('.').map(|(at, _)| at).filter(|at| ends_host(text, *at)).collect()
        };
        for (text, at) in [
            ("evil.example", Some(4)),
            ("see pay.evil.example/login?x.", Some(12)),
            ("evil.example:8443", Some(4)),
            ("Evil.CO.UK.", Some(7)),
            ("a@evil.example", Some(6)),
            ("ünïcode.рф", Some("ünïcode".len())),
            ("x.xn--p1ai", Some(1)),
            ("deploy.sh", Some(6)),
            ("web.shop.svc.cluster.local", None),
            ("kubelet.service", None),
            ("kubernetes.patch, then kubernetes.get", None),
            ("values.yaml", None),
            ("nginx:1.25", None),
            ("3.5", None),
            ("a/b.c", None),
            ("10.0.0.7", None),
            ("e.g. this", None),
            ("done. Then", None),
            ("spec.template_x", None),
            ("...", None),
        ] {
            assert_eq!(dots(text), at.into_iter().collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn a_picture_is_a_name_between_colons() {
        for text in [":fire:", ":+1: x", ":man-running:", ":100:", ":bee:", ":Häuschen:"] {
            assert!(begins_picture(text), "{text}");
        }
        for text in ["::", ": x:", ":30:45", ":db8:0:1", ":a b:", ":fire", ":8080/x:", ""] {
            assert!(!begins_picture(text), "{text}");
        }
    }
}
