//! Pages of incidents as the journal would have them: nothing from outside is more than text, both languages say the same,
//! and a first visit is small.

mod accessible;
mod html;
mod more;

use jiff::Timestamp;

use self::html::{Tag, tags};
use super::assets::{self, ICON, SCRIPT, STYLE};
use super::*;
use crate::domain::audit::{AuditEntry, AuditOutcome, AuditView, Channel};
use crate::domain::incident::ActionState;
use crate::domain::requirement::ApprovalRefusal;
use crate::domain::text::letters::is_invisible;
use crate::domain::{Mode, Person, State};
use crate::ports::IncidentRecord;
use crate::report::Language;
use crate::report::tests::stories;

const LANGUAGES: [Language; 2] = [Language::En, Language::Zh];

/// Texts that try to leave their place.
const HOSTILE: [&str; 3] = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}\u{1b}[2J\u{200b}&amp;<!-- ",
    "\"'><svg onload=alert(1)> x=\" onmouseover=alert(1) </title></textarea></pre><style>*{}</style>",
    "javascript:alert(1)",
];

fn host() -> HostView {
    HostView {
        mode: Mode::Enforce,
        problems: vec!["the MCP server github is down: 401".into()],
        counts: vec![(State::AwaitingApproval, 1), (State::Acting, 2)],
        ..HostView::default()
    }
}

/// Something that somebody did, in these words.
fn audited(text: &str) -> Vec<AuditView> {
    let at = Timestamp::UNIX_EPOCH;
    let one = |person| AuditEntry {
        person,
        way: Channel::Api,
        from: text.into(),
        route: text.into(),
        object: text.into(),
        outcome: AuditOutcome::Refused,
        status: 403,
        why: text.into(),
        times: 9,
        since: Some(at),
        until: Some(at),
    };
    let people = [None, Some(Person::typed(text))];
    people.into_iter().map(|person| AuditView::new(1, at, one(person))).collect()
}

fn asks(said: SignIn, text: &str) -> SignInPage<'_> {
    let provider = Some(ProviderButton { name: text.into(), away: true });
    SignInPage { said, passwords: true, provider, lost: true, to: text }
}

/// Every page that shows something of this story, by name.
fn pages(story: &IncidentRecord, host: &HostView, language: Language, text: &str) -> Vec<(&'static str, String)> {
    let who =
        PageUser::Person { name: text.into(), acts: true, here: true, bound: false, audits: true, administers: true };
    let now = story.entries.last().unwrap().at + jiff::SignedDuration::from_secs(90);
    let frame = Frame { language, now, who: &who, host, here: "/" };
    let single = Frame { who: &PageUser::Single, ..frame };
    let nobody = Frame { who: &PageUser::Nobody, ..frame };
    let incident = || story.incident.clone();
    let of = |incidents| OverviewPage {
        asked: vec![incident()],
        people: vec![incident()],
        more_people: true,
        working: vec![incident()],
        newest: incidents,
    };
    let listing = Listing { incidents: vec![incident()], next: Some(text.into()), looked_at: 1 };
    let selection = Selection { text: text.into(), source: text.into(), rule: text.into(), ..Selection::default() };
    let none = Listing { incidents: Vec::new(), next: None, looked_at: 0 };
    let mut pages = vec![
        ("now", now_page(&of(vec![incident()]), &frame)),
        ("incidents", incidents(&listing, &selection, &frame)),
        ("no incidents", incidents(&none, &selection, &frame)),
        ("incident", super::incident(&IncidentPage { story: story.clone(), cover: None, refused: None }, &frame)),
        (
            "audit",
            audit(&audited(text), &AuditFilter { person: text.into(), ..AuditFilter::default() }, Some(7), &frame),
        ),
        ("sign-in", sign_in(&asks(SignIn::Wrong, text), &nobody)),
        (
            "no role",
            sign_in(&asks(SignIn::NoRole { name: text.into(), groups: Some(vec![text.into()]) }, text), &nobody),
        ),
        ("denied", sign_in(&asks(SignIn::Denied(text.into()), text), &nobody)),
        ("signed out", signed_out(text, "https://id.example/out?a=b", &nobody)),
        ("message", message(&Message::Gone(text.into()), &single)),
    ];
    for (n, may) in [
        AnswerRights::Answer,
        AnswerRights::Deny(ApprovalRefusal::NotAsked {
            name: text.into(),
            gate: text.into(),
            groups: vec![text.into()],
        }),
        AnswerRights::Look,
    ]
    .into_iter()
    .enumerate()
    {
        let Some(record) = story.incident.actions.first() else { continue };
        let mut asked = record.clone();
        asked.state = if n == 2 { record.state } else { ActionState::Asked };
        let others = vec![(text.to_string(), text.to_string())];
        let not_taken = [AnswerError::Host(text.into()), AnswerError::Untyped(text.into()), AnswerError::Changed]
            .into_iter()
            .nth(n);
        let shown = Approval { story, record: &asked, may, not_taken, others };
        pages.push(("approval", approval(&shown, if n == 0 { &single } else { &frame })));
    }
    pages.extend(more::pages(story, text, [&frame, &single]));
    pages
}

