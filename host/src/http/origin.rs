//! Keeps web pages in a local browser from talking to a host that listens on loopback without
//! authentication: a page cannot forge its `Origin`, and a name that was rebound to 127.0.0.1 shows
//! in `Host`.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};

use super::answer::Failure;

/// The request must have been meant for this machine.
pub fn check_host(headers: &HeaderMap, listen: SocketAddr) -> Result<(), Failure> {
    let host = text(headers, header::HOST.as_str());
    if is_local(host_name(host), listen) {
        return Ok(());
    }
    Err(Failure::forbidden(format!(
        "the API is open without authentication only under a loopback address, not as {host:?}; \
         configure [server] auth to use another name"
    )))
}

/// The request must not come from a page of another host.
pub fn check_origin(headers: &HeaderMap) -> Result<(), Failure> {
    let site = text(headers, "sec-fetch-site");
    let cross = matches!(site, "cross-site" | "same-site");
    let other = headers.contains_key(header::ORIGIN) && {
        let origin = text(headers, header::ORIGIN.as_str());
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority != Some(text(headers, header::HOST.as_str()))
    };
    if cross || other {
        return Err(Failure::forbidden("requests from web pages of other hosts are refused"));
    }
    Ok(())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Without the port and the brackets of an IPv6 address.
fn host_name(host: &str) -> &str {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn is_local(name: &str, listen: SocketAddr) -> bool {
    let address = name.parse::<IpAddr>().ok();
    address.is_some_and(|address| address.to_canonical().is_loopback() || address == listen.ip())
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
    fn only_loopback_names_open_the_api() {
        let listen = "127.0.0.1:10000".parse().unwrap();
        for good in ["127.0.0.1:10000", "localhost:10000", "LOCALHOST", "[::1]:10000", "127.8.0.1"] {
            assert!(check_host(&headers(&[("host", good)]), listen).is_ok(), "{good}");
        }
        for bad in ["evil.example:10000", "localhost.evil.example", "10.0.0.1", "", "127.0.0.1.nip.io"] {
            assert!(check_host(&headers(&[("host", bad)]), listen).is_err(), "{bad}");
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
