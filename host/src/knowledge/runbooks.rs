//! The index of runbooks: brought up to date with their folders, and asked.

mod rows;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use super::document::{Document, Section};
use super::file::{Error, Index, int};
use super::folder::{self, LeftOut, Runbook};
use super::front_matter::FrontMatter;
use super::matched::{SearchQuery, coverage, quote};
use super::question::Question;
use super::tokens::{is_telling, tokenize};
use crate::domain::knowledge::{MatchReason, Quote};
use rows::{FORMAT, Stored, forget, indexed_files, problems, put};

/// Files that are taken in with one transaction.
const BATCH: usize = 100;
/// How long one question may take.
const PATIENCE: Duration = Duration::from_millis(250);
/// Documents that are looked at more closely.
const CLOSER: usize = 24;
/// Runbooks that an incident is shown.
const SHOWN: usize = 3;
/// Of so many documents one may hold a word for it to tell documents apart, where there are more than a few.
const RARE: usize = 8;
const FEW: usize = 40;

/// The folders and their index.
pub struct Runbooks {
    folders: Vec<PathBuf>,
    index: Index,
    /// What runbooks say about themselves.
    bound: RwLock<Arc<Vec<BoundRunbook>>>,
    problems: Mutex<Vec<String>>,
}

/// A runbook that says which incidents it is about.
struct BoundRunbook {
    id: i64,
    front: FrontMatter,
}

/// A runbook as the index has it.
struct Row {
    id: i64,
    name: String,
    title: String,
    front: FrontMatter,
}

impl Runbooks {
    /// Opens the index at a path; it holds what it held.
    pub fn open(folders: Vec<PathBuf>, path: Option<PathBuf>) -> Result<Self, String> {
        let index = Index::kept_or_temporary(path, FORMAT, "runbooks")?;
        let runbooks = Self { folders, index, bound: RwLock::default(), problems: Mutex::default() };
        runbooks.learn_bound().map_err(|error| error.to_string())?;
        Ok(runbooks)
    }

    /// What cannot be used of the folders, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes in what has changed in the folders; what is wrong with them goes to [`Runbooks::problems`], and
    /// into the log when it is new.
    pub fn follow(&self) {
        let mut left_out = LeftOut::default();
        let mut changed = false;
        for folder in &self.folders {
            match self.follow_one(folder, &mut left_out) {
                Ok(some) => changed |= some,
                Err(error) => left_out.note(error),
            }
        }
        changed |= self.forget_others().unwrap_or_else(|error| {
            left_out.note(format!("runbooks: {error}"));
            false
        });
        if changed && let Err(error) = self.learn_bound() {
            left_out.note(format!("runbooks: {error}"));
        }
        let now = left_out.sentences();
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        for problem in now.iter().filter(|problem| !problems.contains(problem)) {
            tracing::warn!(problem, "a runbook cannot be used");
        }
        *problems = now;
    }

    /// Whether anything has changed.
    fn follow_one(&self, folder: &std::path::Path, left_out: &mut LeftOut) -> Result<bool, String> {
        let listing = folder::list(folder)?;
        left_out.extend(listing.left_out);
        let shown = folder.display().to_string();
        let unusable = |error: Error| format!("{shown}: {error}");
        let known = self.index.read(Duration::MAX, |file| indexed_files(file, &shown)).map_err(unusable)?;
        let mut changed = false;
        let fresh: Vec<&Runbook> = listing
            .files
            .iter()
            .filter(|file| known.get(&file.name).is_none_or(|known| known.stamp != file.stamp))
            .collect();
        for batch in fresh.chunks(BATCH) {
            let read: Vec<(&Runbook, [u8; 32], Result<Document, String>)> = batch
                .iter()
                .map(|file| {
                    let text = folder::read(file);
                    let digest = Sha256::digest(text.as_deref().unwrap_or_default()).into();
                    let cannot = |error| format!("{}: {error}", file.name);
                    (*file, digest, text.and_then(|text| Document::read(&file.name, &text).map_err(cannot)))
                })
                .collect();
            let written = self.index.write(|transaction| {
                read.iter().try_for_each(|(file, digest, document)| put(transaction, &shown, file, digest, document))
            });
            written.map_err(unusable)?;
            changed = true;
        }
        let there: BTreeSet<&str> = listing.files.iter().map(|file| file.name.as_str()).collect();
        let gone: Vec<i64> =
            known.iter().filter(|(name, _)| !there.contains(name.as_str())).map(|(_, known)| known.id).collect();
        if !gone.is_empty() {
            self.index.write(|file| gone.iter().try_for_each(|id| forget(file, *id))).map_err(unusable)?;
            changed = true;
        }
        let problems = self.index.read(Duration::MAX, |file| problems(file, &shown)).map_err(unusable)?;
        problems.into_iter().for_each(|problem| left_out.note(problem));
        Ok(changed)
    }

