//! Pages about what the host holds and does besides incidents, with a text from outside wherever one may stand.

use std::sync::Arc;

use crate::backend::alerts::{AlertPage, LiveAlert};
use crate::backend::operations::{
    BudgetView, CostsView, DeclarationView, DurationCounts, PoliciesView, ServerView, ToolView, ToolsView, UseCount,
    WeeklyCounts,
};
use crate::backend::policies::{ExplainedAction, ExplainedLook, Explanation};
use crate::backend::silences::SilenceView;
use crate::backend::trials::{Obstacle, Tried};
use crate::backend::{Breaker, InspectionView, PluginView, ScheduleView};
use crate::domain::decision::{Candidate, Decision, GateRuling, RulingKind, Verdict};
use crate::domain::inspection::Coverage;
use crate::domain::silence::{CoveredAlert, CoveringSilence, HiddenCount, Preview, SilenceState};
use crate::domain::{Alert, Matcher, Mode, Origin, Outcome, Person, Risk, Severity, Silence, SilenceId, Status};
use crate::model::costs::{self as spending, Costs, Row};
use crate::page::*;
use crate::ports::IncidentRecord;

fn silence(text: &str, frame: &Frame<'_>, state: SilenceState) -> SilenceView {
    let hour = jiff::SignedDuration::from_hours(1);
    let silence = Silence {
        id: SilenceId("ffffffff-ffff-4fff-bfff-ffffffffffff".into()),
        matchers: vec![Matcher::new("namespace", text, false, true).unwrap()],
        starts_at: frame.now - hour,
        ends_at: frame.now + hour,
        updated_at: frame.now,
        person: Person::typed(text),
        changed_by: Some(Person::typed(text)),
        comment: text.into(),
    };
    SilenceView { silence, state, covers: preview(text), hidden: HiddenCount { incidents: 2, alerts: 5 } }
}

fn preview(text: &str) -> Preview {
    let labels = [("namespace", text), ("alertname", text)].into();
    let covered = CoveredAlert { incident: "i1".into(), name: text.into(), severity: Severity::Critical, labels };
    let (broad, refused) = (Some(text.to_string()), None);
    Preview {
        alerts: 3,
        of: 4,
        critical: 1,
        incidents: 1,
        going_on: 1,
        partly: 1,
        shown: vec![covered],
        broad,
        refused,
    }
}

fn fields(text: &str) -> Fields {
    let text = || text.to_string();
    Fields { matchers: text(), from: text(), length: text(), comment: text(), person: text(), ..Fields::default() }
}

fn firing(text: &str, frame: &Frame<'_>) -> AlertPage {
    let alert = Alert {
        source: "s".into(),
        name: text.into(),
        status: Status::Firing,
        severity: Severity::Error,
        labels: [("namespace", text)].into(),
        annotations: [("summary", text)].into(),
        starts_at: None,
        ends_at: None,
        fingerprint: "f".into(),
        link: Some(text.into()),
    };
    let live = |silenced_by: Vec<String>| LiveAlert {
        alert: alert.clone(),
        starts_at: frame.now,
        updated_at: frame.now,
        ends_at: frame.now,
        incident: "i1".into(),
        group: alert.labels.clone(),
        silenced_by,
        inhibited_by: vec!["x".into()],
        held_by: Some(format!("inhibit:{text}")),
    };
    let alerts = vec![live(vec!["ffffffff-ffff-4fff-bfff-ffffffffffff".into()]), live(Vec::new())];
    AlertPage { alerts, count: 9, of: 10, values: vec![(text.into(), 8), (String::new(), 1)], more_values: 1 }
}

fn selection(text: &str) -> AlertSelection {
    let matchers = vec![Matcher::new("namespace", text, false, true).unwrap()];
    AlertSelection { matchers, severity: Some(Severity::Error), held: Some(true), by: text.into(), skip: 2 }
}

