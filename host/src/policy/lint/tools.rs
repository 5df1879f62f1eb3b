//! Tools and servers that policies name and that do not exist.

use rhai::ASTNode;

use super::language::Languages;
use super::{Finding, Inventory, hint};
use crate::domain::Tool;
use crate::policy::code::File;
use crate::policy::items::Meta;
use crate::policy::matcher::Matcher;
use crate::policy::normal::normal;
use crate::policy::on::{Field, On};
use crate::policy::problem::{Location, nearest};
use crate::policy::set::Set;

/// Tools and servers that are named and do not exist, as far as that is known.
pub(super) fn tools(set: &Set, known: &Inventory, languages: &mut Languages, findings: &mut Vec<Finding>) {
    let gates = set.items.gates.iter().map(|gate| {
        let forbids = !gate.says.allows();
        Reader { meta: &gate.meta, kind: "gate", on: &gate.on, wide: &gate.wide, forbids, known }
    });
    let checks = set.items.checks.iter().map(|check| Reader {
        meta: &check.meta,
        kind: "check",
        on: &check.on,
        wide: &check.wide,
        forbids: false,
        known,
    });
    for reader in gates.chain(checks) {
        let before = findings.len();
        let said = reader.on.conditions.iter().flat_map(|(field, matcher)| match field {
            Field::Tool => reader.tool(matcher, languages),
            Field::Server => reader.server(matcher),
            _ => Vec::new(),
        });
        let said: Vec<String> = said.collect();
        findings.extend(said.into_iter().map(|text| hint(reader.meta, text)));
        if findings.len() == before {
            findings.extend(reader.together().map(|text| hint(reader.meta, text)));
        }
    }
    for file in &set.code.files {
        for (tool, line) in literal_tools(file) {
            if let Some(message) = missing(known, &tool, false) {
                findings.push(Finding { place: Location { file: file.name.clone(), line }, message, grave: false });
            }
        }
    }
}

/// Why a tool that is named literally cannot be called; none when it can, or when nobody knows.
fn missing(known: &Inventory, tool: &str, guard: bool) -> Option<String> {
    if known.catalogue.get(tool).is_some() {
        return None;
    }
    if let Some(why) = known.withheld.get(tool) {
        return (!guard).then(|| format!("the tool {tool:?} cannot be called: {why}"));
    }
    if tool.contains('*') {
        return Some(format!("no tool is called {tool:?}; a pattern is written glob({tool:?})"));
    }
    let server = tool.split('.').next().unwrap_or_default();
    match known.servers.get(server) {
        Some(_) if known.unloaded.contains(server) => None,
        Some(true) => {
            let near = nearest(tool, known.catalogue.tools.keys().map(String::as_str));
            let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
            Some(format!("there is no tool {tool:?}{near}"))
        }
        None if known.complete => Some(format!("there is no tool {tool:?}, because {}", no_server(known, server))),
        Some(false) | None => None,
    }
}

fn no_server(known: &Inventory, server: &str) -> String {
    let names: Vec<&str> = known.servers.keys().map(String::as_str).collect();
    let there = if names.is_empty() { "there is none".into() } else { format!("there are {}", names.join(", ")) };
    format!("no tool server or plugin is called {server:?}; {there}")
}

/// The `on` of a gate or check.
struct Reader<'a> {
    meta: &'a Meta,
    kind: &'static str,
    on: &'a On,
    wide: &'a On,
    /// Whether it only ever forbids or asks: then it may name what must never exist.
    forbids: bool,
    known: &'a Inventory,
}

