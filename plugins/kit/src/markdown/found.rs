//! What clients make of plain text by themselves, without any markup in it: a link of `host.example`, a picture of
//! `:fire:`.

/// Last parts of names that belong to nobody on the internet. Clients link none of them, but these stand for hosts.
const RESERVED: [&str; 3] = ["example", "invalid", "test"];

/// Whether a client may take a name that ends in this for a host: a name of a class, a file or a unit ends in what is
/// no domain of the internet, and readers should be able to copy it.
fn is_domain(label: &str) -> bool {
    if !label.is_ascii() || label.starts_with("xn--") {
        // Clients differ in what they know of these.
        return true;
    }
    let label = label.to_ascii_lowercase();
    tld::exist(&label) || RESERVED.contains(&label.as_str())
}

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
    !goes_on && is_domain(label)
}

/// Whether a text begins with what can be touched as a command, such as `/start`. A path such as `/var/log` is none.
pub(super) fn begins_command(rest: &str, before: char) -> bool {
    let Some(behind) = rest.strip_prefix('/') else { return false };
    let name = |c: char| c.is_alphanumeric() || c == '_';
    let end = behind.find(|c: char| !name(c)).unwrap_or(behind.len());
    let (word, rest) = behind.split_at(end);
    !word.is_empty() && !name(before) && before != '/' && !rest.starts_with('/')
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
            ("Java.Lang.ZIP", Some(9)),
            ("java.lang.OutOfMemoryError: Java heap space", None),
            ("Checkout.java:17", Some(8)),
            ("com.shop.checkout.PaymentService", None),
            ("org.apache.kafka.common.errors.TimeoutException", None),
            ("node_exporter.scrape, promtail.yml", None),
            ("done.Then", None),
            ("/var/log/app.log", None),
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
    fn a_command_is_a_word_and_a_path_is_none() {
        for text in ["/start", "/stop now", "/a_b@bot", "/x.", "/späť"] {
            assert!(begins_command(text, ' '), "{text}");
        }
        for (text, before) in
            [("/var/log", ' '), ("/log", 'r'), ("/start", '/'), ("/", ' '), ("/ x", ' '), ("/.x", ' ')]
        {
            assert!(!begins_command(text, before), "{before}{text}");
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
