//! The state of plugins: small texts by key, in the journal's file because it cannot be rebuilt
//! from entries, written by the same thread and as durable as they are.

use rusqlite::{Connection, OptionalExtension};

/// Bytes that the keys and values of one plugin may take together.
pub(super) const QUOTA: usize = 64 << 10;

/// Sets a key, unless the plugin has used up its room.
pub(super) fn set(
    connection: &Connection,
    plugin: &str,
    key: &str,
    value: &str,
) -> rusqlite::Result<Result<(), String>> {
    let sql = "SELECT coalesce(sum(octet_length(key) + octet_length(value)), 0)
               FROM plugin_state WHERE plugin = ?1 AND key <> ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let others: i64 = statement.query_row([plugin, key], |row| row.get(0))?;
    let others = usize::try_from(others).unwrap_or(usize::MAX);
    if others.saturating_add(key.len()).saturating_add(value.len()) > QUOTA {
        return Ok(Err(format!("the state of plugin {plugin} would take more than {} KiB", QUOTA >> 10)));
    }
    let sql = "INSERT OR REPLACE INTO plugin_state (plugin, key, value) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute([plugin, key, value])?;
    Ok(Ok(()))
}

/// The value of a key.
pub(super) fn get(connection: &Connection, plugin: &str, key: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT value FROM plugin_state WHERE plugin = ?1 AND key = ?2";
    connection.prepare_cached(sql)?.query_row([plugin, key], |row| row.get(0)).optional()
}
