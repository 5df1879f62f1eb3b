//! Which addresses a request may reach.

mod special;
mod transition;

use std::net::{IpAddr, Ipv6Addr};

use super::RefusedAddress;

/// How far a request may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only addresses of the public internet.
    Public,
    /// Private and loopback addresses as well, but not link-local ones.
    Private,
}

impl Reach {
    /// Refuses an address beyond reach; `name` is what the request called it.
    pub fn check(self, name: &str, address: IpAddr) -> Result<(), RefusedAddress> {
        let kind = match (self, kind(address)) {
            (_, None) => return Ok(()),
            (Self::Private, Some(kind)) if kind != LINK_LOCAL => return Ok(()),
            (_, Some(kind)) => kind,
        };
        Err(RefusedAddress { name: name.to_string(), address, kind })
    }
}

const LINK_LOCAL: &str = "link-local";
const PRIVATE: &str = "private";
const LOOPBACK: &str = "loopback";
const RESERVED: &str = "reserved";

/// What keeps an address from being public; none for a public one. Of an address that carries
/// others in it, whatever tells most against it: a translator or a tunnel on the way may take any
/// of them for its target.
pub fn kind(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special::kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    }
}

fn kind_v6(address: Ipv6Addr) -> Option<&'static str> {
    let carried = transition::carried(address);
    // Mapped addresses and the well-known NAT64 prefix are ordinary ways to a public address; the
    // other forms are not.
    let own = if carried.ordinary { None } else { special::kind_v6(address) };
    let tunnelled = (!carried.ordinary && !carried.addresses.is_empty()).then_some(RESERVED);
    let inner = carried.addresses.into_iter().filter_map(special::kind_v4);
    let kinds: Vec<&str> = inner.chain(own).chain(tunnelled).collect();
    [LINK_LOCAL, LOOPBACK, PRIVATE, RESERVED].into_iter().find(|kind| kinds.contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One address a line with what it is, `public` for none.
    const TABLE: &str = include_str!("address/table.txt");

    #[test]
    fn no_disguise_makes_a_private_address_public() {
        let mut told = std::collections::BTreeMap::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            let mut words = line.split_whitespace();
            let (address, want) = (words.next().unwrap(), words.next().unwrap());
            let got = kind(address.parse().unwrap()).unwrap_or("public");
            assert_eq!(got, want, "{line}");
            *told.entry(want).or_insert(0) += 1;
        }
        assert!(told.len() == 5 && told.values().all(|count| *count >= 8), "{told:?}");
    }

    #[test]
    fn the_ends_of_every_range_are_in_it_and_what_is_beside_it_is_what_it_was() {
        for (net, want) in special::ranges() {
            let (first, last) = (net.network(), net.broadcast());
            for address in [first, last] {
                assert!(kind(address).is_some(), "{address} of {net} ({want})");
            }
        }
    }

    #[test]
    fn a_private_reach_stops_before_the_metadata_services() {
        let check = |text: &str| Reach::Private.check("name", text.parse().unwrap());
        assert!(check("10.0.0.1").is_ok());
        assert!(check("127.0.0.1").is_ok());
        for disguised in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1:a9fe:a9:fe00::",
            "2002:a9fe:a9fe::1",
            "2001:0:a9fe:a9fe::1",
            "2001:0:808:808::5601:5601",
            "fd00::5efe:169.254.169.254",
        ] {
            assert!(check(disguised).is_err(), "{disguised}");
        }
    }
}
