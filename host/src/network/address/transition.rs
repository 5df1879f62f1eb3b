//! IPv4 addresses that IPv6 addresses carry in them for translators and tunnels.

use std::net::{Ipv4Addr, Ipv6Addr};

/// What an IPv6 address carries.
#[derive(Debug, Default)]
pub(super) struct EmbeddedAddress {
    /// Each IPv4 address that something on the way could take for the target.
    pub addresses: Vec<Ipv4Addr>,
    /// The form is an ordinary way to an address of the public internet.
    pub ordinary: bool,
}

/// All forms that the IPv6 registries and RFCs know.
pub(super) fn carried(address: Ipv6Addr) -> EmbeddedAddress {
    let segments = address.segments();
    let [_, second, third, fourth, fifth, sixth, high, low] = segments;
    let last = join(high, low);
    let mut carried = match segments {
        // The loopback and the unspecified address.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => return EmbeddedAddress::default(),
        // IPv4-mapped; NAT64's well-known prefix (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            return EmbeddedAddress { addresses: vec![last], ordinary: true };
        }
        // IPv4-compatible; IPv4-translated (SIIT, RFC 2765).
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => vec![last],
        // NAT64 of a network's own (RFC 8215), in each of the lengths that fit into it (RFC 6052).
        [0x64, 0xff9b, 1, ..] => vec![
            last,
            join(fourth, halves(fifth, sixth)),
            join((fourth << 8) | (fifth & 0xff), sixth),
            join(halves(fifth, sixth), halves(sixth, high)),
        ],
        // 6to4 (RFC 3056).
        [0x2002, ..] => vec![join(second, third)],
        // Teredo (RFC 4380): its server, and the client with every bit turned over.
        [0x2001, 0, ..] => vec![join(third, fourth), join(!high, !low)],
        _ => Vec::new(),
    };
    // ISATAP (RFC 5214), below any prefix; two bits of the identifier may be set.
    if fifth & !0x300 == 0 && sixth == 0x5efe {
        carried.push(last);
    }
    EmbeddedAddress { addresses: carried, ordinary: false }
}

fn join(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

/// The lower half of one and the upper half of the next.
fn halves(first: u16, second: u16) -> u16 {
    (first << 8) | (second >> 8)
}
