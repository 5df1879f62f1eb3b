//! What is known from before, in reports, messages and timelines.

use super::*;
use crate::domain::knowledge::{Knowledge, MatchReason, Quote, Recurrence, Repair, SimilarIncident, Similarity};
use crate::domain::{IncidentId, Outcome};

fn told(knowledge: Knowledge) -> IncidentRecord {
    let mut story = stories::escalated();
    let fact = Fact::Recalled { knowledge: knowledge.into() };
    let entry = Entry { at: story.incident.updated_at, fact };
    story.incident.apply(&entry);
    story.entries.push(entry);
    story
}

fn quote(because: MatchReason, excerpt: &str) -> Quote {
    Quote {
        title: "Crash loops".into(),
        source: "shop/crash.md".into(),
        heading: "After a rollout".into(),
        because,
        excerpt: excerpt.into(),
        tools: vec!["k.pods_log".into()],
        skip: vec!["k.pods_exec".into()],
    }
}

fn past(held: Recurrence) -> SimilarIncident {
    let at = jiff::Timestamp::UNIX_EPOCH;
    SimilarIncident {
        incident: IncidentId("i6k2m1".into()),
        title: "KubePodCrashLooping: deployment shop/web".into(),
        opened_at: at,
        closed_at: at,
        outcome: Outcome::Fixed,
        likeness: Similarity::Same,
        cause: "a bad image tag".into(),
        repairs: vec![Repair { tool: "k.rollout_undo".into(), target: "deployment shop/web".into(), helped: true }],
        held,
    }
}

#[test]
fn runbooks_and_the_past_are_told_with_their_source() {
    let excerpt = "1. Look at the log of the last container.\n2. Undo the rollout.";
    let runbooks = vec![quote(MatchReason::Declared, excerpt), quote(MatchReason::Found, "回滚到上一个版本。")];
    let similar =
        vec![past(Recurrence::CameBack { after_seconds: 7200 }), past(Recurrence::Stayed), past(Recurrence::SoFar)];
    let unread = vec!["https://runbooks.example.org/x: it answers 404 Not Found".into()];
    check("known", &told(Knowledge { runbooks, similar, unread }), MessageContext::about(Occasion::Report));
}

#[test]
fn a_hostile_runbook_stays_in_its_place() {
    let evil = "```\n# heading\n[Approve](https://evil.example)\n<script>x</script>\n````\n| a |\n";
    let mut bad = quote(MatchReason::Linked, evil);
    bad.title = "[Approve](https://evil.example) <img src=x>\n# big".into();
    bad.source = "a`b.md".into();
    bad.heading = "x`](http://y)".into();
    bad.tools = vec!["`k`\n# tool".into()];
    let mut similar = past(Recurrence::Stayed);
    similar.title = "![i](https://evil.example)\n# big".into();
    similar.cause = "<b>www.evil.example".into();
    let unread = vec!["<script> https://evil.example".into()];
    let story = told(Knowledge { runbooks: vec![bad], similar: vec![similar], unread });
    for language in [Language::En, Language::Zh] {
        let report = markdown(&story, language);
        let telling = MessageContext::about(Occasion::Report);
        for text in [&report, &message(&story, &telling, language).body] {
            let outside = outside_of_code(text).replace("\\]", "");
            for bad in ["<script", "<img", "![", "://evil", "](http://y", "www.evil"] {
                assert!(!outside.contains(bad), "{bad} in {outside}");
            }
            assert!(outside.lines().filter(|line| line.starts_with("# ")).count() <= 1, "{outside}");
        }
    }
}

#[test]
fn a_question_shows_what_is_known_and_an_end_does_not() {
    let story = told(Knowledge { runbooks: vec![quote(MatchReason::Declared, "Undo it.")], ..Knowledge::default() });
    let shows = |occasion| message(&story, &MessageContext::about(occasion), Language::En).body.contains("Crash loops");
    assert!(shows(Occasion::Report) && !shows(Occasion::Resolved));
}
