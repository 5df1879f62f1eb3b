//! The digest as people read it: what came, how it ended and by whom it was decided, what waits for them, what it cost.
//! And what is said of somebody who was to be heard from and was not.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::Language;
use super::escape::Style;
use crate::domain::incident::ActionState;
use crate::domain::text::one_line;
use crate::domain::{Outcome, Severity};

/// How a digest is written.
const MARKDOWN: Style = Style::Markdown;
/// Lines of what waits, and parts of a line.
const WAITING: usize = 20;
const PARTS: usize = 8;
/// Letters of a title.
const TITLE: usize = 160;

/// What a digest tells.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    /// Since when.
    pub since: Timestamp,
    /// How many incidents were opened.
    pub incidents: u64,
    /// Whether there were more than were read.
    pub more: bool,
    /// Their alerts.
    pub alerts: u64,
    /// How many of each severity.
    pub severities: BTreeMap<Severity, u64>,
    /// How many of each source.
    pub sources: BTreeMap<String, u64>,
    /// How they ended; none for those that have not.
    pub outcomes: BTreeMap<Option<&'static str>, u64>,
    /// How many each rule decided.
    pub rules: BTreeMap<String, u64>,
    /// How many a model was asked about.
    pub by_model: u64,
    /// How many no rule decided.
    pub undecided: u64,
    /// What became of changes that were proposed, and how many of each.
    pub changes: Vec<(ActionState, u64)>,
    /// How often each person said yes.
    pub approved: BTreeMap<String, u64>,
    /// What waits for a person, the worst first.
    pub waiting: Vec<Waiting>,
    /// Who should have been heard from.
    pub silent: Vec<String>,
    /// Calls of models.
    pub calls: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Money in millionths of the unit of the prices.
    pub cost_micros: u64,
}

/// An incident that waits for a person.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its name.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Since when.
    pub since: Timestamp,
    /// Actions that wait for a yes.
    pub asked: usize,
}

/// What a language says in a digest.
pub(super) trait DigestStrings: Sync {
    /// The title: of so many incidents so many wait.
    fn title(&self, name: &str, incidents: u64, waiting: usize) -> String;
    /// So many incidents of so many alerts since then.
    fn came(&self, incidents: u64, alerts: u64, since: &str, more: bool) -> String;
    /// Before severities.
    fn by_severity(&self) -> &'static str;
    /// Before sources.
    fn by_source(&self) -> &'static str;
    /// Before outcomes.
    fn by_outcome(&self) -> &'static str;
    /// How an incident ended; none for one that is open.
    fn outcome(&self, outcome: Option<Outcome>) -> &'static str;
    /// Before who decided.
    fn decided(&self) -> &'static str;
    /// A model.
    fn model(&self) -> &'static str;
    /// No rule.
    fn nobody(&self) -> &'static str;
    /// Before what became of changes.
    fn changes(&self) -> &'static str;
    /// Before who said yes.
    fn approved(&self) -> &'static str;
    /// Others than those that are named.
    fn others(&self, count: u64) -> String;
    /// What was spent; calls, tokens, money.
    fn spent(&self, calls: u64, tokens: u64, money: &str) -> String;
    /// That no model was asked.
    fn nothing_spent(&self) -> &'static str;
    /// The heading of what waits for a person.
    fn waits(&self) -> &'static str;
    /// That nothing does.
    fn nothing_waits(&self) -> &'static str;
    /// That so many actions wait for an answer.
    fn asked(&self, count: usize) -> String;
    /// Since when.
    fn since(&self, at: &str) -> String;
    /// Before who is silent.
    fn silent(&self) -> &'static str;
    /// That somebody was not heard within so long, and when the last time was.
    fn silence(&self, name: &str, within: &str, since: Option<&str>) -> String;
}

/// The title of a digest.
pub fn title(name: &str, digest: &Digest, language: Language) -> String {
    language.translation().digest().title(name, digest.incidents, digest.waiting.len())
}

/// Its text, in Markdown.
pub fn text(digest: &Digest, language: Language) -> String {
    let translation = language.translation();
    let words = translation.digest();
    let (colon, comma) = (translation.headings().colon, translation.headings().comma);
    let since = super::minute(digest.since);
    let mut lines = vec![format!("**{}**", words.came(digest.incidents, digest.alerts, &since, digest.more))];
    let mut line = |head: &str, parts: Vec<(String, u64)>| {
        if !parts.is_empty() {
            lines.push(format!("- {head}{colon}{}", listed(parts, words, comma)));
        }
    };
    let severities =
        digest.severities.iter().rev().map(|(one, count)| (translation.severity(*one).to_string(), *count));
    line(words.by_severity(), severities.collect());
    line(words.by_source(), most(digest.sources.iter().map(|(name, count)| (code(name), *count))));
    let outcome = |word: &Option<&str>| word.and_then(|word| Outcome::ALL.into_iter().find(|one| one.as_str() == word));
    let outcomes = digest.outcomes.iter().map(|(word, count)| (words.outcome(outcome(word)).to_string(), *count));
    line(words.by_outcome(), most(outcomes));
    let rules = digest.rules.iter().map(|(name, count)| (code(name), *count));
    let others = [(words.model(), digest.by_model), (words.nobody(), digest.undecided)];
    let others = others.into_iter().filter(|(_, count)| *count > 0).map(|(word, count)| (word.to_string(), count));
    line(words.decided(), most(rules.chain(others)));
    let state = |(state, count): &(ActionState, u64)| (translation.action_state(*state).to_string(), *count);
    line(words.changes(), most(digest.changes.iter().map(state)));
    line(words.approved(), most(digest.approved.iter().map(|(name, count)| (code(name), *count))));
    lines.push(match digest.calls {
        0 => format!("- {}", words.nothing_spent()),
        calls => format!("- {}", words.spent(calls, digest.tokens, &money(digest.cost_micros))),
    });
    if !digest.silent.is_empty() {
        let names: Vec<String> = digest.silent.iter().map(|name| code(name)).collect();
        lines.push(format!("- {}{colon}{}", words.silent(), names.join(comma)));
    }
    lines.push(String::new());
    if digest.waiting.is_empty() {
        lines.push(words.nothing_waits().to_string());
    } else {
        lines.push(format!("**{}**", words.waits()));
        lines.push(String::new());
        for one in digest.waiting.iter().take(WAITING) {
            let title = MARKDOWN.say(&one_line(&one.title, TITLE));
            let asked = if one.asked > 0 { format!(" · {}", words.asked(one.asked)) } else { String::new() };
            let since = words.since(&super::minute(one.since));
            lines.push(format!(
                "- [{}] {title} · {since}{asked} · {}",
                translation.severity(one.severity),
                code(&one.id)
            ));
        }
        let more = digest.waiting.len().saturating_sub(WAITING) as u64;
        if more > 0 {
            lines.push(format!("- {}", words.others(more)));
        }
    }
    lines.join("\n")
}

