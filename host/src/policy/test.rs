//! Table tests: alerts, history and time in; verdict, ruling and route out. No server, no tools.
//!
//! A test file is TOML beside the policies, in `tests/`; each `[[case]]` asks one question of the
//! set and says what it wants to hear.

mod case;
mod coverage;
mod event;
mod judge;
mod look;
mod silence;
mod undone;

use std::fmt;
use std::fs;
use std::path::Path;

use self::case::Document;
pub use self::coverage::Coverage;
use super::set::Set;
use crate::domain::text::letters::visible_line;
use crate::regular_file;

/// How a run went.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Cases that heard what they wanted.
    pub passed: usize,
    /// Cases that did not, and files that cannot be read.
    pub failed: Vec<Failure>,
    /// What no case reached.
    pub coverage: Coverage,
}

/// One case that did not hear what it wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The test file.
    pub file: String,
    /// The line at which the case begins; 0 when the file itself is wrong.
    pub line: usize,
    /// The case; empty when the file itself is wrong.
    pub case: String,
    /// Line by line what was wanted and what was heard.
    pub lines: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{} · {}", self.line, visible_line(&self.case))?;
        }
        self.lines.iter().try_for_each(|line| write!(f, "\n    {}", visible_line(line)))
    }
}

/// Runs every `*.toml` of a folder, in the order of their names. A folder that does not exist holds
/// no tests.
pub fn run(set: &Set, folder: &Path) -> Report {
    let listed = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut paths: Vec<_> = listed.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    paths.sort();
    let texts: Vec<(String, Result<String, String>)> = paths
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (
                format!("tests/{name}"),
                regular_file::read_text(path, regular_file::TEXT).map_err(|error| error.to_string()),
            )
        })
        .collect();
    run_texts(set, texts)
}

/// Runs tests given as texts.
pub fn run_texts(set: &Set, texts: Vec<(String, Result<String, String>)>) -> Report {
    let mut report = Report::default();
    let mut seen = Vec::new();
    for (file, text) in texts {
        let read = text.and_then(|text| {
            let document = toml::from_str::<Document>(&text).map_err(|error| error.to_string())?;
            Ok((document, text))
        });
        let (document, text) = match read {
            Ok(read) => read,
            Err(why) => {
                let lines = why.lines().map(str::to_string).collect();
                report.failed.push(Failure { file, line: 0, case: String::new(), lines });
                continue;
            }
        };
        for case in document.case {
            let before = text.get(..case.span().start).unwrap_or_default();
            let (line, case) = (before.matches('\n').count() + 1, case.into_inner());
            let (lines, noted) = judge::judge(set, &case);
            seen.extend(noted);
            if lines.is_empty() {
                report.passed += 1;
            } else {
                report.failed.push(Failure { file: file.clone(), line, case: case.name, lines });
            }
        }
    }
    report.coverage = Coverage::new(set, &seen);
    report
}
