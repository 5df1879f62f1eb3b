//! Functions that do not exist: the language itself finds out only when it calls them.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Dynamic, Expr, FnAccess, FnCallExpr, Module, Position, Stmt};

use super::Finding;
use crate::policy::problem::{Location, nearest};
use crate::policy::set::Set;

/// What the language understands without a definition.
const KEYWORDS: [&str; 10] =
    ["Fn", "call", "curry", "debug", "eval", "is_def_fn", "is_def_var", "is_shared", "print", "type_of"];

/// Calls of functions that neither the file, nor a module that it imports, nor the language has.
pub(super) fn calls(set: &Set, findings: &mut Vec<Finding>) {
    let native: BTreeSet<String> = set
        .code
        .engine
        .collect_fn_metadata(None, |info| Some(info.metadata.name.to_string()), true)
        .into_iter()
        .collect();
    for file in &set.code.files {
        let seen = Seen::of(&file.ast);
        let imports: BTreeMap<&str, &Module> = file.globals.iter_imports().collect();
        seen.unknown(&file.name, &native, findings);
        seen.unknown_in_modules(&file.name, &imports, findings);
    }
    for module in &set.code.modules {
        // One that nobody imports may not even compile.
        if let Ok(ast) = set.code.engine.compile(&module.text) {
            Seen::of(&ast).unknown(&module.name, &native, findings);
        }
    }
}

#[derive(Default)]
struct Seen {
    calls: Vec<(String, Position)>,
    /// Calls such as `k8s::pods(i)`.
    qualified: Vec<(String, String, Position)>,
    /// What a call may also mean: functions of the file, variables that hold one, keys of maps.
    own: BTreeSet<String>,
}

impl Seen {
    fn of(ast: &AST) -> Self {
        let mut seen = Self::default();
        for function in ast.iter_functions() {
            seen.own.insert(function.name.to_string());
            seen.own.extend(function.params.iter().map(ToString::to_string));
        }
        ast.walk(&mut |path| seen.node(path));
        seen
    }

    fn unknown(&self, file: &str, native: &BTreeSet<String>, findings: &mut Vec<Finding>) {
        for (name, at) in &self.calls {
            // Names with a `$` are the language's own.
            let ours = name.contains('$') || KEYWORDS.contains(&name.as_str());
            if ours || native.contains(name) || self.own.contains(name) {
                continue;
            }
            let known = native.iter().chain(&self.own).map(String::as_str).chain(KEYWORDS);
            let hint = nearest(name, known.filter(|known| known.starts_with(char::is_alphabetic)));
            let hint = hint.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            findings.push(finding(file, *at, format!("there is no function `{name}`{hint}")));
        }
    }

    fn unknown_in_modules(&self, file: &str, imports: &BTreeMap<&str, &Module>, findings: &mut Vec<Finding>) {
        for (alias, name, at) in &self.qualified {
            let Some(module) = imports.get(alias.as_str()) else { continue };
            let offered = || module.iter_script_fn_info().filter(|(_, access, ..)| *access == FnAccess::Public);
            if offered().any(|(.., known, _, _)| known == name) {
                continue;
            }
            let hint = nearest(name, offered().map(|(.., known, _, _)| known));
            let hint = hint.map(|near| format!("; did you mean `{alias}::{near}`?")).unwrap_or_default();
            let place = module.id().unwrap_or("the module");
            findings.push(finding(file, *at, format!("there is no function `{name}` in {place}{hint}")));
        }
    }

    fn node(&mut self, path: &[ASTNode<'_>]) -> bool {
        match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, at) | Expr::MethodCall(call, at))) => self.call(call, *at),
            Some(ASTNode::Stmt(Stmt::FnCall(call, at))) => self.call(call, *at),
            Some(ASTNode::Stmt(Stmt::Var(var, ..))) => drop(self.own.insert(var.0.name.to_string())),
            Some(ASTNode::Expr(Expr::Map(map, _))) => {
                self.own.extend(map.0.iter().map(|(key, _)| key.name.to_string()));
                self.own.extend(map.1.keys().map(ToString::to_string));
            }
            // A map of constants is a constant.
            Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => self.keys(value),
            _ => {}
        }
        true
    }

    fn keys(&mut self, value: &Dynamic) {
        if let Ok(map) = value.as_map_ref() {
            self.own.extend(map.keys().map(ToString::to_string));
            map.values().for_each(|value| self.keys(value));
        }
        if let Ok(items) = value.as_array_ref() {
            items.iter().for_each(|value| self.keys(value));
        }
    }

    fn call(&mut self, call: &FnCallExpr, at: Position) {
        if call.op_token.is_some() {
            return;
        }
        let name = call.name.to_string();
        if call.namespace.is_empty() {
            self.calls.push((name, at));
        } else {
            self.qualified.push((call.namespace.root().to_string(), name, at));
        }
    }
}

fn finding(file: &str, at: Position, message: String) -> Finding {
    let line = at.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
    Finding { place: Location { file: file.into(), line }, message, grave: true }
}
