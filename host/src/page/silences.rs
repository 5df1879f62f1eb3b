//! `/silences`: what is hidden, by whom, until when, and how much of it there is.

mod new;
mod one;

use maud::{Markup, html};

pub use self::new::{Drafted, Fields, page as new};
pub use self::one::{SilencePage, page as one, version};
use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, table_head, time};
use crate::backend::silences::SilenceView;
use crate::domain::Labels;
use crate::domain::matcher::{Matcher, format_all};
use crate::domain::silence::SilenceState;

strings! {
    silences: "Silences", "静默";
    new: "New silence", "新建静默";
    what: "Hides", "隐藏范围";
    by: "By", "创建人";
    until: "Until", "截止";
    hides: "Hides now", "当前隐藏";
    hidden: "Has hidden", "累计隐藏";
    current: "Not over", "未结束";
    nothing: "Nothing is silenced.", "没有静默。";
    nothing_why: "What fires is decided on and told as policies say. Who knows of something for a while can make a silence.", "所有触发的告警都按策略决策并通知。若已知情，可暂时静默。";
    unmatched: "covers nothing now", "当前没有匹配";
}

/// The silences that are shown.
pub struct SilenceList {
    /// They, as far as they are shown.
    pub views: Vec<SilenceView>,
    /// How many there are.
    pub count: usize,
    /// Which ones; none for those that are not over.
    pub state: Option<SilenceState>,
}

/// A state in words.
pub(super) fn state(state: SilenceState, frame: &Frame<'_>) -> Markup {
    let word = match state {
        SilenceState::Active => sentence!(frame.language, "in force", "生效中"),
        SilenceState::Pending => sentence!(frame.language, "not begun", "未开始"),
        SilenceState::Expired => sentence!(frame.language, "over", "已结束"),
    };
    html! { span class={ "state silence-" (state.as_str()) } { (word) } }
}

/// How many alerts of how many incidents.
pub(super) fn amount(alerts: u64, incidents: u64, frame: &Frame<'_>) -> String {
    sentence!(frame.language, "alerts: {}, incidents: {}", "{} 条告警，{} 个事件", alerts, incidents)
}

/// The address of a new silence that these matchers fill.
pub fn address(matchers: &[Matcher]) -> String {
    let text = format_all(matchers);
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("matchers", &text).finish();
    format!("/silences/new?{query}")
}

/// What a silence about alerts with these labels would be: all that they have in common.
pub fn matchers(labels: &Labels, alertname: &str) -> Vec<Matcher> {
    let named = labels.get("alertname").is_none() && !alertname.is_empty();
    let name = named.then(|| Matcher::new("alertname", alertname, false, true));
    let labels = labels.iter().filter(|(_, value)| !value.is_empty());
    let all = labels.map(|(name, value)| Matcher::new(name, value, false, true));
    name.into_iter().chain(all).filter_map(Result::ok).take(crate::domain::silence::MATCHERS).collect()
}

/// The page.
pub fn page(list: &SilenceList, frame: &Frame<'_>) -> String {
    let words = strings(frame.language);
    let choices = [
        (None, words.current.to_string()),
        (Some(SilenceState::Active), sentence!(frame.language, "In force", "生效中")),
        (Some(SilenceState::Pending), sentence!(frame.language, "Not begun", "未开始")),
        (Some(SilenceState::Expired), sentence!(frame.language, "Over", "已结束")),
    ];
    let body = html! {
        h1 { (words.silences) }
        p { a.button href="/silences/new" { (words.new) } }
        p.chips {
            @for (state, name) in choices {
                @let query = state.map_or_else(String::new, |state| format!("?state={}", state.as_str()));
                a.chip href={ "/silences" (query) } aria-current=[(list.state == state).then_some("true")] { (name) }
            }
        }
        @if list.views.is_empty() {
            p.empty { (words.nothing) } p.empty { (words.nothing_why) }
        } @else {
            (table(list, frame))
            @if list.count > list.views.len() { p { (frame.language.more(list.count - list.views.len())) } }
        }
        p.small { a href="/v1/silences" { "JSON" } " · " code { "tidegate silence" } }
    };
    document(frame, words.silences, &LiveUpdates::Off, &body)
}

fn table(list: &SilenceList, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        table.list {
            (table_head(&[words.what, frame.strings().state, words.until, words.by, words.hides, words.hidden]))
            tbody { @for view in &list.views { (row(view, frame)) } }
        }
    }
}

fn row(view: &SilenceView, frame: &Frame<'_>) -> Markup {
    let (words, silence) = (strings(frame.language), &view.silence);
    html! {
        tr {
            td { a href={ "/silences/" (silence.id) } { code { (line(&format_all(&silence.matchers))) } } br; span.small { (line(&silence.comment)) } }
            td { span.label { (frame.strings().state) ": " } (state(view.state, frame)) }
            td {
                span.label { (words.until) ": " } (time(frame, silence.ends_at))
            }
            td { span.label { (words.by) ": " } (line(&frame.language.person(&silence.person))) }
            td {
                span.label { (words.hides) ": " }
                @if view.state != SilenceState::Active { "–" }
                @else if view.covers.alerts == 0 { (words.unmatched) }
                @else { (amount(view.covers.alerts, view.covers.incidents, frame)) }
            }
            td { span.label { (words.hidden) ": " } (amount(view.hidden.alerts, view.hidden.incidents, frame)) }
        }
    }
}
