//! A dictionary: texts that many incidents share are in the file once.

use std::collections::HashMap;

use rusqlite::{Transaction, params};
use sha2::{Digest, Sha256};

/// Texts whose numbers are remembered: names come again and again, most group keys do not.
const REMEMBERED: usize = 1 << 12;

/// Numbers of texts that are in the file.
#[derive(Debug, Default)]
pub(super) struct TextIds(HashMap<String, i64>);

impl TextIds {
    /// The number of a text, which is put into the file if it is not there.
    pub fn number(&mut self, transaction: &Transaction<'_>, text: &str) -> rusqlite::Result<i64> {
        if let Some(number) = self.0.get(text) {
            return Ok(*number);
        }
        let digest = digest(text);
        let known = {
            // Texts that share a digest are told apart by themselves.
            let mut statement = transaction.prepare_cached("SELECT id, text FROM texts WHERE digest = ?1")?;
            let mut rows = statement.query([digest])?;
            let mut known = None;
            while let Some(row) = rows.next()? {
                if row.get_ref(1)?.as_str()? == text {
                    known = Some(row.get(0)?);
                    break;
                }
            }
            known
        };
        let number = match known {
            Some(number) => number,
            None => {
                let mut statement = transaction.prepare_cached("INSERT INTO texts (digest, text) VALUES (?1, ?2)")?;
                statement.execute(params![digest, text])?;
                transaction.last_insert_rowid()
            }
        };
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(text.to_string(), number);
        Ok(number)
    }
}

/// Short, because the index of all texts is kept by it.
fn digest(text: &str) -> i64 {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(text));
    i64::from(i32::from_be_bytes([a, b, c, d]))
}
