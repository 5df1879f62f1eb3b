//! The state of plugins, read beside the writer and set in its queue.

use std::sync::mpsc;

use super::Sqlite;
use crate::journal::state;
use crate::journal::writer::Job;
use crate::ports::PluginState;

/// `set` waits for the disk: call it where a thread may wait.
impl PluginState for Sqlite {
    fn get(&self, plugin: &str, key: &str) -> Result<Option<String>, String> {
        let read = self.reader.with(|connection| state::get(connection, plugin, key));
        read.map_err(|error| error.to_string())
    }

    fn set(&self, plugin: &str, key: &str, value: &str) -> Result<(), String> {
        let bytes = plugin.len() + key.len() + value.len() + 128;
        let (reply, answer) = mpsc::sync_channel(1);
        let reply = self.reply(bytes, move |result| drop(reply.send(result)));
        let (plugin, key, value) = (plugin.to_string(), key.to_string(), value.to_string());
        self.enqueue(Job::State { plugin, key, value, bytes, reply }, bytes)?;
        answer.recv().unwrap_or_else(|_| Err("its writer has stopped; restart tidegate".into()))
    }
}