    /// Folders that are not configured any more have nothing here; whether there were any.
    fn forget_others(&self) -> Result<bool, Error> {
        let folders: BTreeSet<String> = self.folders.iter().map(|folder| folder.display().to_string()).collect();
        let others = self.index.read(Duration::MAX, |file| {
            let mut statement = file.prepare("SELECT id, folder FROM files")?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let others: Vec<i64> =
            others.into_iter().filter(|(_, folder)| !folders.contains(folder)).map(|(id, _)| id).collect();
        if others.is_empty() {
            return Ok(false);
        }
        self.index.write(|file| others.iter().try_for_each(|id| forget(file, *id)))?;
        Ok(true)
    }

    fn learn_bound(&self) -> Result<(), Error> {
        let rows = self.index.read(Duration::MAX, |file| {
            let mut statement = file.prepare("SELECT id, front FROM files WHERE front IS NOT NULL")?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let bound = rows.into_iter().filter_map(|(id, front)| {
            let front = serde_json::from_str::<Stored>(&front).ok()?.into();
            Some(BoundRunbook { id, front })
        });
        let bound: Vec<BoundRunbook> = bound.filter(|bound| bound.front.is_bound()).collect();
        *self.bound.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(bound);
        Ok(())
    }

    /// How many runbooks can be found.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn count(&self) -> Result<usize, Error> {
        let sql = "SELECT count(*) FROM files WHERE problem IS NULL";
        let count: i64 = self.index.read(Duration::MAX, |file| file.query_row(sql, [], |row| row.get(0)))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// The runbooks that apply to an incident: those that say so, then those whose words are the same.
    ///
    /// # Errors
    /// When the index cannot be read, or not in time.
    pub fn about(&self, question: &Question) -> Result<Vec<Quote>, Error> {
        let bound = Arc::clone(&self.bound.read().unwrap_or_else(PoisonError::into_inner));
        let mut declared: Vec<(u32, i64)> =
            bound.iter().filter_map(|bound| Some((question.declared_by(&bound.front)?, bound.id))).collect();
        declared.sort_by_key(|(score, id)| (std::cmp::Reverse(*score), *id));
        declared.truncate(SHOWN);
        let asked = SearchQuery { groups: question.groups(), words: question.words.clone() };
        self.index.read(PATIENCE, |file| {
            let mut quotes = Vec::new();
            for (_, id) in &declared {
                quotes.extend(row(file, *id)?.map(|row| one(file, &row, MatchReason::Declared, &asked)).transpose()?);
            }
            if quotes.len() < SHOWN {
                let taken: Vec<i64> = declared.iter().map(|(_, id)| *id).collect();
                for row in alike(file, &asked, &taken, SHOWN - quotes.len())? {
                    quotes.push(one(file, &row, MatchReason::Found, &asked)?);
                }
            }
            Ok(quotes)
        })
    }

    /// Runbooks that hold all words of a text; where none does, some of them.
    ///
    /// # Errors
    /// When the index cannot be read, or not in time.
    pub fn search(&self, text: &str, most: usize) -> Result<Vec<Quote>, Error> {
        let wanted = asked_words(text);
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let asked = SearchQuery { groups: Vec::new(), words: wanted.clone() };
        self.index.read(PATIENCE, |file| {
            // Where titles and headings say it often enough, nobody needs all texts ranked.
            let mut rows = ranked(file, &in_headings(&all_of(&wanted)), most)?;
            if rows.len() < most {
                rows = ranked(file, &all_of(&wanted), most)?;
            }
            if rows.is_empty() {
                let rare = rarer(file, &wanted)?;
                rows = if rare.is_empty() { rows } else { ranked(file, &any_of(&rare), most)? };
            }
            rows.iter().map(|row| one(file, row, MatchReason::Found, &asked)).collect()
        })
    }
}

/// The words of what a person searches for: those that tell something, or all where none does.
pub fn asked_words(text: &str) -> Vec<String> {
    let telling = super::tokens::keywords(text, 12);
    if telling.is_empty() { tokenize(text, 12) } else { telling }
}

/// A query for texts that hold each of some words.
pub fn all_of(words: &[String]) -> String {
    words.iter().map(|word| term(word)).collect::<Vec<_>>().join(" AND ")
}

fn in_headings(query: &str) -> String {
    format!("{{title headings}} : ({query})")
}

fn any_of(words: &[String]) -> String {
    words.iter().map(|word| term(word)).collect::<Vec<_>>().join(" OR ")
}

/// Words are letters and digits of ASCII, so nothing ends the quotes. One letter of Chinese is the beginning of
/// every pair that it begins.
fn term(word: &str) -> String {
    let one_letter =
        word.starts_with('u') && word.len() == 5 && word.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit());
    if one_letter { format!("\"{word}\"*") } else { format!("\"{word}\"") }
}

/// As many runbooks as are wanted that are about what is asked, by their words alone.
fn alike(file: &Connection, asked: &SearchQuery, but: &[i64], most: usize) -> rusqlite::Result<Vec<Row>> {
    let mut fitting: Vec<Row> = Vec::new();
    let new = |row: &Row, fitting: &[Row]| !but.contains(&row.id) && fitting.iter().all(|known| known.id != row.id);
    // Whoever has a group as a whole in the title or a heading is about it. Words that stand in almost every text rank
    // nothing, and to rank almost every text by them is what would take long.
    let groups: Vec<String> = asked.groups.iter().map(|group| format!("({})", all_of(group))).collect();
    if !groups.is_empty() {
        for row in ranked(file, &in_headings(&groups.join(" OR ")), most + but.len())? {
            if fitting.len() < most && new(&row, &fitting) {
                fitting.push(row);
            }
        }
    }
    let mut parts: Vec<String> = Vec::new();
    for group in &asked.groups {
        if !rarer(file, group)?.is_empty() {
            parts.push(format!("({})", all_of(group)));
        }
    }
    parts.extend(rarer(file, &asked.words)?.iter().map(|word| term(word)));
    if parts.is_empty() || fitting.len() >= most {
        return Ok(fitting);
    }
    for row in ranked(file, &parts.join(" OR "), CLOSER)? {
        if fitting.len() >= most {
            break;
        }
        if !new(&row, &fitting) {
            continue;
        }
        // What it says of itself are its words too, as in the index.
        let title = [row.title.as_str(), &row.front.alerts.join(" "), &row.front.findings.join(" ")].join(" ");
        if coverage(&title, &sections(file, row.id)?, asked).is_enough() {
            fitting.push(row);
        }
    }
    Ok(fitting)
}

/// Words of which documents can be told apart.
fn rarer(file: &Connection, words: &[String]) -> rusqlite::Result<Vec<String>> {
    let all: i64 = file.query_row("SELECT count(*) FROM files", [], |row| row.get(0))?;
    let most = (all / int(RARE)).max(int(FEW));
    let mut statement = file.prepare_cached("SELECT doc FROM vocabulary WHERE term = ?1")?;
    let mut rare = Vec::new();
    for word in words.iter().filter(|word| is_telling(word)) {
        let documents: Option<i64> = statement.query_row([word], |row| row.get(0)).optional()?;
        if documents.is_some_and(|documents| documents <= most) {
            rare.push(word.clone());
        }
    }
    Ok(rare)
}

fn ranked(file: &Connection, query: &str, most: usize) -> rusqlite::Result<Vec<Row>> {
    let sql = "SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY bm25(words, 8.0, 4.0, 1.0) LIMIT ?2";
    let mut statement = file.prepare_cached(sql)?;
    let ids =
        statement.query_map(params![query, int(most)], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    ids.into_iter().filter_map(|id| row(file, id).transpose()).collect()
}

fn row(file: &Connection, id: i64) -> rusqlite::Result<Option<Row>> {
    let mut statement = file.prepare_cached("SELECT name, title, front FROM files WHERE id = ?1")?;
    let read = |row: &rusqlite::Row<'_>| {
        let front: Option<String> = row.get(2)?;
        let front = front.and_then(|front| serde_json::from_str::<Stored>(&front).ok());
        Ok(Row { id, name: row.get(0)?, title: row.get(1)?, front: front.map(FrontMatter::from).unwrap_or_default() })
    };
    statement.query_row([id], read).optional()
}

fn sections(file: &Connection, id: i64) -> rusqlite::Result<Vec<Section>> {
    let mut statement = file.prepare_cached("SELECT heading, text FROM sections WHERE file = ?1 ORDER BY place")?;
    let rows = statement.query_map([id], |row| Ok(Section { heading: row.get(0)?, text: row.get(1)? }))?;
    rows.collect()
}

fn one(file: &Connection, row: &Row, because: MatchReason, asked: &SearchQuery) -> rusqlite::Result<Quote> {
    let FrontMatter { tools, skip, .. } = row.front.clone();
    let quoted = quote(&row.title, &row.name, because, &sections(file, row.id)?, asked);
    Ok(Quote { tools, skip, ..quoted })
}

#[cfg(test)]
mod tests;