fn policies_view(text: &str, frame: &Frame<'_>) -> PoliciesView {
    let used =
        UseCount { day: 1, week: 3, outcomes: [("fixed", 2), ("needs_person", 1)].into(), last: Some(frame.now) };
    let one = |kind: &'static str, used: Option<&UseCount>| DeclarationView {
        kind,
        name: text.into(),
        place: text.into(),
        description: text.into(),
        owner: text.into(),
        mode: Mode::Observe,
        used: used.cloned(),
        to: vec![text.into()],
    };
    let declared = vec![one("rule", Some(&used)), one("gate", None), one("route", None), one("silence", Some(&used))];
    let texts = || vec![text.to_string()];
    PoliciesView { describe: text.into(), declared, problems: texts(), warnings: texts(), default: UseCount::default() }
}

fn explanation(text: &str) -> ExplainPage {
    let decision = Decision {
        verdict: Verdict::Escalate,
        rule: Some(text.into()),
        reason: text.into(),
        mode: Mode::Enforce,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: String::new(),
    };
    let considered = |matched| Candidate { rule: text.into(), place: text.into(), matched, why: text.into() };
    let heard = GateRuling { gate: text.into(), ruling: RulingKind::Ask, reason: text.into() };
    let action = ExplainedAction {
        id: "a1".into(),
        tool: text.into(),
        target: text.into(),
        origin: Origin::Model,
        risk: Risk::High,
        says: RulingKind::Ask,
        by: text.into(),
        heard: vec![heard],
        ruled: None,
        state: None,
        approvals: Vec::new(),
    };
    let look = ExplainedLook {
        tool: text.into(),
        arguments: text.into(),
        origin: Origin::Model,
        then: Some(text.into()),
        now: Some(text.into()),
    };
    let explained = Explanation {
        incident: text.into(),
        title: text.into(),
        event: None,
        notes: vec![text.into()],
        decided: Some(decision.clone()),
        decision: Some(decision),
        faults: vec![text.into()],
        considered: vec![considered(true), considered(false)],
        looks: vec![look],
        actions: vec![action],
    };
    ExplainPage { incident: text.into(), body: text.into(), answer: Some(Ok(vec![explained])) }
}

fn tried(text: &str) -> Tried {
    let some = || Some(text.to_string());
    Tried {
        target: text.into(),
        plugin: text.into(),
        delivered: false,
        reference: some(),
        took_ms: 12,
        obstacle: Some(Obstacle::NotGranted),
        reason: some(),
        advice: some(),
    }
}

fn tools_view(text: &str, frame: &Frame<'_>) -> Tools {
    let some = || Some(text.to_string());
    let server = |phase| ServerView {
        name: text.into(),
        phase,
        since: Some(frame.now),
        problem: some(),
        skipped: some(),
        left_out: vec![text.into()],
        p50_ms: Some(3.2),
        p99_ms: Some(4200.0),
        ..ServerView::default()
    };
    let tool = |withheld| ToolView {
        name: text.into(),
        description: text.into(),
        undo: some(),
        by: text.into(),
        withheld,
        ..ToolView::default()
    };
    let breaker = Breaker { key: text.into(), count: 3, limit: 3, open: true, because: text.into() };
    let budget = |max| BudgetView { key: text.into(), spent: 2, max, frees: Some(frame.now) };
    let plugin = PluginView {
        name: text.into(),
        version: text.into(),
        kind: text.into(),
        state: "troubled".into(),
        from: text.into(),
        sha256: Some("ab".repeat(32)),
        offers: vec![text.into()],
        last_error: some(),
        problems: vec![text.into()],
        unmet: vec![text.into()],
        p50_ms: Some(0.1),
        ..PluginView::default()
    };
    let view = ToolsView {
        servers: ["ready", "starting", "down", "stopped"].map(server).into(),
        tools: vec![tool(None), tool(some())],
        paused: vec![text.into(), String::new()],
        breakers: vec![breaker],
        budgets: vec![budget(Some(2)), budget(None)],
        budget_count: 9,
        plugins: vec![PluginView { kind: "notifier".into(), ..plugin.clone() }, plugin],
    };
    Tools { view, resumes: true, refused: Some(FormError::Changed), tried: Some(tried(text)) }
}

