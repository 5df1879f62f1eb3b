//! Functions that do not exist: the language itself finds out only when it calls them.

use std::collections::BTreeSet;

use rhai::{ASTNode, Dynamic, Expr, FnCallExpr, Position, Stmt};

use super::Finding;
use crate::policy::code::File;
use crate::policy::problem::{Place, nearest};
use crate::policy::set::Set;

/// What the language understands without a definition.
const KEYWORDS: [&str; 10] =
    ["Fn", "call", "curry", "debug", "eval", "is_def_fn", "is_def_var", "is_shared", "print", "type_of"];

/// Calls of functions that neither the file nor the language has.
pub(super) fn calls(set: &Set, findings: &mut Vec<Finding>) {
    let native: BTreeSet<String> = set
        .code
        .engine
        .collect_fn_metadata(None, |info| Some(info.metadata.name.to_string()), true)
        .into_iter()
        .collect();
    for file in &set.code.files {
        let seen = Seen::of(file);
        for (name, at) in seen.calls {
            let known = || native.iter().map(String::as_str).chain(seen.own.iter().map(String::as_str)).chain(KEYWORDS);
            // Names with a `$` are the language's own.
            if name.contains('$') || known().any(|known| known == name) {
                continue;
            }
            let hint = nearest(&name, known().filter(|known| known.starts_with(char::is_alphabetic)));
            let hint = hint.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let line = at.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
            let place = Place { file: file.name.clone(), line };
            findings.push(Finding { place, message: format!("there is no function `{name}`{hint}"), grave: true });
        }
    }
}

#[derive(Default)]
struct Seen {
    calls: Vec<(String, Position)>,
    /// What a call may also mean: functions of the file, variables that hold one, keys of maps.
    own: BTreeSet<String>,
}

impl Seen {
    fn of(file: &File) -> Self {
        let mut seen = Self::default();
        for function in file.ast.iter_functions() {
            seen.own.insert(function.name.to_string());
            seen.own.extend(function.params.iter().map(ToString::to_string));
        }
        file.ast.walk(&mut |path| {
            match path.last() {
                Some(ASTNode::Expr(Expr::FnCall(call, at) | Expr::MethodCall(call, at))) => seen.call(call, *at),
                Some(ASTNode::Stmt(Stmt::FnCall(call, at))) => seen.call(call, *at),
                Some(ASTNode::Stmt(Stmt::Var(var, ..))) => drop(seen.own.insert(var.0.name.to_string())),
                Some(ASTNode::Expr(Expr::Map(map, _))) => {
                    seen.own.extend(map.0.iter().map(|(key, _)| key.name.to_string()));
                    seen.own.extend(map.1.keys().map(ToString::to_string));
                }
                // A map of constants is a constant.
                Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => seen.keys(value),
                _ => {}
            }
            true
        });
        seen
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
        if call.op_token.is_none() && call.namespace.is_empty() {
            self.calls.push((call.name.to_string(), at));
        }
    }
}
