//! Ranges of addresses that are not ordinary ones of the public internet.
//!
//! Taken from the registries "IANA IPv4 Special-Purpose Address Space" and "IANA IPv6
//! Special-Purpose Address Space" (as of 2025), all entries, those that are called globally
//! reachable as well: they lead to services of the network itself. To these come multicast and the
//! space for later use. The functions of the standard library that would know them
//! (`is_global`) are not stable.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{LINK_LOCAL, LOOPBACK, PRIVATE, RESERVED};

type Range<A> = (A, u8, &'static str);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

const V4: [Range<Ipv4Addr>; 18] = [
    (v4(0, 0, 0, 0), 8, RESERVED),
    (v4(10, 0, 0, 0), 8, PRIVATE),
    // Addresses behind a carrier's NAT; one cloud keeps its metadata service there.
    (v4(100, 64, 0, 0), 10, PRIVATE),
    (v4(127, 0, 0, 0), 8, LOOPBACK),
    (v4(169, 254, 0, 0), 16, LINK_LOCAL),
    (v4(172, 16, 0, 0), 12, PRIVATE),
    (v4(192, 0, 0, 0), 24, RESERVED),
    (v4(192, 0, 2, 0), 24, RESERVED),
    // AS112, AMT, the relays of 6to4, AS112 again.
    (v4(192, 31, 196, 0), 24, RESERVED),
    (v4(192, 52, 193, 0), 24, RESERVED),
    (v4(192, 88, 99, 0), 24, RESERVED),
    (v4(192, 175, 48, 0), 24, RESERVED),
    (v4(192, 168, 0, 0), 16, PRIVATE),
    (v4(198, 18, 0, 0), 15, RESERVED),
    (v4(198, 51, 100, 0), 24, RESERVED),
    (v4(203, 0, 113, 0), 24, RESERVED),
    // Multicast, and what is kept for later with the broadcast address.
    (v4(224, 0, 0, 0), 4, RESERVED),
    (v4(240, 0, 0, 0), 4, RESERVED),
];

const fn v6(a: u16, b: u16, c: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)
}

const V6: [Range<Ipv6Addr>; 8] = [
    (Ipv6Addr::LOCALHOST, 128, LOOPBACK),
    (v6(0xfe80, 0, 0), 10, LINK_LOCAL),
    (v6(0xfc00, 0, 0), 7, PRIVATE),
    // Site-local, no longer in use.
    (v6(0xfec0, 0, 0), 10, PRIVATE),
    // Protocol assignments with Teredo, benchmarks, AMT, AS112, ORCHID and drones in it.
    (v6(0x2001, 0, 0), 23, RESERVED),
    (v6(0x2001, 0xdb8, 0), 32, RESERVED),
    (v6(0x2620, 0x4f, 0x8000), 48, RESERVED),
    (v6(0x3fff, 0, 0), 20, RESERVED),
];

/// The only block out of which public addresses are given. All others (the discard prefix 100::/64,
/// segment identifiers 5f00::/16, multicast, what is not given out) are not public.
const GLOBAL: (Ipv6Addr, u8) = (v6(0x2000, 0, 0), 3);

/// What an IPv4 address is by its range; none for a public one.
pub(super) fn kind_v4(address: Ipv4Addr) -> Option<&'static str> {
    let within = |(start, length, _): &&Range<Ipv4Addr>| same(bits_v4(address), bits_v4(*start), *length);
    V4.iter().find(within).map(|(_, _, kind)| *kind)
}

/// What an IPv6 address is by its range; none for a public one.
pub(super) fn kind_v6(address: Ipv6Addr) -> Option<&'static str> {
    let within = |(start, length, _): &&Range<Ipv6Addr>| same(address.to_bits(), start.to_bits(), *length);
    let global = same(address.to_bits(), GLOBAL.0.to_bits(), GLOBAL.1);
    V6.iter().find(within).map(|(_, _, kind)| *kind).or((!global).then_some(RESERVED))
}

/// In the upper bits, so that lengths count from the same end.
fn bits_v4(address: Ipv4Addr) -> u128 {
    u128::from(address.to_bits()) << 96
}

/// Whether the first `length` bits are the same.
fn same(a: u128, b: u128, length: u8) -> bool {
    ((a ^ b) >> 1) >> (127 - u32::from(length.min(127))) == 0 && (length < 128 || a == b)
}

/// All ranges.
#[cfg(test)]
pub(super) fn ranges() -> Vec<(ipnet::IpNet, &'static str)> {
    let v4 = V4.iter().map(|(start, length, kind)| (ipnet::IpNet::new((*start).into(), *length).unwrap(), *kind));
    let v6 = V6.iter().map(|(start, length, kind)| (ipnet::IpNet::new((*start).into(), *length).unwrap(), *kind));
    v4.chain(v6).collect()
}
