//! `/silences/new`: what a silence would hide, before there is one. The address fills the form; looking makes nothing.

use maud::{Markup, html};

use super::super::forms::{self, FormError};
use super::super::frame::{Frame, LiveUpdates, document};
use super::super::parts::{line, multiline, severity};
use crate::domain::silence::Preview;

strings! {
    new: "New silence", "新建静默";
    matchers: "What is hidden", "隐藏范围";
    matchers_help: "Matchers as everywhere: namespace=\"shop\", alertname=~\"Kube.*\"; = != =~ !~.", "匹配条件与各处相同：namespace=\"shop\", alertname=~\"Kube.*\"；= != =~ !~。";
    length: "For how long", "时长";
    until: "Or until (UTC, such as 2026-01-31T08:00:00Z)", "或截止时间（UTC，如 2026-01-31T08:00:00Z）";
    from: "From (UTC; empty: now)", "开始时间（UTC；留空为现在）";
    times: "Other times", "其他时间";
    comment: "Why (for those who wonder later)", "原因（供之后的人了解）";
    preview: "Show what it covers", "预览匹配";
    make: "Make this silence", "创建静默";
    nothing_yet: "Say what is to be hidden, and look at what that covers. Nothing is made by looking.", "填写隐藏范围并预览匹配。预览不会创建静默。";
    covers_nothing: "It covers nothing that fires now. What comes later and matches is covered.", "当前没有匹配的触发告警。之后匹配的告警会被隐藏。";
    later: "What comes later and matches is covered as well. What has ended is not counted.", "之后匹配的告警也会被隐藏。已恢复的告警不计入。";
    too_broad: "This is very broad:", "范围过大：";
    broad: "It is meant, however much it covers", "确认：无论匹配多少都静默";
    refused: "Policies do not allow this silence:", "策略不允许此静默：";
    other: "This is not what you have looked at. Look at what it covers now, then make it.", "内容与预览不同。请查看当前匹配后再创建。";
}

/// What the fields hold, as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Fields {
    /// What is hidden.
    pub matchers: String,
    /// From when on.
    pub from: String,
    /// Until when.
    pub until: String,
    /// For how long.
    #[serde(rename = "for")]
    pub length: String,
    /// Why.
    pub comment: String,
    /// Who, where nothing proves a name.
    pub person: String,
    /// Whether it is meant though it is broad.
    pub broad: String,
    /// What was looked at.
    pub seen: String,
}

/// A silence that is not made yet.
#[derive(Default)]
pub struct Drafted {
    /// What the fields hold.
    pub fields: Fields,
    /// What it would cover, and what was looked at in a short word; none where nothing was said yet.
    pub preview: Option<(Preview, String)>,
    /// Whether another one was looked at than the one that was to be made.
    pub other: bool,
    /// Why it was not made.
    pub refused: Option<FormError>,
}

/// Lengths that are often wanted.
pub(super) fn lengths() -> Markup {
    html! { datalist #lengths { @for length in ["30m", "1h", "2h", "8h", "1d", "7d"] { option value=(length) {} } } }
}

/// The page.
pub fn page(drafted: &Drafted, frame: &Frame<'_>) -> String {
    let words = strings(frame.language);
    let body = html! {
        p.small { a href="/silences" { (super::strings(frame.language).silences) } }
        h1 { (words.new) }
        (forms::error(drafted.refused.as_ref(), frame))
        @if drafted.other { p.banner.warn role="alert" { (words.other) } }
        form.answer #answer method="get" action="/silences/new" autocomplete="off" {
            (fields(drafted, frame))
            p { button type="submit" { (words.preview) } }
            @match &drafted.preview {
                None => p.empty { (words.nothing_yet) },
                Some((preview, seen)) => (make(preview, seen, drafted, frame)),
            }
        }
    };
    document(frame, words.new, &LiveUpdates::Off, &body)
}

fn fields(drafted: &Drafted, frame: &Frame<'_>) -> Markup {
    let (words, fields) = (strings(frame.language), &drafted.fields);
    let times = !fields.until.is_empty() || !fields.from.is_empty();
    html! {
        label { (words.matchers) textarea #matchers name="matchers" rows="3" maxlength="8000" required spellcheck="false" aria-describedby="matchers-help" { (multiline(&fields.matchers)) } }
        p.small #matchers-help { (words.matchers_help) }
        label { (words.length) input #for name="for" value=(line(&fields.length)) maxlength="20" list="lengths"; }
        (lengths())
        details #times open[times] {
            summary { (words.times) }
            label { (words.until) input #until name="until" value=(line(&fields.until)) maxlength="40"; }
            label { (words.from) input #from name="from" value=(line(&fields.from)) maxlength="40"; }
        }
        label { (words.comment) input #comment name="comment" value=(line(&fields.comment)) maxlength="1000"; }
    }
}

fn make(preview: &Preview, seen: &str, drafted: &Drafted, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        (covered(preview, frame))
        @if let Some(refused) = &preview.refused {
            p.banner.bad { strong { (words.refused) } " " q lang="en" { (line(refused)) } }
        } @else {
            @if let Some(broad) = &preview.broad {
                p.banner.warn { strong { (words.too_broad) } " " q lang="en" { (line(broad)) } }
                label.check { input #broad type="checkbox" name="broad" value="yes"; (words.broad) }
            }
            input type="hidden" name="seen" value=(seen);
            (forms::person_field(frame, "person", &drafted.fields.person))
            p {
                button.primary type="submit" formmethod="post" disabled[!frame.acts()] aria-describedby=[(!frame.acts()).then_some("person-why-not")] { (words.make) }
            }
        }
    }
}

/// What is covered of what fires now.
pub(super) fn covered(preview: &Preview, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let (language, more) = (frame.language, preview.alerts.saturating_sub(preview.shown.len() as u64));
    html! {
        @if preview.alerts == 0 {
            p { (words.covers_nothing) }
        } @else {
            p { strong { (sentence!(language, "Covers {} of {} alerts that fire", "匹配 {} / {} 条触发中的告警", preview.alerts, preview.of)) }
                @if preview.critical > 0 { " · " span.bad { (sentence!(language, "{} critical", "{} 条严重", preview.critical)) } } }
            ul {
                li { (sentence!(language, "Incidents that are held back: {}", "{} 个事件被暂缓处理", preview.incidents)) }
                @if preview.going_on > 0 {
                    li { (sentence!(language, "Incidents that go on all the same, because a question about them is open or a change has begun: {}", "{} 个事件照常进行：仍有待答复的问题，或变更已开始", preview.going_on)) }
                }
                @if preview.partly > 0 {
                    li { (sentence!(language, "Incidents with alerts that it does not cover, which are handled as before: {}", "{} 个事件还有未匹配的告警，照常处理", preview.partly)) }
                }
            }
            ul.rows {
                @for alert in &preview.shown {
                    li {
                        (severity(frame, alert.severity)) " "
                        @if alert.incident.is_empty() { (line(&alert.name)) } @else { a href={ "/i/" (line(&alert.incident)) } { (line(&alert.name)) } } " "
                        span.labels { @for (name, value) in alert.labels.iter().filter(|(name, _)| *name != "alertname") { code { (line(name)) "=" q { (line(value)) } } " " } }
                    }
                }
            }
            @if more > 0 { p { (language.more(usize::try_from(more).unwrap_or(usize::MAX))) } }
            p.small { (words.later) }
        }
    }
}
