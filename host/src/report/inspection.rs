//! What people are told of an inspection: counts first, then what changed, the worst first, by namespace.

mod coverage;

use super::Language;
use super::escape::Style;
use crate::domain::Severity;
use crate::domain::inspection::{Coverage, Finding, KindResult, Problem, Run, Summary, TrackedFinding};
use crate::domain::text::truncate;

/// How reports and messages are written; a sentence about one finding alone is plain.
const MARKDOWN: Style = Style::Markdown;

/// Lines of a message about what changed, and about what did not.
const CHANGED: usize = 30;
const STILL: usize = 20;
/// Bytes of a message.
const MESSAGE: usize = 24 << 10;

/// What a language says of inspections.
pub(super) trait InspectionStrings: Sync {
    /// The first words of a title.
    fn title(&self) -> &'static str;
    /// How many findings are new, still there, gone, and could not be looked at again.
    fn counts(&self, new: usize, still: usize, gone: usize, unseen: usize) -> String;
    /// That nothing is wrong.
    fn nothing_wrong(&self) -> &'static str;
    /// That nothing wrong was found, and not everything could be seen.
    fn nothing_found(&self) -> &'static str;
    /// That nothing could be seen, so that nobody knows.
    fn nothing_seen(&self) -> &'static str;
    /// Behind counts: that not everything could be seen.
    fn in_part(&self) -> &'static str;
    /// That a server offers no tool that lists anything; none of a name means that there is no such server at all.
    fn no_tools(&self, server: Option<&str>) -> String;
    /// Before kinds and namespaces that could not be seen.
    fn blind(&self) -> &'static str;
    /// A kind in some namespaces; an empty name stands for what belongs to none.
    fn within(&self, kind: &str, namespaces: &[String], more: usize) -> String;
    /// A kind anywhere; `some` says that some of it was seen.
    fn anywhere(&self, kind: &str, some: bool) -> String;
    /// The group of what stood before and could not be seen this time.
    fn not_seen(&self) -> &'static str;
    /// Before what gates refused.
    fn refused(&self) -> &'static str;
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
    fn what(&self, what: &Problem, style: Style) -> String;
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
    let colon = language.translation().headings().colon;
    format!("{} {}{colon}{}", words.title(), run.inspection, outcome(run, words))
}

/// What came of a run, in a few words. That nothing is wrong is said only by who has seen everything.
fn outcome(run: &Run, words: &dyn InspectionStrings) -> String {
    let counts = || words.counts(run.new.len(), run.still.len(), run.gone.len(), run.unseen.len());
    match (run.sight(), run.found() || !run.gone.is_empty()) {
        (Coverage::None, _) => words.nothing_seen().to_string(),
        (Coverage::Partial, false) => words.nothing_found().to_string(),
        (Coverage::Partial, true) => format!("{}{}", counts(), words.in_part()),
        (Coverage::Whole, true) => counts(),
        (Coverage::Whole, false) => words.nothing_wrong().to_string(),
    }
}

/// The text of a message, in Markdown: what has no room is counted.
pub fn digest(run: &Run, language: Language) -> String {
    truncate(&text(run, language, [CHANGED, STILL]), MESSAGE)
}

/// All of it, in Markdown.
pub fn whole(run: &Run, language: Language) -> String {
    format!("# {}\n\n{}\n", MARKDOWN.say(&title(run, language)), text(run, language, [usize::MAX; 2]))
}

/// One finding in a sentence, without markup.
pub fn sentence(finding: &Finding, language: Language) -> String {
    one(finding, language, Style::Plain)
}

fn text(run: &Run, language: Language, [changed, unchanged]: [usize; 2]) -> String {
    let (translation, words) = (language.translation(), language.translation().inspection());
    let colon = translation.headings().colon;
    let mut blocks = vec![format!("**{}**", outcome(run, words))];
    blocks.extend(coverage::blind(run, words, colon));
    match &run.summary {
        Some(Summary::Said(said)) => {
            blocks.push(format!("**{}**{colon}{}", words.summary(), MARKDOWN.say(said)));
        }
        Some(Summary::Missing(why)) => blocks.push(words.no_summary(&MARKDOWN.say(why))),
        None => {}
    }
    let lists = [
        (words.appeared(), &run.new, changed, false),
        (words.gone(), &run.gone, changed, false),
        (words.still(), &run.still, unchanged, true),
        (words.not_seen(), &run.unseen, unchanged, true),
    ];
    for (head, list, most, since) in lists {
        if !list.is_empty() {
            blocks.push(format!("**{head} ({})**\n\n{}", list.len(), grouped(list, language, most, since)));
        }
    }
    blocks.extend(coverage::unseen(run, words, colon, changed));
    let sum = |of: fn(&KindResult) -> u64| run.parts.iter().map(of).sum::<u64>();
    blocks.push(words.looked(sum(|part| part.objects), sum(|part| part.calls), run.took_ms.div_ceil(1000)));
    blocks.join("\n\n")
}

