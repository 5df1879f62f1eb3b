//! A table as kubectl prints it: a line of titles in capitals, columns under them.

use super::document::Read;
use super::event::{self, Event};
use super::seen::Seen;
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

/// Reads a table; none where the text is none.
pub(super) fn read(text: &str) -> Option<Read> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let columns = titles(lines.next()?)?;
    let rows: Vec<Vec<(String, String)>> = lines.take(5000).map(|line| cells(&columns, line)).collect();
    let has = |title: &str| columns.iter().any(|(known, _)| known == title);
    if has("REASON") && has("MESSAGE") && has("TYPE") {
        let events = rows.iter().map(|row| event_of(row)).collect();
        return Some(Read::Seen(vec![Seen { events, ..Seen::default() }]));
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
    Some(Read::Lines(out))
}

/// The rows of a table as titles with cells, up to `most`; none where the text is no table.
pub(crate) fn rows(text: &str, most: usize) -> Option<Vec<Vec<(String, String)>>> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let columns = titles(lines.next()?)?;
    Some(lines.take(most).map(|line| cells(&columns, line)).collect())
}

/// The objects that a table lists, each as kind, namespace, name and state, of the kind that was asked for where it does not
/// say their kind. What runs without all its containers being ready is `NotReady`.
pub(super) fn listed(text: &str, asked: &str) -> Vec<[String; 4]> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let Some(columns) = lines.next().and_then(titles) else { return Vec::new() };
    let rows = lines.take(5000).map(|line| cells(&columns, line));
    let row = |row: Vec<(String, String)>| {
        let [kind, namespace, name, status] =
            ["KIND", "NAMESPACE", "NAME", "STATUS"].map(|title| field(&row, title).to_string());
        let unready = field(&row, "READY").split_once('/').is_some_and(|(ready, all)| ready != all);
        let status = if unready && status == "Running" { "NotReady".into() } else { status };
        [if kind.is_empty() { asked.to_string() } else { kind }, namespace, name, status]
    };
    rows.map(row).filter(|[kind, _, name, _]| !kind.is_empty() && !name.is_empty()).collect()
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

fn cells(columns: &[(String, usize)], line: &str) -> Vec<(String, String)> {
    let letters: Vec<char> = line.chars().collect();
    let cell = |index: usize| {
        let (title, begins) = columns.get(index)?;
        let ends = columns.get(index + 1).map_or(letters.len(), |(_, next)| *next).min(letters.len());
        let text: String = letters.get(*begins..ends).unwrap_or_default().iter().collect();
        Some((title.clone(), text.trim().to_string()))
    };
    (0..columns.len()).filter_map(cell).collect()
}

fn field<'a>(row: &'a [(String, String)], title: &str) -> &'a str {
    row.iter().find(|(known, _)| known == title).map(|(_, text)| text.as_str()).unwrap_or_default()
}

fn troubled(row: &[(String, String)]) -> bool {
    let status = field(row, "STATUS");
    let ready = field(row, "READY").split_once('/').is_some_and(|(ready, all)| ready != all);
    !status.is_empty() && !WELL.contains(&status) || ready && !matches!(status, "Completed" | "Succeeded")
}

fn line(row: &[(String, String)]) -> String {
    let parts = row.iter().filter(|(title, text)| {
        !NOISE.contains(&title.as_str()) && !text.is_empty() && text != "<none>" && text != "<unknown>"
    });
    let parts = parts.map(|(title, text)| match title.as_str() {
        "NAME" | "NAMESPACE" | "KIND" | "STATUS" => short(text),
        title => format!("{}={}", title.to_lowercase(), short(text)),
    });
    parts.collect::<Vec<_>>().join(" ")
}

fn event_of(row: &[(String, String)]) -> Event {
    let when = [field(row, "LAST SEEN"), field(row, "AGE")].into_iter().find(|text| !text.is_empty());
    let count = field(row, "COUNT").parse().unwrap_or(1);
    Event {
        warning: field(row, "TYPE") == "Warning",
        reason: field(row, "REASON").into(),
        message: field(row, "MESSAGE").into(),
        object: field(row, "OBJECT").replace('/', " "),
        namespace: field(row, "NAMESPACE").into(),
        count: event::times(when.unwrap_or_default()).max(count),
        when: when.unwrap_or_default().into(),
    }
}
