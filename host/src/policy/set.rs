//! A set of policies: files that were read, compiled and checked together.

use std::path::Path;

use rhai::Scope;

use super::build::Builder;
use super::code::{Code, File, defined, explain};
use super::fuel::{self, Limits};
use super::index::Index;
use super::items::{Gate, GateResponse, Items, Meta};
use super::on::{Field, On};
use super::problem::{Location, Problem, Problems};
use super::source::{self, SHIPPED, Source};
use super::split::split;
use super::{engine, evaluation};
use crate::collector::Tables;
use crate::domain::{Incident, Mode, Occasion, Requirement};
use crate::rules::{Context, RouteTried};

/// Policies that belong together, ready to decide. Never changes once it is loaded.
pub struct Set {
    pub(super) code: Code,
    pub(super) items: Items,
    pub(super) indexes: Indexes,
    /// What is looked at to see what is wrong.
    pub(super) tables: Tables,
    digest: String,
}

/// One declaration, as listings show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// `rule`, `gate`, `route`, …
    pub kind: &'static str,
    /// Its name, unique among its kind.
    pub name: String,
    /// Where it stands.
    pub place: Location,
    /// What it is for.
    pub description: String,
    /// Who looks after it.
    pub owner: String,
    /// Free words.
    pub tags: Vec<String>,
    /// Its own mode.
    pub mode: Mode,
}

/// Which items can match; one for each kind that decisions look up.
#[derive(Default)]
pub(super) struct Indexes {
    pub rules: Index,
    pub routes: Index,
    pub evidence: Index,
    pub groups: Index,
    pub silences: Index,
    pub inhibits: Index,
    pub checks: Index,
    pub events: Index,
    /// Gates that allow, by exact values.
    pub allow: Index,
    /// Gates that forbid or ask, by normal spellings.
    pub forbid: Index,
}

impl std::fmt::Debug for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Set").field("digest", &self.digest).field("items", &self.items).finish_non_exhaustive()
    }
}

/// Whom a route tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutedBy {
    /// The route's name.
    pub route: String,
    /// File and line.
    pub place: String,
    /// Its targets.
    pub to: Vec<String>,
    /// Whether later routes are asked too.
    pub goes_on: bool,
}

impl Set {
    /// Reads `*.rhai` of a folder, the modules in its `lib` and the tables in its `collectors`. A folder that does not exist gives
    /// the set that ships with the program.
    ///
    /// # Errors
    /// Everything that is wrong with any file, at once.
    pub fn load(folder: &Path) -> Result<Self, Problems> {
        if folder.exists() { Self::build(source::read(folder)?) } else { Self::embedded() }
    }

    /// Builds a set of texts under the names that files would have.
    ///
    /// # Errors
    /// Everything that is wrong with any text, at once.
    pub fn from_sources(sources: &[(&str, &str)]) -> Result<Self, Problems> {
        let one = |(name, text): &(&str, &str)| Source { name: (*name).into(), text: (*text).to_string() };
        Self::build(sources.iter().map(one).collect())
    }

    /// The set that ships with the program.
    ///
    /// # Errors
    /// None as long as the tests of the shipped set pass.
    pub fn embedded() -> Result<Self, Problems> {
        Self::from_sources(&SHIPPED)
    }

    /// SHA-256 over all files.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What every gate wants that asks people, or may come to ask them.
    pub fn asks(&self) -> Vec<Requirement> {
        let asking = self.items.gates.iter().filter_map(|gate| {
            let question = match &gate.says {
                GateResponse::Ask(question) => question,
                GateResponse::Allow(opening) => &opening.canary.as_ref()?.question,
                _ => return None,
            };
            let (gate, who) = (gate.meta.name.clone(), question.who.clone());
            Some(Requirement { gate, who, approvals: question.approvals, own: question.own })
        });
        asking.collect()
    }

    /// Every route in order, and why a message about an incident does or does not go by it.
    pub fn explain_routes(&self, incident: &Incident, occasion: Occasion, context: &Context<'_>) -> Vec<RouteTried> {
        super::routes::explain(self, incident, occasion, context)
    }

