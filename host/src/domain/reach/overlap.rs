//! Whether two calls may touch the same thing.

use super::ALL;
use crate::domain::call::Target;

impl Target {
    /// Whether anything that this touches may be touched by the other too. What is left open may be
    /// anything, and a namespace holds all that is in it.
    pub fn overlaps(&self, other: &Self) -> bool {
        let whole = |target: &Self| target.kinds.iter().any(|kind| kind == "namespace");
        self.server == other.server
            && meet(&self.namespaces, &other.namespaces)
            && (whole(self) || whole(other) || meet(&self.kinds, &other.kinds) && meet(&self.names, &other.names))
    }
}

fn meet(some: &[String], others: &[String]) -> bool {
    let open = |values: &[String]| values.is_empty() || values.iter().any(|value| value == ALL);
    open(some) || open(others) || some.iter().any(|value| others.contains(value))
}