fn no_costs() -> CostsPage {
    CostsPage { costs: CostsView::default(), days: 7, tallies: Arc::default(), lasted: Vec::new() }
}

fn costs_page(text: &str, frame: &Frame<'_>) -> CostsPage {
    let day = jiff::civil::Date::default();
    let row = Row { day, rule: Some(text.into()), model: text.into(), calls: 2, cost_micros: 5, ..Row::default() };
    let decided =
        spending::DecidedCount { day, rule: Some(text.into()), incidents: 3, without_model: 2, ..Default::default() };
    let none = spending::DecidedCount { rule: None, ..decided.clone() };
    let mut tallies = WeeklyCounts::until(frame.now);
    tallies.take(text, frame.now, Some(Outcome::Fixed), frame.now);
    tallies.take("", frame.now, None, frame.now);
    let costs = CostsView { costs: Costs { spent: vec![row], decided: vec![decided, none] }, left_out: 1 };
    let lasted = vec![DurationCounts { outcome: "fixed", counts: vec![1; 9] }];
    CostsPage { costs, days: 7, tallies: Arc::new(tallies), lasted }
}

fn inspections_view(text: &str, frame: &Frame<'_>) -> Inspections {
    let now = Some(frame.now);
    let inspection = InspectionView {
        name: text.into(),
        schedule: Some(text.into()),
        next: now,
        last: now,
        failed: Some(text.into()),
        seen: Some(Coverage::Partial),
        under_way: now,
        findings: Vec::new(),
    };
    let schedule = ScheduleView {
        name: text.into(),
        does: text.into(),
        when: text.into(),
        next: now,
        last: now,
        outcome: Some(text.into()),
        failed: true,
        ..ScheduleView::default()
    };
    let fine = ScheduleView { failed: false, outcome: None, next: None, ..schedule.clone() };
    Inspections { inspections: vec![inspection], schedules: vec![schedule, fine] }
}

fn token(text: &str, frame: &Frame<'_>, scopes: Vec<&'static str>) -> TokenRow {
    let at = Some(frame.now);
    TokenRow { id: text.into(), label: text.into(), expires: at.filter(|_| scopes.is_empty()), used: at, scopes }
}

fn me_view(text: &str, frame: &Frame<'_>) -> AccountPage {
    let session = |here| SessionRow { id: text.into(), began: frame.now, used: frame.now, here };
    let why = [RoleReason::Own, RoleReason::Unsaid, RoleReason::Named, RoleReason::Group(text.into())];
    AccountPage {
        name: Some(text.into()),
        way: "oidc",
        may: why.into_iter().map(|why| (text.to_string(), why)).collect(),
        groups: vec![text.into()],
        sessions: vec![session(true), session(false)],
        tokens: vec![token(text, frame, Vec::new()), token(text, frame, vec!["look"])],
        scopes: vec!["look", "approve"],
        ends: Some(frame.now),
        made: Some(CreatedToken { secret: "tg_p_x".into(), ends: Some(frame.now) }),
        refused: Some(FormError::Host(text.into())),
    }
}

fn people_view(text: &str, frame: &Frame<'_>) -> People {
    let person = |from: &str, disabled: bool| PersonRow {
        tag: "\"0\"".into(),
        name: text.into(),
        key: format!("{text} {from}"),
        from: from.into(),
        may: vec![text.into()],
        role: Some(crate::domain::Role::Responder),
        places: vec![text.into()],
        groups: vec![text.into()],
        disabled,
        tokens: vec![token(text, frame, Vec::new())],
        sessions: 2,
        seen: Some(frame.now).filter(|_| disabled),
        oneself: from == "proxy",
        last_admin: from == "accounts",
    };
    let all = ["accounts", "configuration", "oidc", "proxy"].map(|from| person(from, from != "oidc"));
    People { all: all.into(), open: false, refused: Some(FormError::Host(text.into())) }
}

