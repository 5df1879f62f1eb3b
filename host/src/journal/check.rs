//! A check of the whole journal beside the work, in slices with long pauses, so that what a disk or
//! somebody did to it is noticed within a day without anybody asking.

use std::path::Path;
use std::time::{Duration, Instant};

use super::error::{Error, sentence};
use super::reader::Reader;
use super::schema;
use super::verify::{self, VerifyReport, Walk};
use crate::domain::Anchor;

/// What a check found.
pub type CheckResult = VerifyReport;

/// A check that is under way, over a connection of its own.
pub struct Check {
    reader: Reader,
    walk: Walk,
    end: u64,
    pages: Vec<String>,
    begun: bool,
}

/// Sentences about pages that are worth reading.
const LISTED: usize = 20;

impl Check {
    /// Begins at the first entry; the anchors are as in [`super::verify`].
    ///
    /// # Errors
    /// When the journal cannot be opened.
    pub fn begin(path: &Path, anchors: Vec<(Anchor, String)>) -> Result<Self, Error> {
        let reader = Reader::open(path)?;
        let end = reader.with(verify::end)?;
        Ok(Self { reader, walk: Walk::new(anchors), end, pages: Vec::new(), begun: false })
    }

    /// Works for a moment; how long it took, or none when everything is checked.
    pub fn slice(&mut self) -> Option<Duration> {
        let started = Instant::now();
        let more = if self.begun {
            self.walk.turn(&self.reader)
        } else {
            self.begun = true;
            self.pages = pages(self.reader.path());
            true
        };
        more.then(|| started.elapsed())
    }

    /// What it found.
    pub fn finish(self) -> CheckResult {
        let mut found = self.walk.finish(self.end);
        let mut problems = self.pages;
        problems.append(&mut found.problems);
        CheckResult { problems, ..found }
    }
}

/// What is wrong with the file's pages, whatever they hold.
fn pages(path: &Path) -> Vec<String> {
    let check = schema::open_reader(path).and_then(|connection| {
        let found = connection.prepare(&format!("PRAGMA quick_check({LISTED})")).and_then(|mut statement| {
            statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<String>>>()
        });
        found.map_err(|error| sentence(path, &error))
    });
    match check {
        Ok(lines) => lines.into_iter().filter(|line| line != "ok").map(|line| format!("its pages: {line}")).collect(),
        Err(error) => vec![error.to_string()],
    }
}