use super::now as now_page;

#[test]
fn nothing_from_outside_is_more_than_text() {
    for text in HOSTILE {
        let story = stories::hostile_with(text);
        let mut host = host();
        (host.ready, host.problems, host.paused, host.policies) =
            (false, vec![text.into()], vec![text.into()], vec![text.into()]);
        for language in LANGUAGES {
            for (name, page) in pages(&story, &host, language, text) {
                let tags = tags(&page);
                for tag in &tags {
                    assert!(tag.is_ours(), "{name}: {tag:?}");
                }
                let scripts: Vec<&Tag> = tags.iter().filter(|tag| tag.name == "script").collect();
                assert!(matches!(scripts[..], [one] if one.value("src") == Some(&SCRIPT.path)), "{name}: {scripts:?}");
                assert!(!page.contains("<!--") && page.matches("</title>").count() == 1, "{name}");
                let hidden: Vec<char> =
                    page.chars().filter(|letter| *letter != '\n' && is_invisible(*letter)).collect();
                assert!(hidden.is_empty(), "{name}: {hidden:?}");
            }
        }
    }
}

#[test]
fn both_languages_show_the_same() {
    for story in [stories::asked(), stories::fixed(), stories::useless(), stories::observed(), stories::escalated()] {
        let [en, zh] = LANGUAGES.map(|language| pages(&story, &host(), language, "x"));
        for ((name, en), (_, zh)) in en.iter().zip(&zh) {
            let shape = |page: &str| -> Vec<(String, Option<String>)> {
                tags(page).iter().map(|tag| (tag.name.clone(), tag.value("id").map(str::to_string))).collect()
            };
            assert_eq!(shape(en), shape(zh), "{name}");
            assert!(en.contains("<html lang=\"en\">") && zh.contains("<html lang=\"zh\">"));
            assert_ne!(en, zh);
        }
    }
}

#[test]
fn whoever_approves_sees_all_that_a_yes_binds() {
    let story = stories::asked();
    let record = story.incident.actions.first().unwrap();
    let shown = Approval { story: &story, record, may: AnswerRights::Answer, not_taken: None, others: Vec::new() };
    let now: Timestamp = "2025-06-04T09:50:00Z".parse().unwrap();
    let host = host();
    let frame = Frame { language: Language::En, now, who: &PageUser::Single, host: &host, here: "/i/i7k2m9/a1" };
    let page = approval(&shown, &frame);
    let mut at = 0;
    for part in [
        "May tidegate do this?",
        "10 min left",
        "kubernetes.patch",
        "<strong>kubernetes</strong>",
        "deployment",
        "high: can break something",
        "kubernetes.rollout_undo",
        "Success is judged by",
        "the language model",
        "a guess, not a finding",
        "patches-need-a-person",
        "sre",
        "nobody yet",
        "No answer until 10:00:00 UTC means no.",
        "a yes is executed at once",
        "nginx:1.25",
        "Your name",
        "value=\"deny\"",
        "value=\"approve\"",
    ] {
        let found = page[at..].find(part);
        assert!(found.is_some(), "{part} is missing, or not in its place:\n{page}");
        at += found.unwrap();
    }
    let digest: String = record.action.digest.chars().take(4).collect();
    assert!(page.contains(&format!("{digest} ")) && page.contains(&format!("value=\"{}\"", record.action.digest)));
}

#[test]
fn what_cannot_be_taken_back_or_reaches_everything_wants_its_name_typed() {
    let story = stories::asked();
    let mut action = story.incident.actions.first().unwrap().action.clone();
    assert_eq!(confirmation(&action), None);
    action.touches.names = vec!["*".into()];
    assert_eq!(confirmation(&action).as_deref(), Some("kubernetes"));
    action.touches.names = vec!["web".into()];
    action.risk = crate::domain::Risk::Irreversible;
    assert_eq!(confirmation(&action).as_deref(), Some("web"));
}

#[test]
fn a_first_visit_is_small() {
    let story = stories::asked();
    let many = || (0..50).map(|_| story.incident.clone()).collect::<Vec<_>>();
    let host = host();
    let now = story.entries.last().unwrap().at;
    for language in LANGUAGES {
        let frame = Frame { language, now, who: &PageUser::Single, host: &host, here: "/" };
        let shown = OverviewPage { asked: many(), people: many(), more_people: false, working: many(), newest: many() };
        let page = assets::pack(now_page(&shown, &frame).as_bytes()).len();
        let loaded: usize = [&*STYLE, &*SCRIPT, &*ICON].iter().map(|asset| asset.packed.len()).sum();
        assert!(page + loaded <= 60 << 10, "{page} and {loaded} bytes");
    }
    assert!(SCRIPT.plain.len() < 12 << 10, "the module has {} bytes", SCRIPT.plain.len());
    for asset in [&*STYLE, &*SCRIPT, &*ICON] {
        assert!(assets::find(&asset.path).is_some_and(|found| found.plain == asset.plain));
    }
    assert!(assets::find("/s/page.000000000000.js").is_none());
}
