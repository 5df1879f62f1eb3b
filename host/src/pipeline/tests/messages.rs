//! What becomes of messages that their targets do not take.

use jiff::{SignedDuration, Timestamp};

use crate::backtest::tests::rig::Rig;
use crate::domain::delivery::{Delivery, DeliveryState, Fallback, Overtaken};
use crate::domain::incident::{answered, due, fallbacks, overtaken};
use crate::domain::message::{Stage, earlier};
use crate::domain::{ActionId, Alert, Entry, Fact, Incident, IncidentId, Mode, Occasion, Outcome, Person};

const T0: Timestamp = Timestamp::UNIX_EPOCH;

fn after(seconds: i64) -> Timestamp {
    T0 + SignedDuration::from_secs(seconds)
}

fn told(id: &str, occasion: Occasion, target: &str) -> Delivery {
    Delivery::new(id.into(), target.into(), "r".into(), occasion, T0)
}

/// A critical incident to whose people these messages are told at the beginning.
fn incident(severity: &str, deliveries: Vec<Delivery>) -> Incident {
    let alert: Alert = serde_json::from_value(serde_json::json!({
        "source": "s", "name": "n", "status": "firing", "severity": severity, "fingerprint": "f",
        "labels": {}, "annotations": {},
    }))
    .unwrap();
    let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: vec![alert] };
    let mut incident = Incident::open(IncidentId("i1".into()), &Entry { at: T0, fact: opened }).unwrap();
    let fact = Fact::Told { occasion: Occasion::Report, deliveries };
    incident.apply(&Entry { at: T0, fact });
    incident
}

fn happens(incident: &mut Incident, second: i64, fact: Fact) {
    incident.apply(&Entry { at: after(second), fact });
}

fn state<'a>(incident: &'a Incident, id: &str) -> &'a Delivery {
    incident.deliveries.iter().find(|delivery| delivery.id == id).unwrap()
}

fn failed(id: &str, retry_at: Option<i64>) -> Fact {
    Fact::DeliveryFailed { delivery: id.into(), reason: "reset".into(), retry_at: retry_at.map(after), refused: false }
}

#[test]
fn a_report_behind_which_the_same_target_hears_that_it_is_over_is_not_sent() {
    let messages = vec![told("a", Occasion::Report, "pager"), told("b", Occasion::Report, "chat")];
    let mut incident = incident("critical", messages);
    assert_eq!(overtaken(&incident, state(&incident, "a"), after(1)), None);
    let over = vec![told("c", Occasion::Resolved, "pager")];
    happens(&mut incident, 1, Fact::Told { occasion: Occasion::Resolved, deliveries: over });
    assert_eq!(overtaken(&incident, state(&incident, "a"), after(2)), Some(Overtaken::Later));
    assert_eq!(overtaken(&incident, state(&incident, "b"), after(2)), None, "chat hears nothing else");
    assert_eq!(overtaken(&incident, state(&incident, "c"), after(2)), None);
    happens(&mut incident, 3, Fact::DeliveryOvertaken { delivery: "a".into(), by: Overtaken::Later });
    assert_eq!(state(&incident, "a").state, DeliveryState::Overtaken { by: Overtaken::Later });
    let names: Vec<&str> = due(&incident, after(3)).0.iter().map(|delivery| delivery.id.as_str()).collect();
    assert_eq!(names, ["b", "c"]);
    // What arrived all the same has arrived, and what has arrived is not overtaken.
    happens(&mut incident, 4, Fact::Delivered { delivery: "b".into(), reference: None });
    happens(&mut incident, 5, Fact::DeliveryOvertaken { delivery: "b".into(), by: Overtaken::Later });
    assert_eq!(state(&incident, "b").state, DeliveryState::Delivered { reference: None });
}

