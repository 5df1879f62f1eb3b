//! What a telephone shows without scrolling, for each occasion.

use super::*;
use crate::domain::message::Content;

/// Lines of a message before the detail, lines of a telephone's screen that they take, and letters of such
/// a line, of which wide ones take two.
const LINES: usize = 15;
const SCREEN: usize = 27;
const WIDTH: usize = 46;

/// The text up to the detail.
fn first(content: &Content) -> &str {
    content.body.split("\n\n---\n").next().unwrap()
}

/// Lines as they break on a telephone; the addresses of links are not seen.
fn lines(text: &str) -> usize {
    let seen = without_addresses(text);
    let width = |line: &str| line.chars().map(|letter| if letter > '\u{2e80}' { 2 } else { 1 }).sum::<usize>();
    seen.lines().filter(|line| !line.trim().is_empty()).map(|line| width(line.trim()).div_ceil(WIDTH).max(1)).sum()
}

/// Without the addresses of links.
fn without_addresses(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        let end = rest[at..].find(')').map_or(rest.len(), |end| at + end + 1);
        out.push_str(&rest[..=at]);
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn each_occasion_fits_a_telephone_and_begins_with_what_is_wrong() {
    let link = format!("https://tidegate.example/approve/i7k2m9/a1?token={}", "x".repeat(200));
    for (name, story, telling) in renderings::all(&a1(), &link) {
        for language in [Language::En, Language::Zh] {
            let content = message(&story, &telling, language);
            let first = first(&content);
            let shown = lines(first);
            let written = first.lines().filter(|line| !line.trim().is_empty()).count();
            // Whoever is told in place of somebody else reads that too.
            let instead = usize::from(name == "asked-instead");
            let (most, screen, word) = (LINES + instead, SCREEN + 3 * instead, language.as_str());
            assert!(written <= most, "{name} in {word} has {written} lines:\n{first}");
            assert!(shown <= screen || name == "hostile", "{name} in {word} takes {shown} lines of a screen:\n{first}");
            let wrong = Style::Markdown.say(&content.summary);
            assert!(first.starts_with(&format!("**{wrong}**")), "{name}: {first}");
            assert!(first.contains(&content.objects[0].name) || name == "hostile", "{name}: {first}");
            assert!(first.contains("tidegate incidents show"), "{name}: where to look");
        }
    }
}

#[test]
fn a_message_says_what_the_alert_says_about_the_job_and_not_about_its_exporter() {
    let content = message(&stories::escalated(), &MessageContext::about(Occasion::Report), Language::En);
    let first = first(&content);
    for word in
        ["Job failed to complete.", "job billing/housekeeping-29386080", "+2", "runbooks.prometheus-operator.dev"]
    {
        assert!(first.contains(word), "{word} in {first}");
    }
    assert!(!first.contains("metrics-kube-state-metrics"), "{first}");
    let [object, ..] = content.objects.as_slice() else { panic!("no object") };
    assert_eq!(object.to_string(), "job billing/housekeeping-29386080");
    assert_eq!((content.objects.len(), content.objects_left_out), (5, 0));
}

#[test]
fn where_it_is_wrong_is_where_the_object_is_and_not_its_exporter() {
    let mut story = stories::escalated();
    let mut alert = story.incident.alerts.first().unwrap().clone();
    for (key, value) in
        [("namespace", "monitoring"), ("exported_namespace", "billing"), ("k8s_cluster_name", "production")]
    {
        alert.labels.insert(key, value);
    }
    story.incident.alerts = [alert].into_iter().collect();
    let content = message(&story, &MessageContext::about(Occasion::Report), Language::En);
    assert!(content.title.contains("job billing/housekeeping-29386080 in production"), "{}", content.title);
    let place = content.facts.iter().find(|(label, _)| label == "Where").map(|(_, text)| text.as_str());
    assert_eq!(place, Some("production / billing"));
}

#[test]
fn how_a_question_ended_is_said_with_who_answered_it() {
    let id = a1();
    let telling = MessageContext { action: Some(&id), ..MessageContext::about(Occasion::Answered) };
    let content = message(&stories::useless(), &telling, Language::En);
    assert!(content.title.starts_with("[Approved] "), "{}", content.title);
    assert!(content.body.contains("lin") && content.body.contains("tag checked"), "{}", content.body);
    assert_eq!(content.actions.len(), 1);
    assert!(content.actions[0].answers[0].contains("lin"), "{:?}", content.actions);
    assert!(content.links.iter().all(Link::from_alert), "what was answered has no buttons");
    let anew = message(&stories::asked(), &telling, Language::Zh);
    assert!(anew.title.starts_with("[已重新询问] "), "{}", anew.title);
}

#[test]
fn no_text_of_an_alert_makes_a_link_a_line_or_a_break() {
    let mut story = stories::escalated();
    let mut alert = story.incident.alerts.first().unwrap().clone();
    let text = "[Approve](https://evil.example#approve)\n\n---\n\n- Risk: low\n**May tidegate do this?** <at id=all></at> @all";
    for key in ["summary", "description"] {
        alert.annotations.insert(key, text);
    }
    alert.labels.insert("job_name", text);
    alert.annotations.insert("runbook_url", "https://evil.example/x)[Approve](https://evil.example/{{secret:token}}");
    alert.link = Some("javascript:alert(1)".into());
    story.incident.apply(&Entry { at: jiff::Timestamp::UNIX_EPOCH, fact: Fact::AlertsChanged { alerts: vec![alert] } });
    story.incident.alerts = [story.incident.alerts.first().unwrap().clone()].into_iter().collect();
    let content = message(&story, &MessageContext::about(Occasion::Report), Language::En);
    let body = outside_of_code(&content.body);
    let [link] = content.links.as_slice() else { panic!("one link of the alert: {:?}", content.links) };
    assert!(link.from_alert() && link.host() == "evil.example");
    assert_eq!(body.replace("\\]", "").matches("](").count(), 1, "{body}");
    assert!(
        body.contains(
            "[evil.example](https://evil.example/x%29%5BApprove%5D%28https://evil.example/%7B%7Bsecret:token%7D%7D)"
        ),
        "{body}"
    );
    assert!(!body.lines().any(|line| line == "---" || line.starts_with("- Risk")), "{body}");
    assert!(!body.contains("<at") && !body.contains("@all") && !body.contains("javascript"), "{body}");
    assert_eq!(content.body.matches("**").count() % 2, 0, "{body}");
}