    /// Whom each route tells, in order.
    pub fn told(&self) -> Vec<RoutedBy> {
        let one = |route: &super::items::Route| RoutedBy {
            route: route.meta.name.clone(),
            place: route.meta.place.to_string(),
            to: route.to.clone(),
            goes_on: route.and_continue,
        };
        self.items.routes.iter().map(one).collect()
    }

    /// An event rule that sends events on, if there is one.
    pub fn forwards(&self) -> Option<&str> {
        let mut rules = self.items.events.iter();
        let forwards = rules.find(|rule| matches!(rule.means, super::items::EventMeaning::Forward(_)));
        forwards.map(|rule| rule.meta.name.as_str())
    }

    /// Whether an event rule asks how objects of a kind stand: by `kind`, and `observation: "status"`.
    pub fn wants_status_of(&self, kind: &str) -> bool {
        let kind = kind.to_lowercase();
        self.items
            .events
            .iter()
            .any(|rule| rule.on.asks(&Field::Kind, &kind) && rule.on.asks(&Field::Observation, "status"))
    }

    /// How many declarations of every kind there are, for logs.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let items = &self.items;
        vec![
            ("rules", items.rules.len()),
            ("gates", items.gates.len()),
            ("routes", items.routes.len()),
            ("groups", items.groups.len()),
            ("silences", items.silences.len()),
            ("gates on silences", items.silence_gates.len()),
            ("inhibits", items.inhibits.len()),
            ("evidence", items.evidence.len()),
            ("checks", items.checks.len()),
            ("event rules", items.events.len()),
            ("collectors", self.tables.len()),
        ]
    }

    /// Everything that is declared, kind by kind in the order in which it is asked, for listings.
    pub fn declared(&self) -> Vec<Declaration> {
        let items = &self.items;
        let mut all = Vec::new();
        let mut list = |kind: &'static str, metas: Vec<&Meta>| {
            all.extend(metas.into_iter().map(|meta| Declaration {
                kind,
                name: meta.name.clone(),
                place: meta.place.clone(),
                description: meta.description.clone(),
                owner: meta.owner.clone(),
                tags: meta.tags.clone(),
                mode: meta.mode,
            }));
        };
        list("event", items.events.iter().map(|one| &one.meta).collect());
        list("silence", items.silences.iter().map(|one| &one.meta).collect());
        list("silence_gate", items.silence_gates.iter().map(|one| &one.meta).collect());
        list("inhibit", items.inhibits.iter().map(|one| &one.meta).collect());
        list("rule", items.rules.iter().map(|one| &one.meta).collect());
        list("evidence", items.evidence.iter().map(|one| &one.meta).collect());
        list("gate", items.gates.iter().map(|one| &one.meta).collect());
        list("check", items.checks.iter().map(|one| &one.meta).collect());
        list("route", items.routes.iter().map(|one| &one.meta).collect());
        list("group", items.groups.iter().map(|one| &one.meta).collect());
        all
    }

    fn build(mut sources: Vec<Source>) -> Result<Self, Problems> {
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        let digest = source::digest(&sources);
        let (tables, sources): (Vec<Source>, Vec<Source>) = sources.into_iter().partition(Source::is_table);
        let (modules, files): (Vec<Source>, Vec<Source>) = sources.into_iter().partition(Source::is_module);
        let mut code = Code { engine: engine::build(&modules), files: Vec::new(), modules };
        let mut builder = Builder::default();
        for file in files {
            load(&mut code, &mut builder, &file);
        }
        let tables = read_tables(&tables, &mut builder.problems);
        if !builder.problems.is_empty() {
            builder.problems.sort();
            builder.problems.dedup();
            return Err(Problems(builder.problems));
        }
        let indexes = Indexes::new(&builder.items);
        Ok(Self { code, items: builder.items, indexes, tables, digest })
    }
}

fn read_tables(sources: &[Source], problems: &mut Vec<Problem>) -> Tables {
    let mut tables = Tables::default();
    let problem = |file: &str, message: String| Problem { place: Location { file: file.into(), line: 0 }, message };
    for source in sources {
        if let Err(wrong) = tables.add(&source.text) {
            problems.extend(wrong.into_iter().map(|message| problem(&source.name, message)));
        }
    }
    problems.extend(tables.problems().into_iter().map(|message| problem("collectors", message)));
    tables
}

