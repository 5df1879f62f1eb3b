//! Where a request comes from and what host it was meant for, as browsers tell it: a page cannot
//! forge its `Origin`, nor the `Host` under which it was loaded.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};

use super::answer::Failure;
use crate::config::is_this_machine;

/// The request must not come from a page of another host.
pub fn check_origin(headers: &HeaderMap) -> Result<(), Failure> {
    let other = headers.contains_key(header::ORIGIN) && {
        let origin = text(headers, header::ORIGIN.as_str());
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority != Some(text(headers, header::HOST.as_str()))
    };
    if is_other_site(headers) || other {
        return Err(Failure::forbidden("requests from web pages of other hosts are refused"));
    }
    Ok(())
}

/// Whether a browser says that a page of another site made it send this.
pub fn is_other_site(headers: &HeaderMap) -> bool {
    matches!(text(headers, "sec-fetch-site"), "cross-site" | "same-site")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Without the port and the brackets of an IPv6 address.
pub fn host_name(host: &str) -> &str {
    if let Some((address, port)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return if port.is_empty() || port.starts_with(':') { address } else { "" };
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// Whether a name in `Host` is this machine's own.
pub fn is_local(name: &str, listen: SocketAddr) -> bool {
    let address = name.parse::<IpAddr>().ok();
    address.is_some_and(|address| is_this_machine(address) || address == listen.ip())
        || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_loopback_names_are_local() {
        let listen = "127.0.0.1:10000".parse().unwrap();
        for good in ["127.0.0.1:10000", "localhost:10000", "LOCALHOST", "[::1]:10000", "127.8.0.1"] {
            assert!(is_local(host_name(good), listen), "{good}");
        }
        for bad in [
            "evil.example:10000",
            "localhost.evil.example",
            "10.0.0.1",
            "",
            "127.0.0.1.nip.io",
            "localhost.",
            "[::1].evil.example",
            "127.1",
            "2130706433",
            "0.0.0.0",
            "user@127.0.0.1",
            "evil.example/127.0.0.1",
        ] {
            assert!(!is_local(host_name(bad), listen), "{bad}");
        }
    }

    #[test]
    fn pages_of_other_hosts_are_refused() {
        let host = ("host", "127.0.0.1:10000");
        assert!(check_origin(&headers(&[host])).is_ok());
        assert!(check_origin(&headers(&[host, ("origin", "http://127.0.0.1:10000")])).is_ok());
        assert!(check_origin(&headers(&[host, ("origin", "http://evil.example")])).is_err());
        assert!(check_origin(&headers(&[host, ("origin", "null")])).is_err());
        assert!(check_origin(&headers(&[host, ("sec-fetch-site", "cross-site")])).is_err());
    }
}