/// Findings by namespace: the namespace with the worst comes first.
fn grouped(list: &[TrackedFinding], language: Language, most: usize, since: bool) -> String {
    let words = language.translation().inspection();
    let mut groups: Vec<(&str, Vec<&TrackedFinding>)> = Vec::new();
    for standing in list.iter().take(most) {
        let namespace = standing.finding.namespace.as_str();
        match groups.iter_mut().find(|(known, _)| *known == namespace) {
            Some((_, group)) => group.push(standing),
            None => groups.push((namespace, vec![standing])),
        }
    }
    let mut lines = Vec::new();
    for (namespace, group) in groups {
        let name = if namespace.is_empty() { words.cluster().to_string() } else { MARKDOWN.name(namespace) };
        lines.push(format!("- {name} ({})", group.len()));
        for standing in group {
            let mut line =
                format!("  - {} {}", mark(standing.finding.severity), one(&standing.finding, language, MARKDOWN));
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
        Problem::Cause(named) => {
            let mut named = named.clone();
            named.more = named.more.max(usize::try_from(finding.more).unwrap_or(usize::MAX));
            translation.finding(&named, style)
        }
        what => {
            let object = style.name(&finding.object().to_string());
            format!("{object}{others}{}{}", translation.headings().colon, words.what(what, style))
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::NamedCause;

    fn standing(namespace: &str, name: &str, severity: Severity, what: Problem) -> TrackedFinding {
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
        TrackedFinding { since: Timestamp::UNIX_EPOCH, finding }
    }

    fn run() -> Run {
        let mut named = NamedCause::new(crate::domain::Cause::ImageTagMissing, "pod shop/web-1", 95);
        named.what = "web:2-<b>".into();
        Run {
            inspection: "daily".into(),
            at: Timestamp::UNIX_EPOCH,
            took_ms: 1400,
            first: false,
            new: vec![
                standing("shop", "web-1", Severity::Error, Problem::Cause(named)),
                standing("bank", "db-0", Severity::Warning, Problem::Restarts { times: 9 }),
            ],
            still: (0..60)
                .map(|n| {
                    standing("old", &format!("p{n}"), Severity::Info, Problem::PodNotReady { status: "Pending".into() })
                })
                .collect(),
            unseen: Vec::new(),
            gone: vec![standing("shop", "api", Severity::Error, Problem::ReplicasMissing { ready: 0, wanted: 2 })],
            left_out: 0,
            parts: vec![pods(&["x"])],
            summary: Some(Summary::Missing("no language model is configured".into())),
        }
    }

    fn pods(blind: &[&str]) -> KindResult {
        let mut part = KindResult { objects: 4000, calls: 3, answered: 2, ..KindResult::of("kubernetes", "pod") };
        blind.iter().for_each(|name| part.note_blind_spot_in(name, format!("{name}: no answer")));
        part
    }

    #[test]
    fn a_telephone_shows_counts_and_what_changed_first() {
        let text = digest(&run(), Language::En);
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines[0], "**2 new, 60 still there, 1 gone; not everything could be seen**");
        assert_eq!(lines[1..3], ["**Blind**:", "- `pod` in `x`"]);
        assert_eq!(lines[3], "No summary: no language model is configured");
        assert_eq!(lines[4], "**New (2)**");
        assert_eq!(lines[5], "- `shop` (1)");
        assert!(lines[6].starts_with("  - ‼ `pod shop/web-1`, 2 more: the image `web:2-<b>`"), "{}", lines[6]);
        assert!(
            text.contains("  - ! `pod bank/db-0` and 2 others: began anew 9 times, lately within the day"),
            "{text}"
        );
        assert!(text.contains("- 40 more"), "{text}");
        assert!(text.contains("since 1970-01-01T00:00Z"), "{text}");
        assert!(text.contains("- `kubernetes` `pod`: x: no answer"), "{text}");
        assert!(text.ends_with("Looked at 4000 objects in 3 calls, 2 s"), "{text}");
        assert_eq!(
            title(&run(), Language::En),
            "Inspection daily: 2 new, 60 still there, 1 gone; not everything could be seen"
        );
        let whole = whole(&run(), Language::En);
        assert!(whole.contains("p59") && !whole.contains("40 more"), "{whole}");
    }

    #[test]
    fn the_same_in_chinese() {
        let text = digest(&run(), Language::Zh);
        for part in ["**新增 2，仍在 60，消失 1；有部分内容未能查看**", "**盲区**：", "**新增 (2)**", "就绪副本 0/2"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(title(&quiet(vec![pods(&[])]), Language::Zh), "巡检 daily：一切正常");
    }

    fn quiet(parts: Vec<KindResult>) -> Run {
        let none = Vec::new;
        Run { new: none(), still: none(), gone: none(), summary: None, parts, ..run() }
    }

    #[test]
    fn that_nothing_is_wrong_is_said_only_by_who_has_seen_everything() {
        let mut deaf = KindResult { calls: 1, failed: 1, ..KindResult::of("kubernetes", "pod") };
        deaf.note_blind_spot("the server did not answer");
        let nobody = KindResult { blind: crate::domain::inspection::BlindSpot::Everywhere, ..KindResult::default() };
        let gone = KindResult { server: "other".into(), ..nobody.clone() };
        let mut events = KindResult { calls: 1, answered: 1, ..KindResult::of("kubernetes", "event") };
        events.note_blind_spot("only the first 20000 items of the list were read");
        let many: Vec<String> = (0..9).map(|n| format!("n{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (parts, english, chinese, lines) in [
            (vec![pods(&[])], "nothing is wrong", "一切正常", vec![]),
            (vec![deaf.clone()], "nothing could be seen", "什么都未能查看", vec!["- `pod` everywhere"]),
            (vec![], "nothing could be seen", "什么都未能查看", vec![]),
            (
                vec![nobody],
                "nothing could be seen",
                "什么都未能查看",
                vec!["- no tool server is there that lists what is in a cluster, as far as `collectors/` knows"],
            ),
            (
                vec![pods(&many), events, KindResult { kind: "node".into(), ..deaf }],
                "nothing wrong was found, but not everything could be seen",
                "未发现异常，但有部分内容未能查看",
                vec!["- `pod` in `n0`, `n1`, `n2`, `n3`, `n4` and 4 more", "- `event` in part", "- `node` everywhere"],
            ),
            (
                vec![pods(&[]), gone],
                "nothing wrong was found, but not everything could be seen",
                "未发现异常，但有部分内容未能查看",
                vec!["- `other` offers no tool now that lists what is in a cluster, as far as `collectors/` knows"],
            ),
        ] {
            let run = quiet(parts);
            assert_eq!(title(&run, Language::En), format!("Inspection daily: {english}"));
            assert_eq!(title(&run, Language::Zh), format!("巡检 daily：{chinese}"));
            let text = digest(&run, Language::En);
            assert!(text.starts_with(&format!("**{english}**")), "{text}");
            for line in &lines {
                assert!(text.lines().any(|known| known == *line), "{line} in {text}");
            }
            assert_eq!(text.contains("Blind"), !lines.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_certificate_that_ends_is_told_in_a_sentence() {
        let mut named = NamedCause::new(crate::domain::Cause::CertificateExpiring, "certificate shop/web", 90);
        named.what = "2026-12-05T08:00:00Z".into();
        let finding = standing("shop", "web", Severity::Error, Problem::Cause(named)).finding;
        let said = sentence(&finding, Language::En);
        assert!(
            said.contains("runs out") && said.contains("2026-12-05") && !said.contains("certificate-expiring"),
            "{said}"
        );
    }

    #[test]
    fn what_gates_refused_is_named_once() {
        let mut part = pods(&[]);
        part.note_refused("k.logs: refused by gate quiet: no logs");
        part.note_refused("k.get: refused by gate quiet: nothing");
        part.note_blind_spot_in("shop", "shop/a: k.get: refused by gate quiet: nothing");
        let text = digest(&quiet(vec![part]), Language::En);
        assert!(text.contains("**Refused by gates**\n\n- `kubernetes` `pod`: k.logs: refused by gate quiet: no logs"));
        assert_eq!(text.matches("k.get").count(), 1, "{text}");
    }
}
