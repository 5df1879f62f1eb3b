//! The message by which somebody tries whether a target takes messages: it says of itself that it is a test.

use jiff::Timestamp;

use super::escape::Style;
use super::{Language, date};
use crate::domain::alert::excerpt::{Excerpt, ExcerptLimits};
use crate::domain::alert::fingerprint;
use crate::domain::link::{Link, LinkPurpose};
use crate::domain::message::Content;
use crate::domain::{Alert, Labels, Person, Severity, Status};

/// The name of its alert, for targets that show alerts.
const ALERT: &str = "TidegateTest";
/// The source of that.
const SOURCE: &str = "tidegate";

/// What a language says in it.
pub(super) trait TrialWords: Sync {
    /// In the title, before all else.
    fn mark(&self) -> &'static str;
    /// The title.
    fn title(&self) -> &'static str;
    /// That nothing is wrong, and who tries what; both as they stand in the text.
    fn summary(&self, target: &str, person: &str) -> String;
    /// That there is nothing to do, and that a pager's alert can be closed.
    fn advice(&self) -> &'static str;
    /// Labels of facts: the target, who, when.
    fn labels(&self) -> [&'static str; 3];
}

/// What it says.
pub fn content(
    target: &str,
    person: &Person,
    severity: Severity,
    page: Option<&str>,
    now: Timestamp,
    language: Language,
) -> Content {
    let translation = language.translation();
    let words = translation.trial();
    let said = |style: Style| words.summary(&style.name(target), &translation.person(person, style));
    let summary = said(Style::Plain);
    let labels = words.labels();
    let values = [target.to_string(), translation.person(person, Style::Plain), date(now)];
    let facts = labels.into_iter().map(str::to_string).zip(values).collect();
    let body = format!("**{}**  \n{}\n\n{}", words.title(), said(Style::Markdown), words.advice());
    let alert = alert(target, severity, &summary, now);
    Content {
        title: format!("[{}] {}", words.mark(), words.title()),
        summary,
        description: words.advice().into(),
        body,
        facts,
        links: page.map(|page| Link::of_host(LinkPurpose::Incident, "tidegate", page)).into_iter().collect(),
        alerts: Excerpt::of(&[alert], &ExcerptLimits::MESSAGE),
        ..Content::default()
    }
}

fn alert(target: &str, severity: Severity, summary: &str, now: Timestamp) -> Alert {
    let labels: Labels =
        [("alertname", ALERT), ("severity", severity.as_str()), ("target", target)].into_iter().collect();
    Alert {
        source: SOURCE.into(),
        name: ALERT.into(),
        status: Status::Firing,
        severity,
        fingerprint: fingerprint(SOURCE, ALERT, &labels),
        labels,
        annotations: [("summary", summary)].into_iter().collect(),
        starts_at: Some(now),
        ends_at: None,
        link: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_in_every_part_that_a_target_may_show_that_it_is_a_test() {
        for (language, mark, part) in [(Language::En, "Test", "Nothing is wrong"), (Language::Zh, "测试", "并无故障")]
        {
            let person = Person::typed("ann *x*");
            let told = content(
                "chat",
                &person,
                Severity::Critical,
                Some("https://t.example"),
                Timestamp::UNIX_EPOCH,
                language,
            );
            assert!(told.title.starts_with(&format!("[{mark}] ")), "{}", told.title);
            assert!(
                told.summary.contains(part) && told.summary.contains("chat") && told.summary.contains("ann"),
                "{}",
                told.summary
            );
            assert!(told.body.contains(part) && told.body.contains("`ann *x*`"), "{}", told.body);
            let alert = &told.alerts.alerts()[0];
            assert!(alert.name.contains("Test") && alert.title().contains(part), "{alert:?}");
            assert_eq!((told.facts.len(), told.links.len()), (3, 1));
        }
    }
}
