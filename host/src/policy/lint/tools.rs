//! Tools that policies name and that do not exist.

use rhai::ASTNode;

use super::{Finding, finding};
use crate::domain::Catalogue;
use crate::policy::code::File;
use crate::policy::matcher::Matcher;
use crate::policy::on::Field;
use crate::policy::problem::{Place, nearest};
use crate::policy::set::Set;

/// Tools that are named and do not exist.
pub(super) fn tools(set: &Set, catalogue: &Catalogue, findings: &mut Vec<Finding>) {
    let known = || catalogue.tools.keys().map(String::as_str);
    let unknown = |tool: &str| {
        let hint = nearest(tool, known()).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        format!("there is no tool {tool:?}{hint}")
    };
    let gates = set.items.gates.iter().map(|gate| (&gate.meta, &gate.on));
    let checks = set.items.checks.iter().map(|check| (&check.meta, &check.on));
    for (meta, on) in gates.chain(checks) {
        for (_, matcher) in on.conditions.iter().filter(|(field, _)| *field == Field::Tool) {
            match matcher {
                Matcher::Pattern { .. } if !known().any(|tool| matcher.accepts(Some(tool))) => {
                    findings.push(finding(meta, format!("`on`: no tool matches {matcher}")));
                }
                _ => {
                    let missing =
                        matcher.literals().unwrap_or_default().into_iter().filter(|tool| catalogue.get(tool).is_none());
                    findings.extend(missing.map(|tool| finding(meta, format!("`on`: {}", unknown(tool)))));
                }
            }
        }
    }
    for file in &set.code.files {
        for (tool, line) in literal_tools(file) {
            if catalogue.get(&tool).is_none() {
                let place = Place { file: file.name.clone(), line };
                findings.push(Finding { place, message: unknown(&tool) });
            }
        }
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
