//! What people are told of an inspection: counts first, then what changed, the worst first, by namespace.

use super::Language;
use super::escape::Style;
use crate::domain::inspection::{Finding, Run, Standing, Summary, What};
use crate::domain::text::cut;
use crate::domain::{Cause, Severity};

/// Lines of a message about what changed, and about what did not.
const CHANGED: usize = 30;
const STILL: usize = 20;
/// Bytes of a message.
const MESSAGE: usize = 24 << 10;

/// What a language says of inspections.
pub(super) trait InspectionWords: Sync {
    /// The first words of a title.
    fn title(&self) -> &'static str;
    /// How many findings are new, still there and gone.
    fn counts(&self, new: usize, still: usize, gone: usize) -> String;
    /// That nothing is wrong.
    fn nothing(&self) -> &'static str;
    /// The group of what was not there the last time.
    fn appeared(&self) -> &'static str;
    fn still(&self) -> &'static str;
    fn gone(&self) -> &'static str;
    /// The group of what belongs to no namespace.
    fn cluster(&self) -> &'static str;
    /// How many more there are than shown.
    fn more(&self, count: usize) -> String;
    /// Since when.
    fn since(&self, at: &str) -> String;
    /// So many others of the same owner.
    fn others(&self, count: u64) -> String;
    /// One sentence about what the host names by itself; none where a cause says it.
    fn what(&self, what: &What, style: Style) -> String;
    /// Before the model's words.
    fn summary(&self) -> &'static str;
    /// Why the model said nothing.
    fn no_summary(&self, why: &str) -> String;
    /// Before what could not be seen.
    fn unseen(&self) -> &'static str;
    /// How many objects and calls, how long, and how many findings had no room.
    fn looked(&self, objects: u64, calls: u64, seconds: u64) -> String;
    /// That so many findings had no room.
    fn left_out(&self, count: u64) -> String;
}

/// The title of a message about a run.
pub fn title(run: &Run, language: Language) -> String {
    let words = language.translation().inspection();
    let counts = match run.found() || !run.gone.is_empty() {
        true => words.counts(run.new.len(), run.still.len(), run.gone.len()),
        false => words.nothing().to_string(),
    };
    format!("{} {}{}{counts}", words.title(), run.inspection, language.translation().headings().colon)
}

/// The text of a message, in Markdown: what has no room is counted.
pub fn digest(run: &Run, language: Language) -> String {
    cut(&text(run, language, Style::Markdown, [CHANGED, STILL]), MESSAGE)
}

/// All of it, in Markdown.
pub fn whole(run: &Run, language: Language) -> String {
    format!(
        "# {}\n\n{}\n",
        Style::Markdown.say(&title(run, language)),
        text(run, language, Style::Markdown, [usize::MAX; 2])
    )
}

/// One finding in a sentence, without markup.
pub fn sentence(finding: &Finding, language: Language) -> String {
    one(finding, language, Style::Plain)
}

fn text(run: &Run, language: Language, style: Style, [changed, unchanged]: [usize; 2]) -> String {
    let (translation, words) = (language.translation(), language.translation().inspection());
    let mut blocks = Vec::new();
    let counts = match run.found() || !run.gone.is_empty() {
        true => words.counts(run.new.len(), run.still.len(), run.gone.len()),
        false => words.nothing().to_string(),
    };
    blocks.push(format!("**{counts}**"));
    match &run.summary {
        Some(Summary::Said(said)) => {
            blocks.push(format!("**{}**{}{}", words.summary(), translation.headings().colon, style.say(said)));
        }
        Some(Summary::Missing(why)) => blocks.push(words.no_summary(&style.say(why))),
        None => {}
    }
    let lists = [
        (words.appeared(), &run.new, changed, false),
        (words.gone(), &run.gone, changed, false),
        (words.still(), &run.still, unchanged, true),
    ];
    for (head, list, most, since) in lists {
        if !list.is_empty() {
            blocks.push(format!("**{head} ({})**\n\n{}", list.len(), grouped(list, language, style, most, since)));
        }
    }
    let problems: Vec<String> = run
        .parts
        .iter()
        .flat_map(|part| part.problems.iter().map(move |problem| (part, problem)))
        .map(|(part, problem)| {
            format!(
                "- {} {}{}{}",
                style.name(&part.server),
                style.name(&part.kind),
                translation.headings().colon,
                style.say(problem)
            )
        })
        .collect();
    let left_out = (run.left_out > 0).then(|| format!("- {}", words.left_out(run.left_out)));
    let unseen: Vec<String> = left_out.into_iter().chain(problems).take(CHANGED).collect();
    if !unseen.is_empty() {
        blocks.push(format!("**{}**\n\n{}", words.unseen(), unseen.join("\n")));
    }
    let sum = |of: fn(&crate::domain::inspection::Part) -> u64| run.parts.iter().map(of).sum::<u64>();
    blocks.push(words.looked(sum(|part| part.objects), sum(|part| part.calls), run.took_ms.div_ceil(1000)));
    blocks.join("\n\n")
}