#[test]
fn people_are_told_elsewhere_when_a_target_gives_up_or_a_pressing_message_stays() {
    let with = |id: &str, occasion, after_ms| Delivery {
        fallback: Some(Fallback { to: vec!["phone".into()], after_ms }),
        ..told(id, occasion, id)
    };
    for (severity, occasion, presses) in [
        ("critical", Occasion::Report, true),
        ("critical", Occasion::Resolved, false),
        ("warning", Occasion::Report, false),
        ("info", Occasion::Approval, true),
    ] {
        let mut incident = incident(severity, vec![with("a", occasion, 60_000), told("b", occasion, "b")]);
        let ready = |incident: &Incident, second| -> Vec<String> {
            fallbacks(incident, after(second)).0.iter().map(|delivery| delivery.id.clone()).collect()
        };
        assert_eq!(ready(&incident, 59), Vec::<String>::new(), "{severity} {occasion:?}");
        assert_eq!(fallbacks(&incident, after(1)).1, presses.then(|| after(60)), "{severity} {occasion:?}");
        let want: &[&str] = if presses { &["a"] } else { &[] };
        assert_eq!(ready(&incident, 60), want, "{severity} {occasion:?}");
        happens(&mut incident, 70, failed("a", None));
        assert_eq!(ready(&incident, 71), ["a"], "it was given up");
        let instead = Delivery { instead_of: Some("a".into()), ..told("a-fallback-phone", occasion, "phone") };
        happens(&mut incident, 72, Fact::Told { occasion, deliveries: vec![instead] });
        assert_eq!(ready(&incident, 99), Vec::<String>::new(), "once, and the fallback has none itself");
    }
}

#[test]
fn refusals_are_counted_one_after_the_other() {
    let mut incident = incident("warning", vec![told("a", Occasion::Report, "chat")]);
    let fails = |incident: &mut Incident, second, refused| {
        let (delivery, reason, retry_at) = ("a".to_string(), "400".to_string(), Some(after(second + 1)));
        happens(incident, second, Fact::DeliveryFailed { delivery, reason, retry_at, refused });
        (state(incident, "a").attempts, state(incident, "a").refusals)
    };
    assert_eq!(fails(&mut incident, 1, false), (1, 0));
    assert_eq!(fails(&mut incident, 2, true), (2, 1));
    assert_eq!(fails(&mut incident, 3, true), (3, 2));
    assert_eq!(fails(&mut incident, 4, false), (4, 0), "an outage between them begins anew");
    fails(&mut incident, 5, true);
    let again = Fact::DeliveryRetried { delivery: "a".into(), person: Person::typed("ada"), reason: String::new() };
    happens(&mut incident, 6, again);
    assert_eq!((state(&incident, "a").attempts, state(&incident, "a").refusals), (0, 0));
}

#[test]
fn what_was_given_up_is_tried_anew_by_a_persons_word_and_by_nothing_else() {
    let mut incident = incident("warning", vec![told("a", Occasion::Report, "chat")]);
    happens(&mut incident, 1, failed("a", Some(9)));
    assert_eq!(due(&incident, after(2)), (vec![], Some(after(9))));
    happens(&mut incident, 9, failed("a", None));
    happens(&mut incident, 10, Fact::Concluded { outcome: Outcome::NeedsPerson, reason: String::new() });
    happens(&mut incident, 11, Fact::Closed { reason: String::new() });
    assert!(incident.settled());
    let again = Fact::DeliveryRetried { delivery: "a".into(), person: Person::typed("ada"), reason: String::new() };
    happens(&mut incident, 5_000, again.clone());
    assert!(!incident.settled());
    let delivery = state(&incident, "a");
    assert_eq!((delivery.attempts, delivery.told_at), (0, Some(after(5_000))));
    assert_eq!(due(&incident, after(5_000)).0.len(), 1);
    happens(&mut incident, 5_001, Fact::Delivered { delivery: "a".into(), reference: None });
    happens(&mut incident, 5_002, again);
    assert!(incident.settled(), "what has arrived is not sent again");
}

