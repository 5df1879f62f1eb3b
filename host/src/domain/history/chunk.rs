//! Closed incidents in little memory: nothing about them changes any more.

use jiff::Timestamp;

use super::{Causes, FixRow, Fixes, Key, Past, PastRow, Wanted};
use crate::domain::Outcome;

/// Some closed incidents. Texts that repeat stand here once, lists of numbers are the indexes.
#[derive(Debug)]
pub(super) struct Chunk {
    /// By time.
    rows: Box<[Packed]>,
    /// All group keys behind each other.
    group_keys: Box<str>,
    /// Rules, names, targets and tools, sorted.
    words: Box<[Box<str>]>,
    /// Places of rows, sorted by what they stand under and then by time.
    by_group: Box<[u32]>,
    by_rule: Box<[u32]>,
    by_name: Box<[u32]>,
    /// Sorted by row.
    fixes: Box<[Fix]>,
}

#[derive(Debug)]
struct Packed {
    key: Key,
    /// Where its group key ends; it begins where the one before ends.
    group_end: u32,
    rule: u32,
    name: u32,
    outcome: Option<Outcome>,
    rerun: bool,
}

#[derive(Debug)]
struct Fix {
    row: u32,
    target: u32,
    tool: u32,
    helped: bool,
    causes: Causes,
}

fn int(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Chunk {
    /// Packs these.
    pub fn of(mut all: Vec<Past>) -> Self {
        all.sort_by_key(Past::key);
        let targets = all.iter().flat_map(|past| past.fixes.iter().flat_map(|fix| [fix.target.as_str(), &fix.tool]));
        let mut words: Vec<&str> = all.iter().flat_map(|past| [&*past.rule, &*past.name]).chain(targets).collect();
        words.sort_unstable();
        words.dedup();
        let word = |text: &str| int(words.binary_search(&text).unwrap_or(usize::MAX));
        let (mut group_keys, mut fixes, mut rows) = (String::new(), Vec::new(), Vec::with_capacity(all.len()));
        for (row, past) in all.iter().enumerate() {
            group_keys.push_str(&past.group_key);
            rows.push(Packed {
                key: past.key(),
                group_end: int(group_keys.len()),
                rule: word(&past.rule),
                name: word(&past.name),
                outcome: past.outcome,
                rerun: past.rerun,
            });
            let packed = |fix: &super::Fix| {
                let (target, tool) = (word(&fix.target), word(&fix.tool));
                Fix { row: int(row), target, tool, helped: fix.helped, causes: fix.causes }
            };
            fixes.extend(past.fixes.iter().map(packed));
        }
        let sorted = |by: &dyn Fn(&Past) -> &str| {
            let mut places: Vec<u32> = (0..int(all.len())).collect();
            let text = |place: &u32| all.get(*place as usize).map(by);
            places.sort_by(|a, b| text(a).cmp(&text(b)));
            places.into_boxed_slice()
        };
        Self {
            by_group: sorted(&|past| &past.group_key),
            by_rule: sorted(&|past| &past.rule),
            by_name: sorted(&|past| &past.name),
            rows: rows.into(),
            group_keys: group_keys.into(),
            fixes: fixes.into(),
            words: words.into_iter().map(Into::into).collect(),
        }
    }

    /// When the last of them was opened.
    pub fn newest(&self) -> i64 {
        self.rows.last().map_or(i64::MIN, |row| row.key.0)
    }

    /// Those that are wanted, by the index that narrows most.
    pub fn select<'a>(&'a self, wanted: &Wanted<'a>, since: i64) -> Box<dyn Iterator<Item = PastRow<'a>> + 'a> {
        if self.newest() < since {
            return Box::new(std::iter::empty());
        }
        if let Some(group) = wanted.group {
            return self.under(&self.by_group, group, |chunk, place| chunk.group_key(place));
        }
        if let Some(target) = wanted.target {
            let Ok(target) = self.words.binary_search_by(|word| (**word).cmp(target)) else {
                return Box::new(std::iter::empty());
            };
            return self.rows_of_fixes(move |fix| fix.target as usize == target);
        }
        if let Some(cause) = wanted.cause {
            return self.rows_of_fixes(move |fix| fix.causes.has(cause));
        }
        if let Some(name) = wanted.name {
            return self
                .under(&self.by_name, name, |chunk, place| chunk.rows.get(place).map(|row| chunk.word(row.name)));
        }
        if let Some(rule) = wanted.rule {
            return self
                .under(&self.by_rule, rule, |chunk, place| chunk.rows.get(place).map(|row| chunk.word(row.rule)));
        }
        let from = self.rows.partition_point(|row| row.key.0 < since);
        Box::new((from..self.rows.len()).filter_map(|place| self.row(place)))
    }

    /// Those with such a fix, each once.
    fn rows_of_fixes<'a>(&'a self, wanted: impl Fn(&Fix) -> bool + 'a) -> Box<dyn Iterator<Item = PastRow<'a>> + 'a> {
        let mut last = None;
        let of = self.fixes.iter().filter(move |fix| wanted(fix)).map(|fix| fix.row as usize);
        Box::new(of.filter(move |row| last.replace(*row) != Some(*row)).filter_map(|row| self.row(row)))
    }

    fn under<'a>(
        &'a self,
        index: &'a [u32],
        text: &str,
        of: fn(&'a Self, usize) -> Option<&'a str>,
    ) -> Box<dyn Iterator<Item = PastRow<'a>> + 'a> {
        let from = index.partition_point(|place| of(self, *place as usize) < Some(text));
        let to = index.partition_point(|place| of(self, *place as usize) <= Some(text));
        let places = index.get(from..to).unwrap_or_default();
        Box::new(places.iter().filter_map(|place| self.row(*place as usize)))
    }

    fn word(&self, word: u32) -> &str {
        self.words.get(word as usize).map(AsRef::as_ref).unwrap_or_default()
    }

    fn group_key(&self, place: usize) -> Option<&str> {
        let before = place.checked_sub(1).and_then(|before| self.rows.get(before));
        let from = before.map_or(0, |row| row.group_end as usize);
        self.group_keys.get(from..self.rows.get(place)?.group_end as usize)
    }

    fn row(&self, place: usize) -> Option<PastRow<'_>> {
        let packed = self.rows.get(place)?;
        let from = self.fixes.partition_point(|fix| (fix.row as usize) < place);
        let fixes = self.fixes.get(from..).unwrap_or_default().iter().take_while(|fix| fix.row as usize == place);
        let fix = |fix: &Fix| {
            let (target, tool) = (self.word(fix.target), self.word(fix.tool));
            FixRow { target, tool, helped: fix.helped, causes: fix.causes }
        };
        let fixes: Fixes<'_> = fixes.map(fix).collect();
        Some(PastRow {
            key: packed.key,
            rule: self.word(packed.rule),
            group_key: self.group_key(place)?,
            name: self.word(packed.name),
            opened_at: Timestamp::from_nanosecond(packed.key.0.into()).unwrap_or_default(),
            outcome: packed.outcome,
            rerun: packed.rerun,
            fixes,
        })
    }
}
