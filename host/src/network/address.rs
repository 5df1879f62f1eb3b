//! Which addresses a request may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

/// What keeps an address from being public; none for a public one.
pub fn kind(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    }
}

fn kind_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [127, ..] => Some(LOOPBACK),
        [169, 254, ..] => Some(LINK_LOCAL),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(PRIVATE),
        // Addresses behind a carrier's NAT; one cloud keeps its metadata service there.
        [100, 64..=127, ..] => Some(PRIVATE),
        [0, ..] | [192, 0, 0, _] | [198, 18..=19, ..] | [224..=255, ..] => Some(RESERVED),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some(RESERVED),
        _ => None,
    }
}

fn kind_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(inner) = embedded(address) {
        // Mapped addresses and the well-known NAT64 prefix are ordinary ways to a public address;
        // the other tunnels are not.
        let ordinary =
            address.to_ipv4_mapped().is_some() || matches!(address.segments(), [0x64, 0xff9b, 0, 0, 0, 0, ..]);
        return kind_v4(inner).or((!ordinary).then_some(RESERVED));
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(LOOPBACK),
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(RESERVED),
        [0xfe80..=0xfebf, ..] => Some(LINK_LOCAL),
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some(PRIVATE),
        [0xff00..=0xffff, ..] | [0x100, ..] | [0x2001, 0xdb8, ..] => Some(RESERVED),
        _ => None,
    }
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, NAT64, 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(join(high, low)),
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        [0x64, 0xff9b, 0 | 1, _, _, _, high, low] => Some(join(high, low)),
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_disguise_makes_a_private_address_public() {
        for (text, want) in [
            ("127.0.0.1", LOOPBACK),
            ("127.255.255.254", LOOPBACK),
            ("10.1.2.3", PRIVATE),
            ("172.16.0.1", PRIVATE),
            ("172.31.255.255", PRIVATE),
            ("192.168.1.1", PRIVATE),
            ("100.100.100.200", PRIVATE),
            ("169.254.169.254", LINK_LOCAL),
            ("0.0.0.0", RESERVED),
            ("0.1.2.3", RESERVED),
            ("255.255.255.255", RESERVED),
            ("224.0.0.1", RESERVED),
            ("198.18.0.1", RESERVED),
            ("::1", LOOPBACK),
            ("::", RESERVED),
            ("::ffff:127.0.0.1", LOOPBACK),
            ("::ffff:169.254.169.254", LINK_LOCAL),
            ("::ffff:10.0.0.1", PRIVATE),
            ("::127.0.0.1", LOOPBACK),
            ("64:ff9b::a9fe:a9fe", LINK_LOCAL),
            ("64:ff9b:1::a00:1", PRIVATE),
            ("64:ff9b:1::808:808", RESERVED),
            ("2002:7f00:1::", LOOPBACK),
            ("fe80::1", LINK_LOCAL),
            ("fd00:ec2::254", PRIVATE),
            ("fc00::1", PRIVATE),
            ("fec0::1", PRIVATE),
            ("ff02::1", RESERVED),
        ] {
            assert_eq!(kind(text.parse().unwrap()), Some(want), "{text}");
        }
        for text in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "192.0.1.1",
        ] {
            assert_eq!(kind(text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn a_private_reach_stops_before_the_metadata_services() {
        let check = |text: &str| Reach::Private.check("name", text.parse().unwrap());
        assert!(check("10.0.0.1").is_ok());
        assert!(check("127.0.0.1").is_ok());
        assert!(check("169.254.169.254").is_err());
        assert!(check("::ffff:169.254.169.254").is_err());
    }
}