/// Each page, as whoever may act sees it and as a stranger at the machine does.
pub fn pages(story: &IncidentRecord, text: &str, [frame, single]: [&Frame<'_>; 2]) -> Vec<(&'static str, String)> {
    let refused = || Some(FormError::Host(text.into()));
    let states = [SilenceState::Active, SilenceState::Pending, SilenceState::Expired];
    let views: Vec<SilenceView> = states.into_iter().map(|state| silence(text, frame, state)).collect();
    let viewer = PageUser::Person {
        name: text.into(),
        acts: false,
        here: false,
        bound: false,
        audits: false,
        administers: false,
    };
    let looks = Frame { who: &viewer, ..*frame };
    let none = SilenceList { views: Vec::new(), count: 0, state: Some(SilenceState::Expired) };
    let one = |state| OneSilence { view: silence(text, frame, state), refused: refused() };
    let drafted = || Drafted {
        fields: fields(text),
        preview: Some((preview(text), "0123456789abcdef".into())),
        other: true,
        refused: Some(FormError::Nameless),
    };
    let forbidden = Preview { refused: Some(text.into()), alerts: 0, shown: Vec::new(), broad: None, ..preview(text) };
    let forbidden = Drafted { preview: Some((forbidden, String::new())), ..drafted() };
    let covering = std::sync::Arc::new(silence(text, frame, SilenceState::Active).silence);
    let cover = Some(CoveringSilence { until: frame.now, silences: vec![covering] });
    let mut silenced = IncidentPage { story: story.clone(), cover, refused: Some(FormError::Changed) };
    silenced.story.incident.closed = None;
    vec![
        ("silences", silences(&SilenceList { views, count: 9, state: None }, frame)),
        ("no silences", silences(&none, frame)),
        ("silence", super::super::silence(&one(SilenceState::Active), frame)),
        ("silence over", super::super::silence(&one(SilenceState::Expired), single)),
        ("silence of a viewer", super::super::silence(&one(SilenceState::Active), &looks)),
        ("new silence", new_silence(&Drafted::default(), frame)),
        ("new silence seen", new_silence(&drafted(), single)),
        ("new silence of a viewer", new_silence(&drafted(), &looks)),
        ("new silence refused", new_silence(&forbidden, frame)),
        ("alerts", alerts(&firing(text, frame), &selection(text), frame)),
        ("no alerts", alerts(&AlertPage::default(), &AlertSelection::default(), single)),
        ("policies", policies(&policies_view(text, frame), frame)),
        ("no policies", policies(&PoliciesView::default(), single)),
        ("explain", explain(&ExplainPage::default(), single)),
        ("explained", explain(&explanation(text), frame)),
        ("not explained", explain(&ExplainPage { answer: Some(Err(text.into())), ..explanation(text) }, &looks)),
        ("tools", tools(&tools_view(text, frame), frame)),
        ("tools of a viewer", tools(&tools_view(text, frame), &looks)),
        ("no tools", tools(&Tools { view: ToolsView::default(), resumes: false, refused: None, tried: None }, single)),
        ("costs", costs(&costs_page(text, frame), frame)),
        ("no costs", costs(&no_costs(), single)),
        ("inspections", inspections(&inspections_view(text, frame), frame)),
        ("no inspections", inspections(&Inspections::default(), single)),
        ("me", me(&me_view(text, frame), frame)),
        ("me without a name", me(&AccountPage { name: None, may: Vec::new(), ..me_view(text, frame) }, single)),
        (
            "me of elsewhere",
            me(&AccountPage { scopes: Vec::new(), sessions: Vec::new(), made: None, ..me_view(text, frame) }, &looks),
        ),
        ("people", people(&people_view(text, frame), frame)),
        ("no people", people(&People { all: Vec::new(), open: true, refused: None }, single)),
        ("incident silenced", incident(&silenced, single)),
        ("incident of a viewer", incident(&silenced, &looks)),
    ]
}