/// Compiles and runs one file, and takes in what it declares.
fn load(code: &mut Code, builder: &mut Builder, file: &Source) {
    let problem = |line: Option<usize>, name: &str, message: String| {
        let line = line.and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
        let message = format!("{message}; the rest of the file was not read");
        Problem { place: Location { file: name.into(), line }, message }
    };
    let pieces = split(&file.text);
    let compiled = code.engine.compile(&pieces.functions);
    let mut scope = Scope::new();
    for text in &pieces.texts {
        let both = compiled.as_ref().map_err(Clone::clone).and_then(|functions| {
            let statements = code.engine.compile_with_scope(&scope, text)?;
            Ok(functions.merge(&statements))
        });
        let mut ast = match both {
            Ok(ast) => ast,
            Err(error) => {
                return builder.problems.push(problem(
                    error.position().line(),
                    &file.name,
                    error.err_type().to_string(),
                ));
            }
        };
        ast.set_source(file.name.to_string());
        let run = || fuel::run(Limits::FILE, || code.engine.run_ast_with_scope(&mut scope, &ast));
        let (result, loading) = evaluation::loading(file.name.clone(), run);
        builder.problems.extend(loading.problems);
        if let Some(mut globals) = loading.globals {
            // Closures run as if called from the top level of their file.
            globals.level = 0;
            globals.scope_level = 0;
            globals.always_search_scope = false;
            let defined = defined(&ast);
            let index = code.files.len();
            code.files.push(File { name: file.name.clone(), ast, globals });
            for declared in loading.declared {
                builder.add(index, &defined, declared);
            }
        }
        if let Err(error) = result {
            let (message, line, module) = explain(&error);
            builder.problems.push(problem(line, module.as_deref().unwrap_or(&file.name), message));
            return;
        }
    }
}

fn numbered<'a, T>(
    items: &'a [T],
    on: impl Fn(&'a T) -> &'a On + Clone,
) -> impl Iterator<Item = (u32, &'a On)> + Clone {
    (0u32..).zip(items).map(move |(id, item)| (id, on(item)))
}

impl Indexes {
    fn new(items: &Items) -> Self {
        let gates = |allows: bool, on: fn(&Gate) -> &On| {
            let chosen = (0u32..).zip(&items.gates).filter(move |(_, gate)| gate.says.allows() == allows);
            Index::new(chosen.map(move |(id, gate)| (id, on(gate))))
        };
        Self {
            rules: Index::new(numbered(&items.rules, |rule| &rule.on)),
            routes: Index::new(numbered(&items.routes, |route| &route.on)),
            evidence: Index::new(numbered(&items.evidence, |evidence| &evidence.on)),
            groups: Index::new(numbered(&items.groups, |group| &group.on)),
            silences: Index::new(numbered(&items.silences, |silence| &silence.on)),
            inhibits: Index::new(numbered(&items.inhibits, |inhibit| &inhibit.target)),
            checks: Index::new(numbered(&items.checks, |check| &check.on)),
            events: Index::new(numbered(&items.events, |event| &event.on)),
            allow: gates(true, |gate| &gate.on),
            forbid: gates(false, |gate| &gate.wide),
        }
    }

    /// The same without any index.
    #[cfg(test)]
    pub fn linear(items: &Items) -> Self {
        let all = |count: usize| Index::linear((0u32..).take(count));
        let gates = |allows: bool| {
            let chosen = (0u32..).zip(&items.gates).filter(move |(_, gate)| gate.says.allows() == allows);
            Index::linear(chosen.map(|(id, _)| id))
        };
        Self {
            rules: all(items.rules.len()),
            routes: all(items.routes.len()),
            evidence: all(items.evidence.len()),
            groups: all(items.groups.len()),
            silences: all(items.silences.len()),
            inhibits: all(items.inhibits.len()),
            checks: all(items.checks.len()),
            events: all(items.events.len()),
            allow: gates(true),
            forbid: gates(false),
        }
    }
}
