//! Places that strangers can take, so few and in such an order that nobody waits behind them.
//!
//! Whoever comes when all places are taken does not wait: the one gives way that has waited longest
//! among those of the peer that has most. A sender that is quick is never among them; somebody who
//! opens a hundred connections and says nothing pushes out himself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Who is at the other end, as far as an address tells: an IPv4 address, or the network of an IPv6
/// one, because a host has all addresses of its network. Behind a proxy everybody is the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer(IpAddr);

impl Peer {
    /// Somebody whose address nobody told.
    pub const UNKNOWN: Self = Self(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
            v4 => v4,
        })
    }
}

/// A bounded number of places, and of bytes that all who have one hold together.
#[derive(Debug)]
pub struct Places {
    places: usize,
    bytes: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    taken: HashMap<u64, Taken>,
    bytes: usize,
    /// Counts everything that happens, for the order.
    clock: u64,
}

#[derive(Debug)]
struct Taken {
    peer: Peer,
    bytes: usize,
    /// Not to be pushed out.
    held: bool,
    since: u64,
    pushed_out: Arc<Notify>,
}

/// A place; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    id: u64,
    pushed_out: Arc<Notify>,
}

impl Places {
    /// At least one place.
    pub fn new(places: usize, bytes: usize) -> Arc<Self> {
        Arc::new(Self { places: places.max(1), bytes, table: Mutex::default() })
    }

    /// Takes a place; none when all are held.
    pub fn take(self: &Arc<Self>, peer: Peer) -> Option<Place> {
        let mut table = self.table();
        while table.taken.len() >= self.places {
            table.push_out(|_| 1)?;
        }
        table.clock += 1;
        let (id, pushed_out) = (table.clock, Arc::new(Notify::new()));
        let taken = Taken { peer, bytes: 0, held: false, since: id, pushed_out: Arc::clone(&pushed_out) };
        table.taken.insert(id, taken);
        Some(Place { places: Arc::clone(self), id, pushed_out })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Frees the place of whoever gives way; none when nobody does.
    fn push_out(&mut self, weight: impl Fn(&Taken) -> usize) -> Option<u64> {
        let mut by_peer: HashMap<Peer, usize> = HashMap::new();
        let waiting = || self.taken.iter().filter(|(_, taken)| !taken.held);
        waiting().for_each(|(_, taken)| *by_peer.entry(taken.peer).or_default() += weight(taken));
        let of = |taken: &Taken| by_peer.get(&taken.peer).copied().unwrap_or_default();
        let (id, _) = waiting().max_by_key(|(_, taken)| (of(taken), std::cmp::Reverse(taken.since)))?;
        let id = *id;
        self.remove(id)?.pushed_out.notify_one();
        Some(id)
    }

    fn remove(&mut self, id: u64) -> Option<Taken> {
        let taken = self.taken.remove(&id)?;
        self.bytes = self.bytes.saturating_sub(taken.bytes);
        Some(taken)
    }
}

impl Place {
    /// From now on nobody pushes it out.
    pub fn hold(&self) {
        if let Some(taken) = self.places.table().taken.get_mut(&self.id) {
            taken.held = true;
        }
    }

    /// From now on it is one of those that wait, and the one that has waited least.
    pub fn wait(&self) {
        let mut table = self.places.table();
        table.clock += 1;
        let since = table.clock;
        if let Some(taken) = table.taken.get_mut(&self.id) {
            (taken.held, taken.since) = (false, since);
        }
    }

    /// Holds so many bytes more; false when there is no room for them, or the place is lost.
    pub fn grow(&self, bytes: usize) -> bool {
        let mut table = self.places.table();
        while table.bytes.saturating_add(bytes) > self.places.bytes {
            if table.push_out(|taken| taken.bytes).is_none_or(|id| id == self.id) {
                return false;
            }
        }
        let Some(taken) = table.taken.get_mut(&self.id) else { return false };
        taken.bytes += bytes;
        table.bytes += bytes;
        true
    }

    /// Resolves when somebody else has got it.
    pub async fn pushed_out(&self) {
        self.pushed_out.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.table().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn peer(text: &str) -> Peer {
        Peer::from(text.parse::<IpAddr>().unwrap())
    }

    fn lost(place: &Place) -> bool {
        place.pushed_out().now_or_never().is_some()
    }

    #[test]
    fn the_one_that_has_waited_longest_gives_way() {
        let places = Places::new(2, 0);
        let [first, second] = [1, 2].map(|_| places.take(peer("10.0.0.1")).unwrap());
        first.wait();
        let third = places.take(peer("10.0.0.1")).unwrap();
        assert!(lost(&second) && !lost(&first) && !lost(&third));
        first.hold();
        third.hold();
        assert!(places.take(peer("10.0.0.2")).is_none(), "all are held");
        drop(third);
        let fourth = places.take(peer("10.0.0.2")).unwrap();
        drop(second);
        assert_eq!(places.table().taken.len(), 2, "a lost place frees nothing when it is dropped");
        drop((first, fourth));
        assert_eq!(places.table().taken.len(), 0);
    }

    #[test]
    fn a_peer_with_many_places_pushes_out_itself() {
        let places = Places::new(8, 0);
        let quiet = places.take(peer("192.0.2.7")).unwrap();
        let loud: Vec<Place> = (0..100).map(|n| places.take(peer(&format!("2001:db8::{n:x}"))).unwrap()).collect();
        assert!(!lost(&quiet), "a network of IPv6 is one peer");
        assert_eq!(loud.iter().filter(|place| lost(place)).count(), 93);
        assert_eq!(peer("::ffff:192.0.2.7"), peer("192.0.2.7"));
        assert_ne!(peer("2001:db8:0:1::1"), peer("2001:db8:0:2::1"));
    }

    #[test]
    fn bytes_are_bounded_in_sum() {
        let places = Places::new(100, 100);
        let [one, two, three] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|text| places.take(peer(text)).unwrap());
        assert!(one.grow(60) && two.grow(40));
        assert!(three.grow(10) && lost(&one), "the peer with most bytes gives way");
        assert!(!one.grow(1), "what is lost holds nothing");
        assert_eq!(places.table().bytes, 50);
        assert!(!three.grow(101) && lost(&two) && lost(&three), "more than there is room for");
        assert_eq!(places.table().bytes, 0);
        let held = places.take(peer("10.0.0.1")).unwrap();
        held.hold();
        assert!(held.grow(90) && !held.grow(20), "held places push each other out no more than others");
    }
}