impl Reader<'_> {
    /// What is wrong with the names of tools in a matcher, entry by entry.
    fn tool(&self, matcher: &Matcher, languages: &mut Languages) -> Vec<String> {
        let say = |text: String| format!("{} `{}`: `on`, `tool`: {text}", self.kind, self.meta.name);
        match matcher {
            Matcher::Any(any) => any.iter().flat_map(|one| self.tool(one, languages)).collect(),
            Matcher::Not(inner) => self.tool(inner, languages),
            Matcher::Pattern { .. } => {
                let found = self.some_tool(matcher) || !self.known.complete || self.may_be_unseen(matcher, languages);
                (!found).then(|| say(format!("no tool matches {matcher}"))).into_iter().collect()
            }
            other => {
                let missing = other
                    .literals()
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|tool| missing(self.known, tool, self.forbids));
                missing.map(say).collect()
            }
        }
    }

    /// Whether a pattern takes a tool that exists, is withheld, or exists elsewhere.
    fn some_tool(&self, matcher: &Matcher) -> bool {
        let loud = matcher.normalised();
        let takes = |tool: &str| matcher.accepts(Some(tool)) || (self.forbids && loud.accepts(Some(&normal(tool))));
        let here = self.known.catalogue.tools.keys().chain(self.known.withheld.keys());
        here.map(String::as_str).any(takes) || self.elsewhere(matcher)
    }

    /// Whether a matcher is about tools of any server and takes one that servers have elsewhere.
    fn elsewhere(&self, matcher: &Matcher) -> bool {
        let servers = || self.known.servers.keys().map(String::as_str).chain(["any"]);
        let names = || self.known.elsewhere.iter();
        names().any(|name| servers().all(|server| matcher.accepts(Some(&format!("{server}.{name}")))))
    }

    /// Whether a pattern could take a tool of a server whose tools nobody knows.
    fn may_be_unseen(&self, matcher: &Matcher, languages: &mut Languages) -> bool {
        self.known.unseen().any(|server| match Matcher::glob(&format!("{server}.*")) {
            Ok(of_server) => languages.empty(&[matcher, &of_server], &[]) != Some(true),
            Err(_) => true,
        })
    }

    /// Servers that do not exist.
    fn server(&self, matcher: &Matcher) -> Vec<String> {
        if !self.known.complete {
            return Vec::new();
        }
        let say = |text: String| format!("{} `{}`: `on`, `server`: {text}", self.kind, self.meta.name);
        match matcher {
            Matcher::Any(any) => any.iter().flat_map(|one| self.server(one)).collect(),
            Matcher::Not(inner) => self.server(inner),
            Matcher::Pattern { .. } => {
                let found = self.known.servers.keys().any(|name| matcher.accepts(Some(name)));
                (!found).then(|| say(format!("no tool server or plugin matches {matcher}"))).into_iter().collect()
            }
            other => {
                let names = other.literals().unwrap_or_default().into_iter();
                let missing = names.filter(|name| !self.known.servers.contains_key(*name));
                missing.map(|name| say(no_server(self.known, name))).collect()
            }
        }
    }

    /// Conditions that tools meet one by one, and none meets all of them.
    fn together(&self) -> Option<String> {
        let about = |field: &Field| matches!(field, Field::Tool | Field::Server | Field::Risk);
        let both = self.on.conditions.iter().zip(&self.wide.conditions);
        let conditions: Vec<_> = both.filter(|((field, _), _)| about(field)).collect();
        if conditions.len() < 2 || !self.known.whole() {
            return None;
        }
        let possible = |tool: &Tool| {
            conditions.iter().all(|((field, matcher), (_, wide))| {
                let value = match field {
                    Field::Tool => tool.name.as_str(),
                    Field::Server => tool.name.split('.').next().unwrap_or_default(),
                    _ => tool.risk.as_str(),
                };
                matcher.accepts(Some(value)) || (self.forbids && wide.accepts(Some(&normal(value))))
            })
        };
        let unknown = conditions.iter().any(|((field, matcher), _)| {
            let withheld = || self.known.withheld.keys().any(|tool| matcher.accepts(Some(tool)));
            *field == Field::Tool && (self.elsewhere(matcher) || withheld())
        });
        if unknown || self.known.catalogue.tools.values().any(possible) {
            return None;
        }
        let shown: Vec<String> = conditions.iter().map(|((field, matcher), _)| format!("{field} {matcher}")).collect();
        Some(format!("{} `{}` never applies: no tool has {}", self.kind, self.meta.name, shown.join(" and ")))
    }
}

/// Tools that a file names as texts in `act("…")` and `look("…")`.
fn literal_tools(file: &File) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    file.ast.walk(&mut |path| {
        let call = match path.last() {
            Some(ASTNode::Expr(rhai::Expr::FnCall(call, at))) => Some((call, *at)),
            Some(ASTNode::Stmt(rhai::Stmt::FnCall(call, at))) => Some((call, *at)),
            _ => None,
        };
        if let Some((call, at)) = call
            && matches!(call.name.as_str(), "act" | "look")
            && let Some(rhai::Expr::StringConstant(tool, _)) = call.args.first()
        {
            let line = at.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
            found.push((tool.to_string(), line));
        }
        true
    });
    found
}