/// What is said of somebody who was to be heard from; `since` is when the last time was, where there was one.
pub fn silence(name: &str, within: Duration, since: Option<Timestamp>, language: Language) -> String {
    let since = since.map(super::minute);
    language.translation().digest().silence(name, &length(within), since.as_deref())
}

/// A length of time as people write it.
pub fn length(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        s if s % 86_400 == 0 => format!("{}d", s / 86_400),
        s if s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

fn code(name: &str) -> String {
    MARKDOWN.name(&one_line(name, TITLE))
}

fn money(micros: u64) -> String {
    format!("{}.{:04}", micros / 1_000_000, micros % 1_000_000 / 100)
}

/// The most frequent first.
fn most(parts: impl Iterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = parts.collect();
    parts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    parts
}

fn listed(parts: Vec<(String, u64)>, words: &dyn DigestStrings, comma: &str) -> String {
    let others: u64 = parts.iter().skip(PARTS).map(|(_, count)| count).sum();
    let shown = parts.into_iter().take(PARTS).map(|(name, count)| format!("{name} {count}"));
    let more = (others > 0).then(|| words.others(others));
    shown.chain(more).collect::<Vec<_>>().join(comma)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest() -> Digest {
        let waiting = Waiting {
            id: "i7k2m9".into(),
            title: "KubeNodeNotReady: node *n1*".into(),
            severity: Severity::Critical,
            since: "2026-11-27T07:25:54Z".parse().unwrap(),
            asked: 1,
        };
        Digest {
            since: "2026-11-27T08:00:00Z".parse().unwrap(),
            incidents: 3,
            alerts: 9,
            severities: [(Severity::Warning, 2), (Severity::Critical, 1)].into(),
            sources: [("alertmanager".to_string(), 1), ("events".to_string(), 2)].into(),
            outcomes: [(None, 1), (Some("fixed"), 2)].into(),
            rules: [("node-does-not-answer".to_string(), 2)].into(),
            by_model: 1,
            changes: vec![(ActionState::Rejected, 1), (ActionState::Verified, 2)],
            approved: [("ada".to_string(), 2)].into(),
            waiting: vec![waiting],
            silent: vec!["prometheus".into()],
            calls: 2,
            tokens: 1_200,
            cost_micros: 12_300,
            ..Digest::default()
        }
    }

    #[test]
    fn a_digest_says_what_came_who_decided_what_waits_and_what_it_cost() {
        assert_eq!(title("morning", &digest(), Language::En), "Digest morning: 3 incidents, 1 waits for a person");
        assert_eq!(
            text(&digest(), Language::En),
            "**3 incidents of 9 alerts since 2026-11-27T08:00Z**\n\
             - By severity: critical 1, warning 2\n\
             - By source: `events` 2, `alertmanager` 1\n\
             - How they ended: fixed 2, still open 1\n\
             - Decided by: `node-does-not-answer` 2, a language model 1\n\
             - Changes: done and verified 2, rejected by a person 1\n\
             - Approved by: `ada` 2\n\
             - Models: 2 calls, 1200 tokens, cost 0.0123\n\
             - Silent, and should be heard: `prometheus`\n\
             \n\
             **Waits for a person**\n\
             \n\
             - [critical] KubeNodeNotReady: node \\*n1\\* · since 2026-11-27T07:25Z · 1 action waits for an answer · `i7k2m9`"
        );
        let chinese = text(&digest(), Language::Zh);
        for part in
            ["3 个事件", "等待人工", "语言模型 1", "应有而无", "变更：已执行并验证 2，被人工拒绝 1", "批准人：`ada` 2"]
        {
            assert!(chinese.contains(part), "{part} in {chinese}");
        }
    }

    #[test]
    fn an_empty_one_says_so() {
        let text = text(&Digest::default(), Language::En);
        assert!(text.contains("0 incidents") && text.contains("Nothing waits for a person"), "{text}");
        assert_eq!(
            silence("a", Duration::from_secs(300), None, Language::En),
            "a was not heard within 5m, since tidegate started"
        );
        assert_eq!([90, 120, 7_200, 172_800].map(|s| length(Duration::from_secs(s))), ["90s", "2m", "2h", "2d"]);
    }
}
