//! Source for Falco: its HTTP output, lines of its standard output, and Falcosidekick's webhook and CloudEvents.

mod event;
mod identity;

use std::borrow::Cow;

use tidegate_plugin::source::{Decoded, Decoding, Inbound, Node, cloudevents};
use tidegate_plugin::{json, source};

source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let documents = json::documents(&request.body)?;
    let items = json::items(&documents);
    // In binary mode the body is Falco's own.
    if items.iter().any(|item| item.get("specversion").exists()) {
        let events = cloudevents::events(request)?;
        let items: Vec<_> = events.iter().map(|event| Node::root(event).get("data")).collect();
        return Decoded::of_some(items, event::read, name);
    }
    Decoded::of_some(items, event::read, name)
}

fn name(item: Node<'_>) -> Option<Cow<'_, str>> {
    item.get("rule").text()
}
