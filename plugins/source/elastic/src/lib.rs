//! Source for Elastic: Kibana's rules by the webhook connector, alerts of Elastic Security and Observability as
//! documents, and Watcher.
//!
//! A connector's body is its user's template. Names are read without regard to case and punctuation, so that
//! `{"rule": {"id": …}}`, `rule.id` and `ruleId` are the same field.

mod alert;
mod body;
mod fields;
mod watch;

use tidegate_plugin::json;
use tidegate_plugin::source::{Decoded, Decoding, Inbound};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let documents = body::documents(&request.body)?;
    let items = json::items(&documents).into_iter().flat_map(body::items).collect();
    Decoded::of_some(items, read, |item| item.node.first(&["rule.name", "name"]))
}

fn read(item: body::Item<'_>) -> Result<Option<tidegate_plugin::source::Alert>, String> {
    let node = item.node.need_object()?;
    match watch::of(node) {
        Some(watch) => Ok(Some(watch::read(watch))),
        None => alert::read(item).map(Some),
    }
}
