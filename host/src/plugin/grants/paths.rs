//! Paths in grants: `/api/v1/*`, `/bot*/sendMessage`.
//!
//! What is compared are decoded segments. A path that some server could read as another one (encoded
//! slashes, dots in disguise, two encodings in one another) is covered by no pattern.

use crate::domain::text::pattern;

/// What is wrong with a pattern, as a sentence.
pub fn problem(pattern: &str) -> Option<String> {
    let wrong = |why: &str| Some(format!("`{pattern}` is no path such as /api/v1/*: {why}"));
    if !pattern.starts_with('/') {
        return wrong("it begins with /");
    }
    if pattern.contains(['?', '#', '%', '\\', ' ', ';']) || pattern.chars().any(char::is_control) {
        return wrong("it is written decoded, and without query");
    }
    let beneath = pattern.split('/').skip(1);
    let last = beneath.clone().count().saturating_sub(1);
    let odd = |(i, part): (usize, &str)| matches!(part, "." | "..") || (part.is_empty() && i != last);
    if beneath.enumerate().any(odd) { wrong("it has no empty parts and no dots") } else { None }
}

/// Whether one of the patterns covers a path. Without patterns every path is covered.
pub fn covers(patterns: &[String], path: &str) -> bool {
    if patterns.is_empty() {
        return true;
    }
    let Some(segments) = plain(path) else { return false };
    patterns.iter().any(|pattern| problem(pattern).is_none() && matches(pattern, &segments))
}

/// The decoded segments; none where a server could see others in it.
fn plain(path: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let last = parts.len().checked_sub(1)?;
    let decoded = parts.iter().enumerate().map(|(i, part)| {
        let text = decode(part)?;
        let name = text.split(';').next().unwrap_or_default();
        let sound = !matches!(name, "." | "..")
            && (i == last || !text.is_empty())
            && !text.contains(['/', '\\', '%'])
            && !text.chars().any(char::is_control);
        sound.then_some(text)
    });
    decoded.collect()
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn matches(pattern: &str, segments: &[String]) -> bool {
    let parts: Vec<&str> = pattern.split('/').skip(1).collect();
    let (parts, open) = match parts.split_last() {
        Some((&"*", before)) => (before, true),
        _ => (parts.as_slice(), false),
    };
    let fits = if open { segments.len() > parts.len() } else { segments.len() == parts.len() };
    fits && parts.iter().zip(segments).all(|(part, segment)| pattern::matches(part, segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(pattern: &str, path: &str) -> bool {
        covers(&[pattern.to_string()], path)
    }

    #[test]
    fn a_star_stands_for_a_run_within_a_segment_and_at_the_end_for_all_beneath() {
        for (pattern, path) in [
            ("/api/v1/*", "/api/v1/alerts"),
            ("/api/v1/*", "/api/v1/a/b/c"),
            ("/api/v1/*", "/api/v1/"),
            ("/bot*/sendMessage", "/bot123:abc/sendMessage"),
            ("/a/*/c", "/a/b/c"),
            ("/a*b*c", "/axxbyyc"),
            ("/", "/"),
            ("/*", "/anything/at/all"),
            ("/api", "/%61pi"),
        ] {
            assert!(covered(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/api/v1/*", "/api/v1"),
            ("/api/v1/*", "/api/v2/x"),
            ("/api/v1/*", "/api/v1x/y"),
            ("/bot*/sendMessage", "/bot1/x/sendMessage"),
            ("/bot*/sendMessage", "/bot1/sendMessage/x"),
            ("/a/*/c", "/a/b/b/c"),
            ("/a*b*c", "/acb"),
            ("/API", "/api"),
        ] {
            assert!(!covered(pattern, path), "{pattern} {path}");
        }
        assert!(covers(&[], "/whatever/../it"));
    }

    #[test]
    fn no_disguise_leads_out_of_a_grant() {
        for path in [
            "/api/v1/../admin",
            "/api/v1/%2e%2e/admin",
            "/api/v1/%2E./admin",
            "/api/v1/..%2fadmin",
            "/api/v1/x%2F..%2F..%2Fadmin",
            "/api/v1/%252e%252e/admin",
            "/api/v1/..;/admin",
            "/api/v1/..;a=b/admin",
            "/api/v1/.%00./admin",
            "/api/v1/..%5cadmin",
            "/api/v1\\..\\admin",
            "/api/v1//admin",
            "/api/v1/%",
            "/api/v1/%zz",
            "/api/v1/%ff",
            "api/v1/x",
            "",
        ] {
            assert!(!covered("/api/v1/*", path), "{path}");
        }
    }

    #[test]
    fn patterns_are_plain_paths() {
        for pattern in ["api", "/a?b", "/a%2fb", "/a/../b", "/a//b", "/a b", "", "/./a"] {
            assert!(problem(pattern).is_some(), "{pattern:?}");
        }
        for pattern in ["/", "/*", "/a/b/", "/bot*/x", "/api/v1/*"] {
            assert_eq!(problem(pattern), None, "{pattern:?}");
        }
    }
}
