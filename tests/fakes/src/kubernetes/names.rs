//! Names as Kubernetes makes them, but the same in every run, so that a test can spell them out.

/// The letters that Kubernetes allows in generated names: no vowels, no digits that look like letters.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The hash that names the ReplicaSet of a pod template.
pub fn template_hash(template: &str) -> String {
    letters(fnv(template.as_bytes()), 10)
}

/// The ending of the name of the `count`-th pod of a ReplicaSet.
pub fn pod_suffix(replica_set: &str, count: u64) -> String {
    letters(fnv(format!("{replica_set}#{count}").as_bytes()), 5)
}

/// The `count`-th uid of a cluster.
pub fn uid(count: u64) -> String {
    format!("7e57c1a5-0000-4000-8000-{count:012x}")
}

fn letters(mut seed: u64, length: usize) -> String {
    let mut name = String::with_capacity(length);
    for _ in 0..length {
        let index = usize::try_from(seed % 27).unwrap_or_default();
        name.push(LETTERS.get(index).copied().map_or('b', char::from));
        seed = fnv(&seed.to_le_bytes());
    }
    name
}

/// FNV-1a: stable between releases of the compiler, unlike the hasher of the standard library.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
