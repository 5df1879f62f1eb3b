//! Runbooks as rows, and how a file becomes some.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::knowledge::document::{Document, Section};
use crate::knowledge::file::{Format, int};
use crate::knowledge::folder::Runbook;
use crate::knowledge::front_matter::FrontMatter;
use crate::knowledge::tokens::tokenize;

/// Words of one document that are indexed.
const WORDS: usize = 50_000;

/// The tables.
pub(super) const FORMAT: Format = Format {
    number: 1,
    tables: "
    CREATE TABLE files (
        id INTEGER PRIMARY KEY,
        folder TEXT NOT NULL,
        name TEXT NOT NULL,
        changed INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        digest BLOB NOT NULL,
        title TEXT NOT NULL,
        front TEXT,
        problem TEXT,
        UNIQUE (folder, name)
    );
    CREATE TABLE sections (
        file INTEGER NOT NULL,
        place INTEGER NOT NULL,
        heading TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (file, place)
    ) WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5(title, headings, text, content='', contentless_delete=1, tokenize='ascii');
    CREATE VIRTUAL TABLE vocabulary USING fts5vocab('words', 'row');
    ",
};

/// A file as it was taken in.
pub(super) struct IndexedFile {
    pub id: i64,
    pub stamp: (i64, u64),
}

/// The files of a folder by their names.
pub(super) fn indexed_files(file: &Connection, folder: &str) -> rusqlite::Result<BTreeMap<String, IndexedFile>> {
    let mut statement = file.prepare("SELECT name, id, changed, bytes FROM files WHERE folder = ?1")?;
    let rows = statement.query_map([folder], |row| {
        let bytes: i64 = row.get(3)?;
        let stamp = (row.get(2)?, u64::try_from(bytes).unwrap_or(0));
        Ok((row.get(0)?, IndexedFile { id: row.get(1)?, stamp }))
    })?;
    rows.collect()
}

/// What is wrong with files of a folder.
pub(super) fn problems(file: &Connection, folder: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT problem FROM files WHERE folder = ?1 AND problem IS NOT NULL ORDER BY name";
    file.prepare(sql)?.query_map([folder], |row| row.get(0))?.collect()
}

/// Puts a file in as it was read. Where its text is what it was, only its stamp changes.
pub(super) fn put(
    transaction: &Transaction<'_>,
    folder: &str,
    file: &Runbook,
    digest: &[u8; 32],
    document: &Result<Document, String>,
) -> rusqlite::Result<()> {
    let (changed, bytes) = (file.stamp.0, i64::try_from(file.stamp.1).unwrap_or(i64::MAX));
    let before: Option<(i64, Vec<u8>)> = transaction
        .prepare_cached("SELECT id, digest FROM files WHERE folder = ?1 AND name = ?2")?
        .query_row([folder, &file.name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((id, before)) = before {
        if before == digest && document.is_ok() {
            let sql = "UPDATE files SET changed = ?2, bytes = ?3, problem = NULL WHERE id = ?1 AND problem IS NULL";
            if transaction.prepare_cached(sql)?.execute(params![id, changed, bytes])? > 0 {
                return Ok(());
            }
        }
        forget(transaction, id)?;
    }
    let sql = "INSERT INTO files (folder, name, changed, bytes, digest, title, front, problem)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let mut insert = transaction.prepare_cached(sql)?;
    let document = match document {
        Ok(document) => document,
        Err(problem) => {
            let none = Option::<String>::None;
            insert.execute(params![folder, file.name, changed, bytes, digest.as_slice(), file.name, none, problem])?;
            return Ok(());
        }
    };
    let stored = (document.front != FrontMatter::default()).then(|| Stored::from(&document.front));
    let front = stored.map(|stored| serde_json::to_string(&stored)).transpose();
    let front = front.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let none = Option::<String>::None;
    insert.execute(params![folder, file.name, changed, bytes, digest.as_slice(), document.title, front, none])?;
    let id = transaction.last_insert_rowid();
    let mut section = transaction.prepare_cached("INSERT INTO sections VALUES (?1, ?2, ?3, ?4)")?;
    let (mut headings, mut text) = (String::new(), String::new());
    for (place, Section { heading, text: of }) in document.sections.iter().enumerate() {
        section.execute(params![id, int(place), heading, of])?;
        headings.push_str(heading);
        headings.push('\n');
        text.push_str(of);
        text.push('\n');
    }
    // Its own words for what it is about are words of its title.
    let FrontMatter { alerts, findings, .. } = &document.front;
    let title = [document.title.as_str(), &file.name, &alerts.join(" "), &findings.join(" ")].join("\n");
    let [title, headings, text] = [&title, &headings, &text].map(|text| tokenize(text, WORDS).join(" "));
    let mut words =
        transaction.prepare_cached("INSERT INTO words (rowid, title, headings, text) VALUES (?1, ?2, ?3, ?4)")?;
    words.execute(params![id, title, headings, text])?;
    Ok(())
}

/// Removes a file.
pub(super) fn forget(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM words WHERE rowid = ?1",
        "DELETE FROM sections WHERE file = ?1",
        "DELETE FROM files WHERE id = ?1",
    ] {
        transaction.prepare_cached(sql)?.execute([id])?;
    }
    Ok(())
}

/// A front matter as it is kept.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Stored {
    alerts: Vec<String>,
    labels: Vec<(String, String)>,
    findings: Vec<String>,
    tools: Vec<String>,
    skip: Vec<String>,
}

impl From<&FrontMatter> for Stored {
    fn from(front: &FrontMatter) -> Self {
        let FrontMatter { title: _, alerts, labels, findings, tools, skip } = front.clone();
        Self { alerts, labels, findings, tools, skip }
    }
}

impl From<Stored> for FrontMatter {
    fn from(Stored { alerts, labels, findings, tools, skip }: Stored) -> Self {
        Self { title: None, alerts, labels, findings, tools, skip }
    }
}
