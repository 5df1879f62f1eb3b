//! Whole reports against texts that people have read, and texts that try to break out of them.
//!
//! `UPDATE_EXPECT=1` writes the expected texts anew.

mod causes;
mod folding;
mod known;
mod phone;
mod renderings;
pub(crate) mod stories;

use std::path::PathBuf;

use super::escape::Style;
use super::*;
use crate::domain::entry::Purpose;
use crate::domain::link::Link;
use crate::domain::{ActionId, Call, Entry, Fact, Occasion};
use crate::ports::IncidentRecord;

/// Compares with `testdata/<name>`.
fn expect(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/report/testdata").join(name);
    // This is a test's own switch and no setting of the host.
    #[expect(clippy::disallowed_methods, reason = "no part of the program")]
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    if update {
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = expected.lines().zip(actual.lines()).find(|(expected, actual)| expected != actual);
    assert!(expected == actual, "{name} differs, first at {differs:#?}; UPDATE_EXPECT=1 accepts it");
}

fn check(name: &str, story: &IncidentRecord, telling: MessageContext<'_>) {
    for language in [Language::En, Language::Zh] {
        let word = language.as_str();
        expect(&format!("{name}.{word}.md"), &markdown(story, language));
        let message = message(story, &telling, language);
        let facts = message.facts.iter().map(|(label, text)| format!("{label} = {text}\n"));
        let lines = timeline(story, Detail::All, language);
        let lines = lines.into_iter().map(|line| format!("{} {}\n", date(line.at), line.text));
        let text = format!(
            "{}\n\n{}\n\n{}\n{}",
            message.title,
            message.body,
            facts.collect::<String>(),
            lines.collect::<String>()
        );
        expect(&format!("{name}.{word}.txt"), &text);
    }
}

fn question(action: &ActionId) -> MessageContext<'_> {
    MessageContext { action: Some(action), ..MessageContext::about(Occasion::Approval) }
}

fn a1() -> ActionId {
    ActionId("a1".into())
}

#[test]
fn a_rule_repaired_it() {
    check("fixed", &stories::fixed(), MessageContext::about(Occasion::Report));
}

#[test]
fn a_person_approved_what_the_model_proposed_and_it_did_not_help() {
    check("useless", &stories::useless(), MessageContext::about(Occasion::Report));
}

#[test]
fn a_person_is_asked() {
    check("asked", &stories::asked(), question(&a1()));
}

#[test]
fn a_rule_leaves_it_to_a_person() {
    check("escalated", &stories::escalated(), MessageContext::about(Occasion::Report));
}

#[test]
fn a_signed_link_is_in_the_text_and_whole_among_the_links() {
    let link = format!("https://tidegate.example/approve/i1/a1?until=1&token={}", "x".repeat(300));
    for (language, labels) in [(Language::En, ["Approve", "Deny"]), (Language::Zh, ["批准", "拒绝"])] {
        let id = a1();
        let message = message(&stories::asked(), &MessageContext { link: Some(&link), ..question(&id) }, language);
        assert!(message.body.contains(&format!("]({link}#approve)")), "{}", message.body);
        assert!(message.body.contains(&format!("]({link}#deny)")), "{}", message.body);
        assert!(message.facts.iter().all(|(_, text)| !text.contains("://")), "a fact is no link");
        for (own, (label, answer)) in message.links.iter().zip(labels.iter().zip(["#approve", "#deny"])) {
            assert_eq!((own.title(), own.url(), own.from_alert()), (*label, &*format!("{link}{answer}"), false));
        }
        assert!(message.links.len() > 2 && message.links.iter().skip(2).all(Link::from_alert), "{:?}", message.links);
    }
}

