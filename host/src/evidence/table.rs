//! A table as kubectl prints it: a line of titles in capitals, columns under them.

use std::sync::Arc;

use super::document::ParsedAnswer;
use super::event;
use super::object_summary::ObjectSummary;
use super::short;

/// Rows that are shown.
const ROWS: usize = 16;

/// Columns that nobody needs to see what is wrong.
const NOISE: [&str; 10] = [
    "APIVERSION",
    "LABELS",
    "NOMINATED NODE",
    "READINESS GATES",
    "SELECTOR",
    "CONTAINERS",
    "INTERNAL-IP",
    "EXTERNAL-IP",
    "KERNEL-VERSION",
    "IP",
];

/// States of things that are well.
const WELL: [&str; 10] =
    ["Running", "Completed", "Succeeded", "Active", "Bound", "Ready", "Available", "Complete", "deployed", "Normal"];

/// A row: its cells by the titles of their columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    titles: Arc<[String]>,
    cells: Vec<String>,
}

impl Row {
    /// A row of one column.
    pub fn of(title: &str, cell: &str) -> Self {
        Self { titles: [title.to_string()].into(), cells: vec![cell.into()] }
    }

    /// Whether it has a column of this title.
    pub fn has(&self, title: &str) -> bool {
        self.titles.iter().any(|known| known == title)
    }

    /// The cell under a title; empty where there is none.
    pub fn cell(&self, title: &str) -> &str {
        self.all().find(|(known, _)| *known == title).map(|(_, cell)| cell).unwrap_or_default()
    }

    fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.titles.iter().map(String::as_str).zip(self.cells.iter().map(String::as_str))
    }
}

/// The lines of a text that is a table.
pub(super) struct Table<'a> {
    titles: Arc<[String]>,
    begins: Vec<usize>,
    lines: Vec<&'a str>,
}

impl<'a> Table<'a> {
    /// The text as a table; none where it is none.
    pub fn of(text: &'a str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let (titles, begins): (Vec<String>, Vec<usize>) = titles(lines.next()?)?.into_iter().unzip();
        Some(Self { titles: titles.into(), begins, lines: lines.collect() })
    }

    /// Whether it has a column of this title.
    pub fn has(&self, title: &str) -> bool {
        self.titles.iter().any(|known| known == title)
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Its rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        self.lines.iter().map(|line| Row { titles: Arc::clone(&self.titles), cells: self.cells(line) })
    }

    fn cells(&self, line: &str) -> Vec<String> {
        let letters: Vec<char> = line.chars().collect();
        let ends = self.begins.iter().skip(1).copied().chain([letters.len()]);
        let cell = |(begins, ends): (&usize, usize)| {
            let text: String = letters.get(*begins..ends.min(letters.len())).unwrap_or_default().iter().collect();
            text.trim().to_string()
        };
        self.begins.iter().zip(ends).map(cell).collect()
    }
}

/// Reads a table; none where the text is none.
pub(super) fn read(text: &str) -> Option<ParsedAnswer> {
    let table = Table::of(text)?;
    let rows: Vec<Row> = table.rows().take(5000).collect();
    if event::TITLES.iter().all(|title| table.has(title)) {
        let events = rows.iter().map(event::of_row).collect();
        return Some(ParsedAnswer::Objects(vec![ObjectSummary { events, ..ObjectSummary::default() }]));
    }
    let (wrong, well): (Vec<_>, Vec<_>) = rows.iter().partition(|row| troubled(row));
    let mut out: Vec<String> = wrong.iter().chain(&well).take(ROWS).map(|row| line(row)).collect();
    if rows.len() > ROWS {
        let left = rows.len() - ROWS;
        let troubled = wrong.len().saturating_sub(ROWS);
        out.push(format!("… {left} more rows, {troubled} of them not as they should be"));
    }
    if out.is_empty() {
        out.push("the table has no rows".into());
    }
    Some(ParsedAnswer::Lines(out))
}

/// The objects that a table lists, each as kind, namespace, name and state, of the kind that was asked for where it does not
/// say their kind. What runs without all its containers being ready is `NotReady`.
pub(super) fn listed(text: &str, asked: &str) -> Vec<[String; 4]> {
    let Some(table) = Table::of(text) else { return Vec::new() };
    let row = |row: Row| {
        let [kind, namespace, name, status] =
            ["KIND", "NAMESPACE", "NAME", "STATUS"].map(|title| row.cell(title).to_string());
        let unready = row.cell("READY").split_once('/').is_some_and(|(ready, all)| ready != all);
        let status = if unready && status == "Running" { "NotReady".into() } else { status };
        [if kind.is_empty() { asked.to_string() } else { kind }, namespace, name, status]
    };
    table.rows().take(5000).map(row).filter(|[kind, _, name, _]| !kind.is_empty() && !name.is_empty()).collect()
}

/// Titles and the letter at which each begins; at least two, all in capitals.
fn titles(line: &str) -> Option<Vec<(String, usize)>> {
    let letters: Vec<char> = line.chars().collect();
    let mut columns: Vec<(String, usize)> = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        if letters.get(at) == Some(&' ') {
            at += 1;
            continue;
        }
        let begins = at;
        let mut title = String::new();
        // One space is part of a title, two end it.
        while let Some(letter) = letters.get(at) {
            if *letter == '\t' || *letter == ' ' && letters.get(at + 1).is_none_or(|next| *next == ' ') {
                break;
            }
            title.push(*letter);
            at += 1;
        }
        columns.push((title, begins));
        at += 1;
    }
    let title = |text: &str| {
        text.chars().any(|c| c.is_ascii_uppercase())
            && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || " -_()%/.".contains(c))
    };
    (columns.len() >= 2 && columns.iter().all(|(text, _)| title(text))).then_some(columns)
}

fn troubled(row: &Row) -> bool {
    let status = row.cell("STATUS");
    let ready = row.cell("READY").split_once('/').is_some_and(|(ready, all)| ready != all);
    !status.is_empty() && !WELL.contains(&status) || ready && !matches!(status, "Completed" | "Succeeded")
}

fn line(row: &Row) -> String {
    let parts = row.all().filter(|(title, text)| {
        !NOISE.contains(title) && !text.is_empty() && *text != "<none>" && *text != "<unknown>"
    });
    let parts = parts.map(|(title, text)| match title {
        "NAME" | "NAMESPACE" | "KIND" | "STATUS" => short(text),
        title => format!("{}={}", title.to_lowercase(), short(text)),
    });
    parts.collect::<Vec<_>>().join(" ")
}
