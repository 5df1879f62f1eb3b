//! Whether two calls may touch the same thing.

use super::ALL;
use crate::domain::call::Target;

impl Target {
    /// Whether anything that this touches may be touched by the other too. What is left open may be
    /// anything, and a namespace holds all that is in it. What a plugin does itself it does wherever it reaches: it
    /// may touch what any other tool touches that names the same object.
    pub fn overlaps(&self, other: &Self) -> bool {
        let whole = |target: &Self| target.kinds.iter().any(|kind| kind == "namespace");
        if self.server != other.server {
            return (self.own || other.own) && names_the_same(self, other);
        }
        meet(&self.namespaces, &other.namespaces)
            && (whole(self) || whole(other) || meet(&self.kinds, &other.kinds) && meet(&self.names, &other.names))
    }
}

/// Whether both name an object, and it is the same as far as they say what it is.
fn names_the_same(one: &Target, other: &Target) -> bool {
    let named = |target: &Target| !target.names.is_empty() && target.names.iter().all(|name| name != ALL);
    named(one)
        && named(other)
        && meet(&one.names, &other.names)
        && meet(&one.kinds, &other.kinds)
        && meet(&one.namespaces, &other.namespaces)
}

fn meet(some: &[String], others: &[String]) -> bool {
    let open = |values: &[String]| values.is_empty() || values.iter().any(|value| value == ALL);
    open(some) || open(others) || some.iter().any(|value| others.contains(value))
}
