//! Which HTTP requests only read.
//!
//! `GET` and `HEAD` do, as far as HTTP goes, unless they carry something that makes a server take
//! them for something else: a body, another method in a header or in the query, a change of protocol.

use reqwest::Url;

/// Methods that only read.
pub(super) const METHODS: [&str; 2] = ["GET", "HEAD"];

/// Parts of names of headers that change the method or the protocol.
const HEADERS: [&str; 4] = ["method", "override", "upgrade", "http2-settings"];

/// Beginnings of such names.
const PREFIXES: [&str; 2] = ["sec-websocket", "sec-http"];

/// Names of parameters, without signs and in lower case, in which servers look for a method.
const PARAMETERS: [&str; 6] =
    ["httpmethod", "xhttpmethod", "methodoverride", "httpmethodoverride", "xmethodoverride", "xhttpmethodoverride"];

/// A sentence about what makes a request more than one that reads, whatever its method is.
pub(super) fn disguise(url: &Url, headers: &[(String, String)], body: &str) -> Option<String> {
    let header = headers.iter().map(|(name, _)| name.to_lowercase()).find(|name| {
        HEADERS.iter().any(|part| name.contains(part)) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    });
    if let Some(header) = header {
        return Some(format!("its header `{header}` can make another request of it"));
    }
    let form = headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && value.to_lowercase().contains("x-www-form-urlencoded")
    });
    let query = url.query().unwrap_or_default();
    let mut parameters = [query, if form { body } else { "" }].into_iter();
    let parameter = parameters.find_map(|pairs| method_in(url, pairs));
    parameter.map(|name| format!("its parameter `{name}` can make another request of it"))
}

/// A parameter that names a method.
fn method_in(url: &Url, pairs: &str) -> Option<String> {
    let mut decoded = url.clone();
    // Some servers take a semicolon for `&`.
    decoded.set_query(Some(&pairs.replace(';', "&")));
    decoded.query_pairs().find_map(|(name, _)| {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let marked = plain == "method" && !name.starts_with(|c: char| c.is_ascii_alphanumeric());
        (marked || PARAMETERS.contains(&plain.as_str())).then(|| name.into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
        let url = format!("https://a.example/x{query}").parse().unwrap();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        disguise(&url, &headers, body)
    }

    #[test]
    fn plain_requests_are_what_they_seem() {
        for query in ["", "?a=b", "?method=flickr.photos.search", "?q=%5Fmethod", "?payment_method=card", "?&&=;%"] {
            assert_eq!(
                found(query, &[("accept", "x"), ("authorization", "y"), ("content-type", "json")], "_method=PUT"),
                None
            );
        }
    }

    #[test]
    fn disguises_are_seen() {
        for header in [
            "X-HTTP-Method-Override",
            "x-http-method",
            "X-Method-Override",
            "X-Original-Method",
            "Upgrade-Insecure-Requests",
            "Sec-WebSocket-Key",
            "HTTP2-Settings",
        ] {
            assert!(found("", &[(header, "DELETE")], "").unwrap().contains(&header.to_lowercase()));
        }
        for query in [
            "?_method=DELETE",
            "?a=b&%5fMethod=PUT",
            "?a;_method=PUT",
            "?X-HTTP-Method-Override=PUT",
            "?httpMethod=PUT",
            "?$method=PUT",
        ] {
            assert!(found(query, &[], "").is_some(), "{query}");
        }
        assert!(found("", &[("Content-Type", "application/x-www-form-urlencoded")], "a=b&_method=PUT").is_some());
    }
}