#[test]
fn every_message_leads_to_its_incident_where_it_is_known_how_people_reach_the_host() {
    let page = "https://tidegate.example/i/i7k2m9";
    let occasions = [Occasion::Approval, Occasion::Report, Occasion::Resolved];
    for (story, occasion) in [stories::asked(), stories::escalated(), stories::fixed()].iter().zip(occasions) {
        for (language, title) in [(Language::En, "Open in tidegate"), (Language::Zh, "在 tidegate 中查看")] {
            let told =
                message(story, &MessageContext { page: Some(page), ..MessageContext::about(occasion) }, language);
            let own: Vec<&Link> = told.links.iter().filter(|link| !link.from_alert()).collect();
            assert_eq!((own.len(), own[0].title(), own[0].url()), (1, title, page));
            assert_eq!(own[0].purpose(), crate::domain::link::LinkPurpose::Incident);
        }
    }
}

#[test]
fn nothing_is_executed_in_observe_mode() {
    check("observed", &stories::observed(), MessageContext::about(Occasion::Report));
}

#[test]
fn text_from_outside_stays_where_it_is_put() {
    let story = stories::hostile();
    check("hostile", &story, question(&a1()));
    for language in [Language::En, Language::Zh] {
        let report = markdown(&story, language);
        let message = message(&story, &question(&a1()), language);
        for text in [&report, &message.body] {
            let outside = outside_of_code(text).replace("\\]", "");
            for bad in ["<script", "<img", "<at ", "![", "](", "://", "www.", "\u{202e}", "\u{1b}"] {
                assert!(!outside.contains(bad), "{bad} in {outside}");
            }
            let headings = outside.lines().filter(|line| line.starts_with("# ")).count();
            assert!(headings <= 1, "a text became a heading: {outside}");
            assert!(!text.contains("\u{1b}"));
        }
        // Every row of a table has as many cells as its head.
        for row in report.lines().filter(|line| line.starts_with('|')) {
            let bars = row.replace("\\|", "").matches('|').count();
            assert!(bars == 3 || bars == 5, "{row}");
        }
        for line in
            timeline(&story, Detail::All, language).into_iter().chain(timeline(&story, Detail::Folded, language))
        {
            assert!(!line.text.contains(['\n', '\u{1b}', '\u{202e}']), "{}", line.text);
        }
        assert!(!message.title.contains('\n'));
    }
}

/// What a Markdown reader would not take as code: without fenced blocks and code spans.
fn outside_of_code(text: &str) -> String {
    let mut outside = String::new();
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|letter| *letter == '`').collect();
        match &fence {
            Some(open) => {
                if ticks.len() >= open.len() && line.trim() == ticks {
                    fence = None;
                }
            }
            None if ticks.len() >= 3 && !line.trim_start_matches('`').contains('`') => fence = Some(ticks),
            None => {
                let mut rest = line.to_string();
                while let Some(start) = first_tick(&rest) {
                    let run = rest[start..].chars().take_while(|letter| *letter == '`').count();
                    let close = closing(&rest[start + run..], run);
                    outside.push_str(&rest[..start]);
                    rest = close.map_or_else(String::new, |close| rest[start + run + close + run..].to_string());
                }
                outside.push_str(&rest);
                outside.push('\n');
            }
        }
    }
    assert!(fence.is_none(), "a fence stays open: {text}");
    outside
}

fn first_tick(text: &str) -> Option<usize> {
    let ticks = text.match_indices('`').map(|(at, _)| at);
    ticks.into_iter().find(|at| !text[..*at].ends_with('\\'))
}

fn closing(text: &str, run: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let length = text[start..].chars().take_while(|letter| *letter == '`').count();
        if length == run {
            return Some(start);
        }
        at = start + length;
    }
    None
}

#[test]
fn a_look_that_was_refused_names_the_gate_in_both_languages() {
    let call = Call { tool: "k.get".into(), arguments: serde_json::Map::new() };
    let fact = Fact::Looked {
        purpose: Purpose::Model,
        call,
        ok: false,
        text: "secrets are not read".into(),
        took_ms: 0,
        refused: Some("secrets-stay-unread".into()),
    };
    for (language, wanted) in [
        (Language::En, "gate secrets-stay-unread refused a look with k.get for the model: secrets are not read"),
        (Language::Zh, "应模型要求查看：门禁 secrets-stay-unread 拒绝查看 k.get：secrets are not read"),
    ] {
        assert_eq!(language.translation().timeline_line(&fact, Style::Plain).replace(" {}", ""), wanted);
    }
}

