//! What a query may cost at most, from its shape and the size of the document. Never too little: a
//! node list is at most as long as computed here, whatever the document holds.

use serde_json::Value;

use super::shape::{Filter, Path, Selector};

/// A regular expression is compiled anew for every value that it is held against.
const COMPILING: u64 = 2_000;
/// Bytes of text that one step reads.
const BYTES: u64 = 16;

/// How large a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Values in it, itself included.
    pub nodes: u64,
    /// The most children that one of them has.
    fan: u64,
    /// Levels below the root.
    depth: u64,
    /// Bytes of all texts.
    bytes: u64,
}

impl Size {
    /// Measures a document.
    pub fn of(value: &Value) -> Self {
        let mut size = Self { nodes: 0, fan: 0, depth: 0, bytes: 0 };
        let mut open = vec![(value, 0)];
        while let Some((value, depth)) = open.pop() {
            size.nodes += 1;
            size.depth = size.depth.max(depth);
            let children = match value {
                Value::Array(items) => {
                    open.extend(items.iter().map(|item| (item, depth + 1)));
                    items.len()
                }
                Value::Object(map) => {
                    open.extend(map.values().map(|item| (item, depth + 1)));
                    size.bytes += map.keys().map(|key| key.len() as u64).sum::<u64>();
                    map.len()
                }
                Value::String(text) => {
                    size.bytes += text.len() as u64;
                    0
                }
                _ => 0,
            };
            size.fan = size.fan.max(children as u64);
        }
        size
    }
}

/// A list of nodes: how many, and how often each of the document's may be among them.
#[derive(Clone, Copy)]
struct Nodes {
    count: u64,
    times: u64,
}

impl Nodes {
    const ROOT: Self = Self { count: 1, times: 1 };

    /// At most this many altogether, as every node is there at most so often.
    fn bounded(count: u64, times: u64, size: &Size) -> Self {
        Self { count: count.min(size.nodes.saturating_mul(times)), times }
    }

    /// All their children.
    fn children(self, size: &Size) -> Self {
        Self::bounded(self.count.saturating_mul(size.fan), self.times, size)
    }

    /// They and all that is below them.
    fn with_descendants(self, size: &Size) -> Self {
        Self::bounded(self.count.saturating_mul(size.nodes), self.times.saturating_mul(size.depth + 1), size)
    }
}

/// Steps at most.
pub(super) fn of(path: &Path, size: &Size) -> u64 {
    walk(path, Nodes::ROOT, size)
}

fn walk(path: &Path, from: Nodes, size: &Size) -> u64 {
    let (mut nodes, mut steps) = (from, from.count);
    for segment in &path.segments {
        if segment.descends {
            nodes = nodes.with_descendants(size);
            // Every list of results is handed upwards level by level.
            steps = steps.saturating_add(nodes.count.saturating_mul(1 + size.depth / 8));
        }
        let (mut count, selectors) = (0u64, segment.selectors.len() as u64);
        for selector in &segment.selectors {
            let found = match selector {
                Selector::One => nodes,
                Selector::Many => nodes.children(size),
                Selector::Filter(filter) => {
                    let candidates = nodes.children(size);
                    steps = steps.saturating_add(judge(filter, candidates, size));
                    candidates
                }
            };
            count = count.saturating_add(found.count);
        }
        nodes = Nodes::bounded(count, nodes.times.saturating_mul(selectors), size);
        steps = steps.saturating_add(nodes.count.saturating_mul(1 + size.depth / 8));
    }
    steps
}

/// Steps to hold a filter against each of these nodes.
fn judge(filter: &Filter, candidates: Nodes, size: &Size) -> u64 {
    let mut steps = candidates.count.saturating_mul(1 + filter.length / 8);
    for path in &filter.paths {
        let (walked, compared) = if path.absolute {
            let once = walk(path, Nodes::ROOT, size);
            (candidates.count.saturating_mul(once), candidates.count.saturating_mul(weight(size)))
        } else {
            let nested = candidates.times.saturating_mul(size.depth + 1);
            let whole = candidates.count.saturating_mul(weight(size));
            (walk(path, candidates, size), whole.min(weight(size).saturating_mul(nested)))
        };
        // Two values that are compared may be alike to their last leaf.
        steps = steps.saturating_add(walked).saturating_add(compared);
    }
    steps.saturating_add(candidates.count.saturating_mul(COMPILING).saturating_mul(filter.patterns))
}

/// Steps to read a whole document.
fn weight(size: &Size) -> u64 {
    size.nodes.saturating_add(size.bytes / BYTES)
}