/// Findings by namespace: the namespace with the worst comes first.
fn grouped(list: &[Standing], language: Language, style: Style, most: usize, since: bool) -> String {
    let words = language.translation().inspection();
    let mut groups: Vec<(&str, Vec<&Standing>)> = Vec::new();
    for standing in list.iter().take(most) {
        let namespace = standing.finding.namespace.as_str();
        match groups.iter_mut().find(|(known, _)| *known == namespace) {
            Some((_, group)) => group.push(standing),
            None => groups.push((namespace, vec![standing])),
        }
    }
    let mut lines = Vec::new();
    for (namespace, group) in groups {
        let name = if namespace.is_empty() { words.cluster().to_string() } else { style.name(namespace) };
        lines.push(format!("- {name} ({})", group.len()));
        for standing in group {
            let mut line =
                format!("  - {} {}", mark(standing.finding.severity), one(&standing.finding, language, style));
            if since {
                line.push_str(&format!(" ({})", words.since(&super::minute(standing.since))));
            }
            lines.push(line);
        }
    }
    if list.len() > most {
        lines.push(format!("- {}", words.more(list.len() - most)));
    }
    lines.join("\n")
}

/// How bad it is, at a glance and without colours.
fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::Error => "‼",
        Severity::Warning => "!",
        Severity::Info => "·",
    }
}

fn one(finding: &Finding, language: Language, style: Style) -> String {
    let (translation, words) = (language.translation(), language.translation().inspection());
    let others = match finding.more {
        0 => String::new(),
        more => words.others(more),
    };
    match &finding.what {
        // A cause that was merely read off a list needs no more than its own sentence either.
        What::Cause(named) if named.cause != Cause::CertificateExpiring => {
            let mut named = named.clone();
            named.more = named.more.max(usize::try_from(finding.more).unwrap_or(usize::MAX));
            translation.finding(&named, style)
        }
        what => {
            let slash = if finding.namespace.is_empty() { "" } else { "/" };
            let object = style.name(&format!("{} {}{slash}{}", finding.kind, finding.namespace, finding.name));
            format!("{object}{others}{}{}", translation.headings().colon, words.what(what, style))
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::NamedCause;
    use crate::domain::inspection::Part;

    fn standing(namespace: &str, name: &str, severity: Severity, what: What) -> Standing {
        let finding = Finding {
            server: "kubernetes".into(),
            kind: "pod".into(),
            namespace: namespace.into(),
            name: name.into(),
            owner: name.into(),
            more: 2,
            severity,
            what,
        };
        Standing { since: Timestamp::UNIX_EPOCH, finding }
    }

    fn run() -> Run {
        let mut named = NamedCause::new(Cause::ImageTagMissing, "pod shop/web-1", 95);
        named.what = "web:2-<b>".into();
        Run {
            inspection: "daily".into(),
            at: Timestamp::UNIX_EPOCH,
            took_ms: 1400,
            first: false,
            new: vec![
                standing("shop", "web-1", Severity::Error, What::Cause(named)),
                standing("bank", "db-0", Severity::Warning, What::Restarts { times: 9 }),
            ],
            still: (0..60)
                .map(|n| {
                    standing("old", &format!("p{n}"), Severity::Info, What::PodNotReady { status: "Pending".into() })
                })
                .collect(),
            gone: vec![standing("shop", "api", Severity::Error, What::ReplicasMissing { ready: 0, wanted: 2 })],
            left_out: 0,
            parts: vec![Part {
                server: "kubernetes".into(),
                kind: "pod".into(),
                objects: 4000,
                calls: 3,
                problems: vec!["x: no answer".into()],
                ..Part::default()
            }],
            summary: Some(Summary::Missing("no language model is configured".into())),
        }
    }

    #[test]
    fn a_telephone_shows_counts_and_what_changed_first() {
        let text = digest(&run(), Language::En);
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines[0], "**2 new, 60 still there, 1 gone**");
        assert_eq!(lines[1], "No summary: no language model is configured");
        assert_eq!(lines[2], "**New (2)**");
        assert_eq!(lines[3], "- `shop` (1)");
        assert!(lines[4].starts_with("  - ‼ `pod shop/web-1`, 2 more: the image `web:2-<b>`"), "{}", lines[4]);
        assert!(
            text.contains("  - ! `pod bank/db-0` and 2 others: began anew 9 times, lately within the day"),
            "{text}"
        );
        assert!(text.contains("- 40 more"), "{text}");
        assert!(text.contains("since 1970-01-01T00:00Z"), "{text}");
        assert!(text.contains("- `kubernetes` `pod`: x: no answer"), "{text}");
        assert!(text.ends_with("Looked at 4000 objects in 3 calls, 2 s"), "{text}");
        assert_eq!(title(&run(), Language::En), "Inspection daily: 2 new, 60 still there, 1 gone");
        let whole = whole(&run(), Language::En);
        assert!(whole.contains("p59") && !whole.contains("40 more"), "{whole}");
    }

    #[test]
    fn the_same_in_chinese() {
        let text = digest(&run(), Language::Zh);
        for part in ["**新增 2，仍在 60，消失 1**", "**新增 (2)**", "就绪副本 0/2"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let quiet = Run { new: Vec::new(), still: Vec::new(), gone: Vec::new(), ..run() };
        assert_eq!(title(&quiet, Language::Zh), "巡检 daily：一切正常");
    }
}
