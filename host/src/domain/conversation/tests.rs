//! A conversation is what its entries say.

use serde_json::json;

use super::*;
use crate::domain::entry::Share;

fn entry(at: i64, fact: serde_json::Value) -> Entry<Fact> {
    Entry { at: Timestamp::from_second(at).unwrap(), fact: serde_json::from_value(fact).unwrap() }
}

fn usage(tokens: u64) -> serde_json::Value {
    let mut usage = Usage::default();
    let model = "m".to_string();
    usage.spend(Share { model, calls: 1, prompt_tokens: tokens, completion_tokens: 1, cost_micros: 5 });
    serde_json::to_value(usage).unwrap()
}

fn looked(tool: &str) -> serde_json::Value {
    json!({"kind": "looked", "call": {"tool": tool, "arguments": {"name": "web"}}, "ok": true, "text": "3 pods", "took_ms": 4})
}

fn wanted(tool: &str) -> serde_json::Value {
    let call = json!({"tool": tool, "arguments": {"name": "web"}});
    json!({"kind": "wanted", "calls": [{"id": "c", "call": call}], "text": "", "usage": usage(10)})
}

fn facts() -> Vec<Entry<Fact>> {
    let person = json!({"name": "ada"});
    let person = serde_json::to_value(Person::typed("ada")).unwrap_or(person);
    vec![
        entry(1, json!({"kind": "began", "person": person})),
        entry(2, json!({"kind": "asked", "person": person, "text": "why?\nplease"})),
        entry(3, wanted("k.get")),
        entry(4, looked("k.get")),
        entry(5, json!({"kind": "replied", "text": "it starts", "usage": usage(20)})),
        entry(6, json!({"kind": "asked", "person": person, "text": "and now?"})),
        entry(7, wanted("k.logs")),
        entry(8, looked("k.logs")),
    ]
}

fn fold(entries: &[Entry<Fact>]) -> Conversation {
    let id = ConversationId("chat-1".into());
    let mut conversation = Conversation::begin(id, &entries[0]).unwrap();
    entries[1..].iter().for_each(|entry| conversation.apply(entry));
    conversation
}

#[test]
fn a_conversation_is_a_fold_over_its_entries() {
    let entries = facts();
    let conversation = fold(&entries);
    assert_eq!((conversation.version, conversation.exchanges.len()), (8, 2));
    let ended = AnswerOutcome::Replied { text: "it starts".into(), original: None };
    assert_eq!(conversation.exchanges[0].end, Some(ended));
    assert_eq!(conversation.open().unwrap().looks().count(), 1);
    let usage = conversation.usage();
    assert_eq!((usage.calls, usage.prompt_tokens, usage.cost_micros), (3, 40, 15));
    let sealed = entries.iter().enumerate().map(|(n, entry)| Sealed::new("chat-1", n as u64 + 1, entry).unwrap());
    let sealed: Vec<Sealed> = sealed.collect();
    assert_eq!(Conversation::read(&sealed).unwrap().unwrap(), conversation);
    assert_eq!(Conversation::read(&sealed[1..]).unwrap(), None, "what has no beginning is none");
}

#[test]
fn the_case_of_a_question_holds_its_own_looks_and_turns_alone() {
    let conversation = fold(&facts());
    let case = conversation.case();
    let tools: Vec<&str> = case.looks.iter().map(|look| look.call.tool.as_str()).collect();
    assert_eq!(tools, ["k.logs"]);
    assert_eq!((case.model.turns.len(), case.model.turns[0].after_looks, case.model.calls), (1, 0, 1));
    assert_eq!((&*case.source, &*case.id.0, case.alerts.len()), (SOURCE, "chat-1", 1));
    assert_eq!(conversation.full_case().looks.len(), 2);
}

#[test]
fn a_view_says_where_it_stands() {
    let mut entries = facts();
    let view = |entries: &[Entry<Fact>], answering| ConversationView::new(&fold(entries), answering);
    assert_eq!(view(&entries, true).state, ConversationStatus::Answering);
    assert_eq!(view(&entries, false).state, ConversationStatus::Interrupted, "a crash came in the middle");
    entries.push(entry(9, json!({"kind": "interrupted", "reason": "tidegate was stopped"})));
    let got = view(&entries, false);
    assert_eq!((got.state, got.title.as_str()), (ConversationStatus::Interrupted, "why?"));
    assert_eq!(got.questions[1].answer, Some(AnswerView::Interrupted { reason: "tidegate was stopped".into() }));
    entries.push(entry(9, json!({"kind": "replied", "text": "too late", "usage": usage(1)})));
    assert_eq!(view(&entries, false), ConversationView { ..got }, "what has ended takes nothing more in");
    entries.push(entry(10, json!({"kind": "closed", "reason": "old"})));
    assert_eq!(view(&entries, false).state, ConversationStatus::Closed);
    let unasked = view(&entries[..1], false);
    assert_eq!((unasked.state, unasked.title.as_str()), (ConversationStatus::Open, ""));
}

#[test]
fn a_listing_tells_the_same_without_the_questions() {
    let mut entries = facts();
    entries.push(entry(9, json!({"kind": "interrupted", "reason": "a crash"})));
    entries.push(entry(10, json!({"kind": "replied", "text": "too late", "usage": usage(1)})));
    let incident = json!({"kind": "proposed", "incident": "i1", "actions": [], "text": "", "usage": usage(3)});
    for (n, fact) in [
        json!({"kind": "asked", "person": Person::typed("ada"), "text": "again?"}),
        incident,
        json!({"kind": "asked", "person": Person::typed("ada"), "text": "and?"}),
        json!({"kind": "failed", "reason": "no model", "usage": usage(2)}),
        json!({"kind": "closed", "reason": "old"}),
    ]
    .into_iter()
    .enumerate()
    {
        entries.push(entry(11 + n as i64, fact));
    }
    let id = ConversationId("chat-1".into());
    for count in 1..=entries.len() {
        let entries = &entries[..count];
        let summary = entries.iter().fold(None, |known, entry| Summary::after(known, &Change::from(entry))).unwrap();
        for answering in [false, true] {
            let mut whole = ConversationView::new(&fold(entries), answering);
            whole.questions.clear();
            assert_eq!(summary.clone().view(&id, answering), whole, "behind {count} entries");
        }
    }
    assert_eq!(Summary::after(None, &Change::from(&entries[1])), None, "what has no beginning is none");
}
