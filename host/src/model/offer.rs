//! The tools as an offer to the model.
//!
//! All tools that have room are offered, most of them in brief: the arguments that must be given, and the names of the
//! others. More is told of what showed evidence, and as far as a modest room goes of what only looks, then of all. The offer
//! is the same in a whole conversation, so that endpoints that keep the beginning of a prompt find it again.

mod schema;

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::choice;
use super::names::Names;
use crate::domain::text::truncate;
use crate::domain::{Catalogue, Risk, Tool};

/// How tools are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferForm {
    /// In the field that endpoints have for it.
    Native,
    /// In the text.
    Text,
}

/// Most bytes that all tools together take.
pub(super) const ROOM: usize = 24 * 1024;
/// Bytes of all tools that more is told of some for.
const AIM: usize = 8 * 1024;
/// Bytes of the names of tools that have no room.
const NAMED: usize = 1024;
/// Bytes of what a tool takes, where a call did not fit.
const TAKEN: usize = 2048;

/// How much is told of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// The arguments that must be given, and the names of the others.
    Brief,
    /// All arguments with their types.
    Typed,
    /// A few words about each as well.
    Short,
    /// Most of what the server says.
    Whole,
}

impl Detail {
    /// Bytes of what a tool does.
    fn tool(self) -> usize {
        match self {
            Self::Brief => 60,
            Self::Typed => 120,
            Self::Short => 160,
            Self::Whole => 600,
        }
    }

    /// Bytes of what an argument means.
    fn argument(self) -> usize {
        match self {
            Self::Brief | Self::Typed => 0,
            Self::Short => 80,
            Self::Whole => 400,
        }
    }
}

/// Tools as they are offered.
pub(super) struct ToolOffer<T> {
    pub tools: T,
    /// Those that have no room, by their real names.
    pub missing: Vec<String>,
}

impl<T> ToolOffer<T> {
    /// What is said of those that have no room; nothing where all have.
    pub(super) fn left_out(&self) -> String {
        let (mut named, mut count) = (String::new(), 0_usize);
        for name in &self.missing {
            if named.len() + name.len() > NAMED {
                break;
            }
            named.push_str(if count == 0 { "" } else { ", " });
            named.push_str(name);
            count += 1;
        }
        match self.missing.len() {
            0 => String::new(),
            all => {
                let more = if all > count { format!(" and {} more", all - count) } else { String::new() };
                format!(
                    "{all} further tools exist for which there is no room here, and can be called all the same: {named}{more}.\n"
                )
            }
        }
    }
}

/// Definitions for the field `tools` within `room` bytes. Those in `used` come first.
pub(super) fn native(
    catalogue: &Catalogue,
    names: &Names,
    used: &BTreeSet<&str>,
    room: usize,
) -> ToolOffer<Vec<Value>> {
    offer(catalogue, used, room, |tool, detail| {
        let (about, parameters) = told(tool, detail);
        json!({"type": "function", "function": {
            "name": names.offered(&tool.name), "description": about, "parameters": parameters,
        }})
    })
}

/// The same as lines of text.
pub(super) fn text(catalogue: &Catalogue, used: &BTreeSet<&str>, room: usize) -> ToolOffer<String> {
    let ToolOffer { tools, missing } = offer(catalogue, used, room, |tool, detail| {
        let (about, parameters) = told(tool, detail);
        let properties = parameters.get("properties").cloned().unwrap_or_else(|| json!({}));
        let required = parameters.get("required").cloned().unwrap_or_else(|| json!([]));
        Value::String(format!("- {}: {about}\n  parameters: {properties}\n  required: {required}\n", tool.name))
    });
    ToolOffer { tools: tools.iter().filter_map(Value::as_str).collect(), missing }
}

/// What a tool takes, for a model whose call did not fit.
pub(super) fn tool_schema(tool: &Tool) -> String {
    let schema = schema::trim(&tool.schema, Detail::Short);
    let properties = schema.get("properties").cloned().unwrap_or_else(|| json!({}));
    let required = schema.get("required").cloned().unwrap_or_else(|| json!([]));
    truncate(&format!("parameters: {properties} required: {required}"), TAKEN)
}

/// More detail in the order in which it is worth its room, and whether only tools that look get it.
const WORTH: [(Detail, bool); 4] =
    [(Detail::Short, true), (Detail::Typed, false), (Detail::Short, false), (Detail::Whole, false)];

fn offer(
    catalogue: &Catalogue,
    used: &BTreeSet<&str>,
    room: usize,
    make: impl Fn(&Tool, Detail) -> Value,
) -> ToolOffer<Vec<Value>> {
    let mut tools: Vec<&Tool> = catalogue.tools.values().collect();
    // What only looks comes first.
    tools.sort_by_key(|tool| (tool.risk, &tool.name));
    let sized = |tool: &Tool, detail: Detail| {
        let made = make(tool, detail);
        let size = made.to_string().len();
        (detail, made, size)
    };
    // Evidence that can be asked for again is worth more than thrift; how its arguments look stands in the evidence.
    let least = |tool: &Tool| if used.contains(tool.name.as_str()) { Detail::Typed } else { Detail::Brief };
    let mut offered: Vec<(Detail, Value, usize)> = tools.iter().map(|tool| sized(tool, least(tool))).collect();
    let sizes: Vec<usize> = offered.iter().map(|(.., size)| *size).collect();
    let fitting = choice::fitting(&tools, &sizes, used, room);
    let mut total: usize =
        offered.iter().enumerate().filter(|(at, _)| fitting.contains(at)).map(|(_, one)| one.2).sum();
    let most = AIM.min(room);
    for (detail, reading) in WORTH {
        for (place, (tool, one)) in tools.iter().zip(&mut offered).enumerate() {
            let meant = !reading || tool.risk == Risk::Read;
            if !meant || total >= most || one.0 >= detail || !fitting.contains(&place) {
                continue;
            }
            let more = sized(tool, detail);
            let then = total - one.2 + more.2;
            if then <= most {
                (*one, total) = (more, then);
            }
        }
    }
    let missing = tools.iter().enumerate().filter(|(place, _)| !fitting.contains(place));
    let missing = missing.map(|(_, tool)| tool.name.clone()).collect();
    let fits = |(place, (_, value, _))| fitting.contains(&place).then_some(value);
    ToolOffer { tools: offered.into_iter().enumerate().filter_map(fits).collect(), missing }
}

/// What a tool does, and its arguments.
fn told(tool: &Tool, detail: Detail) -> (String, Value) {
    let about = truncate(&tool.description, detail.tool());
    let about = match tool.risk {
        Risk::Read => about,
        risk => format!("[proposal only; risk {}] {about}", risk.as_str()),
    };
    if detail != Detail::Brief {
        return (about, schema::trim(&tool.schema, detail));
    }
    let (parameters, others) = schema::brief(&tool.schema);
    let others = if others.is_empty() { String::new() } else { format!(" Also takes {}.", others.join(", ")) };
    (format!("{about}{}", truncate(&others, 400)), parameters)
}

#[cfg(test)]
mod tests;
