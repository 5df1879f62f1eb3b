//! Every reader of what comes from outside, against bodies that are broken in all ways.
//!
//! Two things must hold. A body whose bytes are broken anyhow may be refused, but nothing panics and nothing is
//! called a passing trouble of the host. And a list one of whose items is broken loses that item at most: the
//! others are taken, each by its mark, and where the reader counts, nothing disappears without a word.

pub mod mutate;
pub mod readers;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde_json::Value;

use mutate::Random;

/// What a reader made of a body.
#[derive(Debug)]
pub enum ReadOutcome {
    /// It was read: the names or texts that were taken, and how many items were left out by a sentence.
    Taken {
        /// Names or texts.
        taken: Vec<String>,
        /// Items that were left out; none where the reader names them in their place.
        left_out: Option<usize>,
    },
    /// The sender is told that it cannot be read.
    Refused(String),
    /// The sender is told to send the same again.
    Again(String),
}

/// One reader.
pub struct Reader {
    /// Its name.
    pub name: &'static str,
    /// Bodies as they are sent.
    pub bodies: Vec<String>,
    /// A body around a list of items, and an item that carries a mark; none where there is no list.
    pub list: Option<List>,
    /// Reads one body.
    pub read: Box<dyn Fn(&str) -> ReadOutcome>,
}

/// A list of items that are read each by itself.
pub struct List {
    /// The body around items.
    pub around: Box<dyn Fn(Vec<Value>) -> Value>,
    /// A sound item with this mark.
    pub item: Box<dyn Fn(&str) -> Value>,
    /// Items that are broken from.
    pub items: Vec<Value>,
}

/// How long a reader is tried.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds at the most.
    pub rounds: u64,
    /// No round begins later.
    pub within: Duration,
    /// The first seed; a round's own is printed when it fails.
    pub seed: u64,
}

/// Tries one reader and gives the rounds that it passed.
///
/// # Errors
/// The seed, the body and what is wrong.
pub fn run(reader: &Reader, effort: Effort) -> Result<u64, String> {
    let began = Instant::now();
    for body in &reader.bodies {
        if let ReadOutcome::Again(why) = read(reader, body)? {
            return Err(format!("{}: a body as it is sent is to be sent again: {why}", reader.name));
        }
    }
    for round in 0..effort.rounds {
        if began.elapsed() >= effort.within {
            return Ok(round);
        }
        let seed = effort.seed.wrapping_add(round);
        broken_item(reader, seed)
            .and_then(|()| broken_body(reader, seed))
            .map_err(|why| format!("{} with the seed {seed}: {why}", reader.name))?;
    }
    Ok(effort.rounds)
}

fn read(reader: &Reader, body: &str) -> Result<ReadOutcome, String> {
    catch_unwind(AssertUnwindSafe(|| (reader.read)(body))).map_err(|_| format!("it panics on {}", shown(body)))
}

fn broken_body(reader: &Reader, seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed);
    let Some(body) = random.one(&reader.bodies) else { return Ok(()) };
    let body = mutate::text(body, &mut random);
    match read(reader, &body)? {
        ReadOutcome::Again(why) => Err(format!("what cannot be read is to be sent again ({why}): {}", shown(&body))),
        ReadOutcome::Taken { .. } | ReadOutcome::Refused(_) => Ok(()),
    }
}

fn broken_item(reader: &Reader, seed: u64) -> Result<(), String> {
    let Some(list) = &reader.list else { return Ok(()) };
    let mut random = Random::new(seed ^ 0x9e37_79b9);
    let marks: Vec<String> = (0..1 + random.below(3)).map(|n| format!("Mark{seed}x{n}")).collect();
    let mut items: Vec<Value> = marks.iter().map(|mark| (list.item)(mark)).collect();
    let Some(item) = random.one(&list.items) else { return Ok(()) };
    let mut item = item.clone();
    for _ in 0..1 + random.below(4) {
        mutate::value(&mut item, &mut random);
    }
    let at = random.below(items.len() + 1);
    items.insert(at, item);
    let count = items.len();
    let body = (list.around)(items).to_string();
    let (taken, left_out) = match read(reader, &body)? {
        ReadOutcome::Taken { taken, left_out } => (taken, left_out),
        ReadOutcome::Refused(why) | ReadOutcome::Again(why) => {
            return Err(format!("one item costs all ({why}): {}", shown(&body)));
        }
    };
    if let Some(mark) = marks.iter().find(|mark| !taken.iter().any(|one| one.contains(mark.as_str()))) {
        return Err(format!("{mark} is lost: {}", shown(&body)));
    }
    match left_out {
        Some(left_out) if taken.len() + left_out != count => {
            let taken = taken.len();
            Err(format!("of {count} items {taken} were taken and {left_out} named: {}", shown(&body)))
        }
        _ => Ok(()),
    }
}

fn shown(body: &str) -> String {
    body.chars().take(3000).collect()
}
