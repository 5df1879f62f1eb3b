//! Tables, whose rows become lines: no target but a page shows them as such.

use super::super::document::Inline;
use super::inline::inlines;
use super::tree::append;

/// The rows of a paragraph that is a table.
pub(super) fn rows(text: &str) -> Option<Vec<Inline>> {
    let mut lines = text.split('\n');
    let (head, rule) = (cells(lines.next()?), lines.next()?);
    let columns = head.len();
    if !rule.contains(['|', ':']) || !cells(rule).iter().all(|cell| is_rule(cell)) || cells(rule).len() != columns {
        return None;
    }
    let mut out = row(&head, columns);
    for line in lines {
        append(&mut out, vec![Inline::Break]);
        append(&mut out, row(&cells(line), columns));
    }
    Some(out)
}

/// `---`, perhaps with a colon at either end.
fn is_rule(cell: &str) -> bool {
    let line = cell.strip_prefix(':').unwrap_or(cell);
    let line = line.strip_suffix(':').unwrap_or(line);
    !line.is_empty() && line.bytes().all(|byte| byte == b'-')
}

fn row(cells: &[String], columns: usize) -> Vec<Inline> {
    let mut out = Vec::new();
    for cell in cells.iter().take(columns) {
        if !out.is_empty() {
            append(&mut out, vec![Inline::Text(" | ".into())]);
        }
        append(&mut out, inlines(cell));
    }
    out
}

/// A sign of a column in a cell has a backslash in front, within code too.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut backslash = false;
    for sign in line.chars() {
        let cell = match cells.last_mut() {
            Some(cell) if sign != '|' || backslash => cell,
            _ => {
                cells.push(String::new());
                continue;
            }
        };
        if sign == '|' {
            cell.pop();
        }
        cell.push(sign);
        backslash = sign == '\\' && !backslash;
    }
    if cells.len() > 1 && cells.last().is_some_and(|last| last.trim().is_empty()) {
        cells.pop();
    }
    cells.into_iter().map(|cell| cell.trim().to_string()).collect()
}
