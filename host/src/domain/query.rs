//! JSONPath queries of others, within bounds.
//!
//! A query comes from a plugin or a policy and is held against what a tool answered, so neither can be
//! trusted to be small. The library evaluates without a bound of its own; so what a query may cost at
//! most on a document is computed beforehand ([`cost`]), and a query that could cost more is not
//! evaluated at all. No query runs longer than some tenths of a second.

mod cost;
mod shape;

use serde_json::Value;
use serde_json_path::JsonPath;

use cost::Size;
use shape::Path;

/// Bytes of one query.
const LONGEST: usize = 2_048;
/// Queries that one verification may hold.
pub const MOST: usize = 32;
/// Brackets and parentheses within each other.
const NESTED: usize = 12;
/// Segments `..` in one query.
const DESCENTS: usize = 2;
/// Filters within filters.
const FILTERS: usize = 3;
/// Steps that all queries of one verification may take on one document: a step is some tens of
/// nanoseconds.
pub const BUDGET: u64 = 4_000_000;

/// A query that may be evaluated.
#[derive(Debug)]
pub struct Query {
    text: String,
    path: JsonPath,
    shape: Path,
}

/// A document, measured once for all queries.
#[derive(Debug)]
pub struct Document {
    value: Value,
    size: Size,
}

impl Document {
    /// Measures a document.
    pub fn new(value: Value) -> Self {
        let size = Size::of(&value);
        Self { value, size }
    }
}

impl Query {
    /// Reads a query of RFC 9535.
    ///
    /// # Errors
    /// When it is none, or when it is larger than any that a verification needs.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = super::text::truncate(text, 120);
        let refuse = |why: &str| Err(format!("the JSONPath {shown} {why}"));
        if text.len() > LONGEST {
            return refuse(&format!("has {} bytes where {LONGEST} are allowed", text.len()));
        }
        // Before anything reads it: the parser descends as deep as the brackets do.
        if shape::nesting(text) > NESTED {
            return refuse(&format!("nests brackets deeper than {NESTED}"));
        }
        let path = JsonPath::parse(text).map_err(|error| format!("{shown} is not a JSONPath: {error}"))?;
        let shape = match Path::read(text) {
            Ok(shape) => shape,
            Err(why) => return refuse(&why),
        };
        if shape.descents() > DESCENTS {
            return refuse(&format!("uses `..` more often than {DESCENTS} times"));
        }
        if shape.filters() > FILTERS {
            return refuse(&format!("nests filters deeper than {FILTERS}"));
        }
        Ok(Self { text: text.to_string(), path, shape })
    }

    /// Whether it selects anything. What it may cost at most is taken from `budget` first.
    ///
    /// # Errors
    /// When that is more than is left: the query cannot be evaluated on a document of this size.
    pub fn selects(&self, document: &Document, budget: &mut u64) -> Result<bool, String> {
        let cost = cost::of(&self.shape, &document.size);
        *budget = budget.checked_sub(cost).ok_or_else(|| {
            let (shown, nodes) = (super::text::truncate(&self.text, 120), document.size.nodes);
            format!("the JSONPath {shown} would cost too much on an answer of {nodes} values, so it is not evaluated")
        })?;
        Ok(!self.path.query(&document.value).is_empty())
    }
}

#[cfg(test)]
mod tests;