const ASKS: &str = r#"
rule("note", #{ then: |i| remediate(act("k.note", #{ namespace: "shop", name: i.labels.app })) });
gate("note", #{ on: #{ tool: "k.note" }, ask: #{ who: "anybody", within: "10m", reason: "may it?" } });
check("seen", #{ on: #{ tool: "k.note" }, verify: |a| verification(look("k.get", #{ namespace: "shop", name: a.target_name }), #{ absent: ["$.ok"], within: "1h", every: "2s" }) });
route("all", #{ to: ["chat"] });
"#;

/// A question as it was asked, and the incident as it then stood.
fn question() -> (Incident, Delivery) {
    let mut rig = Rig::new(11, ASKS, Mode::Enforce);
    rig.fire("Torn", "web");
    rig.settle();
    let facts = rig.facts();
    let question = facts.iter().find_map(|fact| match fact {
        Fact::Told { occasion: Occasion::Approval, deliveries } => deliveries.first(),
        _ => None,
    });
    let question = question.unwrap_or_else(|| panic!("nobody is asked: {facts:#?}")).clone();
    let mut facts = facts.into_iter();
    let opened = Entry { at: T0, fact: facts.next().unwrap() };
    let mut incident = Incident::open(IncidentId("i1".into()), &opened).unwrap();
    for fact in facts {
        let asked = matches!(fact, Fact::Told { occasion: Occasion::Approval, .. });
        happens(&mut incident, 0, fact);
        if asked {
            break;
        }
    }
    (incident, question)
}

#[test]
fn a_question_that_is_over_is_not_sent() {
    let (asked, question) = question();
    let action: ActionId = question.action.clone().unwrap();
    let until = asked.action(&action).unwrap().ruling.as_ref().unwrap().until.unwrap();
    let at = until - SignedDuration::from_secs(1);
    let digest = asked.action(&action).unwrap().action.digest.clone();
    let (person, via, comment) = (Person::typed("ada"), "cli".to_string(), String::new());
    let ends: [(Option<Fact>, Timestamp, Option<Overtaken>); 6] = [
        (None, at, None),
        (None, until, Some(Overtaken::Expired)),
        (Some(Fact::Expired { action: action.clone() }), at, Some(Overtaken::Expired)),
        (
            Some(Fact::Rejected {
                action: action.clone(),
                person: person.clone(),
                via: via.clone(),
                comment: comment.clone(),
            }),
            at,
            Some(Overtaken::Answered),
        ),
        (Some(Fact::Approved { action: action.clone(), digest, person, via, comment }), at, Some(Overtaken::Answered)),
        (Some(Fact::Concluded { outcome: Outcome::Resolved, reason: String::new() }), at, Some(Overtaken::Ended)),
    ];
    for (fact, now, want) in ends {
        let mut incident = asked.clone();
        if let Some(fact) = fact.clone() {
            incident.apply(&Entry { at, fact });
        }
        assert_eq!(overtaken(&incident, state(&incident, &question.id), now), want, "{fact:?}");
    }
    // Asked anew, because what would be restored has changed: only the later question counts.
    let mut incident = asked;
    let again = Delivery { id: format!("{}-again-1", question.id), ..question.clone() };
    let fact = Fact::Told { occasion: Occasion::Approval, deliveries: vec![again.clone()] };
    incident.apply(&Entry { at, fact });
    assert_eq!(overtaken(&incident, state(&incident, &question.id), at), Some(Overtaken::Later));
    assert_eq!(overtaken(&incident, state(&incident, &again.id), at), None);
}

#[test]
fn a_question_that_is_over_is_shown_as_over_where_that_was_promised_and_once() {
    let (asked, question) = question();
    let action: ActionId = question.action.clone().unwrap();
    let until = asked.action(&action).unwrap().ruling.as_ref().unwrap().until.unwrap();
    let taken = |reference: Option<&str>| {
        let mut incident = asked.clone();
        let reference = reference.map(str::to_string);
        happens(&mut incident, 0, Fact::Delivered { delivery: question.id.clone(), reference });
        incident
    };
    let rejected = Fact::Rejected {
        action: action.clone(),
        person: Person::typed("ada"),
        via: "cli".into(),
        comment: String::new(),
    };
    let over = |incident: &Incident, now| answered(incident, now).map(|one| one.id.clone()).collect::<Vec<_>>();
    for (reference, want) in [(None, vec![]), (Some("r1"), vec![question.id.clone()])] {
        let mut incident = taken(reference);
        assert_eq!(over(&incident, T0), Vec::<String>::new(), "it is still asked");
        assert_eq!(over(&incident, until), want, "it has expired");
        happens(&mut incident, 1, rejected.clone());
        assert_eq!(over(&incident, T0), want);
        happens(&mut incident, 2, Fact::Closed { reason: String::new() });
        let left = incident.deliveries.iter().all(Delivery::settled) && !incident.settled();
        assert_eq!(left, !want.is_empty(), "it is not put away before that is said");
    }
    let mut incident = taken(Some("r1"));
    happens(&mut incident, 1, rejected);
    let id = format!("{}-answered", question.id);
    let told = Delivery::new(id.clone(), question.target.clone(), "r".into(), Occasion::Answered, T0);
    let update = Delivery { updates: Some(question.id.clone()), action: Some(action), ..told };
    happens(&mut incident, 2, Fact::Told { occasion: Occasion::Answered, deliveries: vec![update.clone()] });
    assert_eq!(over(&incident, T0), Vec::<String>::new(), "once");
    assert_eq!(overtaken(&incident, &update, after(9)), None);
    assert_eq!((update.message(), Stage::of(&incident, &update)), (question.id.as_str(), Stage::Update));
    let sent = earlier(&incident, &update);
    assert_eq!(sent.iter().map(|sent| sent.reference.as_str()).collect::<Vec<_>>(), ["r1"]);
    assert_eq!(sent[0].message, update.message());
}