#[test]
fn whoever_is_told_instead_reads_of_whom_and_why() {
    let mut story = stories::asked();
    let delivery = crate::domain::Delivery::new(
        "i7k2m9-report-pager".into(),
        "pager".into(),
        "critical".into(),
        Occasion::Report,
        jiff::Timestamp::UNIX_EPOCH,
    );
    story.incident.deliveries.push(delivery);
    let (at, reason) = (jiff::Timestamp::UNIX_EPOCH, "connection *refused*".to_string());
    let fact = Fact::DeliveryFailed { delivery: "i7k2m9-report-pager".into(), reason, retry_at: None, refused: false };
    story.entries.push(Entry { at, fact });
    for (language, words) in [(Language::En, "told instead"), (Language::Zh, "改为通知您")] {
        let text = message(&story, &MessageContext::about(Occasion::Report), language);
        let instead =
            MessageContext { instead_of: Some("i7k2m9-report-pager"), ..MessageContext::about(Occasion::Report) };
        let told = message(&story, &instead, language);
        // What is wrong comes first, also for them.
        let (before, note) = told.body.rsplit_once("\n\n").unwrap();
        assert!(note.contains("pager") && note.contains("critical") && note.contains(words), "{note}");
        assert!(note.contains("refused") && !note.contains(" *refused"), "{note}");
        assert_eq!(before, text.body);
        assert_eq!(told.facts.len(), text.facts.len() + 1);
    }
}

#[test]
fn the_report_of_an_inspections_run_holds_what_it_found() {
    use crate::domain::inspection::{DIGEST, REPORT, SOURCE};
    let mut story = stories::asked();
    let mut alert = story.incident.alerts.first().unwrap().clone();
    (alert.source, alert.name) = (SOURCE.into(), REPORT.into());
    alert.annotations.insert("summary", "Inspection daily: 1 new");
    alert.annotations.insert(DIGEST, "- pod shop/web: keeps crashing");
    let entry = crate::domain::Entry {
        at: story.incident.opened_at,
        fact: crate::domain::Fact::Opened { group_key: "g".into(), source: SOURCE.into(), alerts: vec![alert] },
    };
    story.incident = crate::domain::Incident::open(crate::domain::IncidentId("i1".into()), &entry).unwrap();
    story.entries = vec![entry];
    for language in [Language::En, Language::Zh] {
        let report = document::markdown(&story, language);
        assert!(
            report.contains("Inspection daily: 1 new") && report.contains("pod shop/web: keeps crashing"),
            "{report}"
        );
        assert!(!report.contains(language.translation().headings().root_cause), "{report}");
    }
}

#[test]
fn whoever_reads_of_a_trouble_hears_that_its_cluster_cannot_be_seen() {
    let away = Visibility::ServersDown { cluster: "kestrel".into(), servers: "kestrel, metrics".into() };
    let unsaid = Visibility::Unsaid { clusters: "kestrel, osprey".into() };
    for (blind, language, parts) in [
        (&away, Language::En, ["kestrel, metrics", "do not answer"]),
        (&away, Language::Zh, ["kestrel, metrics", "没有响应"]),
        (&unsaid, Language::En, ["kestrel, osprey", "does not say in which cluster"]),
        (&unsaid, Language::Zh, ["kestrel, osprey", "未说明属于哪个集群"]),
    ] {
        let telling = MessageContext { blind: Some(blind), ..MessageContext::about(Occasion::Report) };
        let body = message(&stories::useless(), &telling, language).body;
        assert!(parts.iter().all(|part| body.contains(part)), "{body}");
    }
}
