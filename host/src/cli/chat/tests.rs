//! What a terminal shows of a conversation.

use serde_json::json;

use super::render;
use crate::chat::RulingView;
use crate::domain::conversation::{AnswerView, ConversationStatus, ConversationView};

#[test]
fn a_proposal_says_how_it_stands_and_who_decides() {
    let ruling = json!({"action": "a1", "tool": "k.patch", "target": "k:shop/web", "state": "asked", "gate": "g", "reason": "it changes what runs"});
    let ruling: RulingView = serde_json::from_value(ruling).unwrap();
    let answer = AnswerView::Proposed { incident: "i1".into(), actions: Vec::new(), text: "I would patch.".into() };
    let screen = render::answer_end(&answer, &[ruling]);
    for part in [
        "Proposed as incident i1; nothing is changed by asking:",
        "a1  k.patch on k:shop/web: asked by gate g: it changes what runs",
        "tidegate approve i1 a1",
    ] {
        assert!(screen.text().contains(part), "{}", screen.text());
    }
    assert_eq!(render::answer_end(&AnswerView::Replied { text: "x".into() }, &[]).text(), "");
}

#[test]
fn a_conversation_shows_looks_refusals_and_what_was_broken_off() {
    let view = json!({
        "id": "chat-1", "state": "interrupted", "person": "ada", "incident": "i1", "began_at": "t", "updated_at": "t", "title": "why?",
        "calls": 2, "tokens": 30, "cost_micros": 0,
        "questions": [
            {"at": "t", "person": "ada", "text": "why?", "looks": [
                {"tool": "k.get", "arguments": {"name": "web"}, "ok": false, "refused": "no-secrets", "text": "it reads secrets"},
            ], "answer": {"kind": "replied", "text": "I do not know.\u{1b}[2J\nforged"}},
            {"at": "t", "person": "ada", "text": "and?", "looks": [], "answer": {"kind": "interrupted", "reason": "a crash"}},
        ],
    });
    let view: ConversationView = serde_json::from_value(view).unwrap();
    let mut cut = view.clone();
    cut.questions[1].answer = None;
    assert!(render::conversation(&cut).text().contains("broken off: tidegate ended"), "a crash leaves no end");
    cut.state = ConversationStatus::Answering;
    assert!(render::conversation(&cut).text().contains("(no answer yet)"));
    let text = render::conversation(&view).text().to_string();
    for part in [
        "chat-1 of ada: interrupted, about incident i1",
        "… k.get {\"name\":\"web\"}",
        "  refused by gate no-secrets: it reads secrets",
        "I do not know.\\u{1b}[2J\n    forged",
        "(the answer was broken off: a crash)",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(render::list(&[view]).text().contains("chat-1"));
    assert!(render::list(&[]).text().contains("no conversations"));
}
