//! `/inspections`: what looks at whole clusters and by the clock, when it did so last, and what it found.

use maud::{Markup, html};

use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, severity, table_head, time};
use crate::backend::{InspectionView, ScheduleView};
use crate::domain::inspection::Coverage;
use crate::report::inspection::sentence;

strings! {
    inspections: "Inspections", "巡检";
    none: "No inspection is configured.", "没有配置巡检。";
    none_why: "Put an [[inspection]] into the configuration to have a whole cluster looked at each morning.", "在配置中加入 [[inspection]]，可每天检查整个集群。";
    name: "Name", "名称";
    when: "When", "时间";
    next: "Next", "下次";
    last: "Last", "上次";
    seen: "It saw", "可见范围";
    whole: "everything", "全部";
    partial: "some of it", "部分";
    nothing: "nothing: what was found before may be so or not", "无：之前的发现可能已变化";
    findings: "Findings", "发现";
    well: "Nothing is wrong, as far as it saw.", "在可见范围内没有问题。";
    since: "since", "始于";
    under_way: "under way", "进行中";
    never: "never yet", "尚未执行";
    schedules: "Schedules and heartbeats", "定时任务与心跳";
    no_schedules: "No schedule and no heartbeat is configured.", "没有配置定时任务或心跳。";
    does: "Does", "内容";
    outcome: "What came of it", "结果";
    failed: "failed", "失败";
    silent: "silent", "无心跳";
    fine: "fine", "正常";
}

/// What the page shows.
#[derive(Default)]
pub struct Inspections {
    /// Inspections.
    pub inspections: Vec<InspectionView>,
    /// Schedules and heartbeats.
    pub schedules: Vec<ScheduleView>,
}

/// Findings of one inspection that are shown.
const FINDINGS: usize = 200;

/// The page.
pub fn page(shown: &Inspections, frame: &Frame<'_>) -> String {
    let words = strings(frame.language);
    let body = html! {
        h1 { (words.inspections) }
        @if shown.inspections.is_empty() { p.empty { (words.none) " " (words.none_why) } }
        @for (n, inspection) in shown.inspections.iter().enumerate() { (one(n, inspection, frame)) }
        section aria-labelledby="schedules" {
            h2 #schedules { (words.schedules) " " span.count { (shown.schedules.len()) } }
            @if shown.schedules.is_empty() { p.empty { (words.no_schedules) } } @else { (schedules(&shown.schedules, frame)) }
        }
        p.small { code { "tidegate inspect NAME" } " · " code { "tidegate schedule run NAME" } " · " a href="/v1/inspections" { "JSON" } }
    };
    document(frame, words.inspections, &LiveUpdates::Off, &body)
}

fn one(n: usize, inspection: &InspectionView, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let sight = inspection.seen.map(|seen| match seen {
        Coverage::Whole => ("good", words.whole),
        Coverage::Partial => ("warn", words.partial),
        Coverage::None => ("bad", words.nothing),
    });
    html! {
        section aria-labelledby={ "inspection-" (n) } {
            h2 id={ "inspection-" (n) } { (line(&inspection.name)) }
            dl.facts {
                @if let Some(schedule) = &inspection.schedule { dt { (words.when) } dd { code { (line(schedule)) } } }
                @if let Some(next) = inspection.next { dt { (words.next) } dd { (time(frame, next)) } }
                dt { (words.last) } dd { @match inspection.last { Some(at) => (time(frame, at)), None => (words.never) }
                    @if let Some(why) = &inspection.failed { " " span.bad { (line(why)) } }
                    @if let Some(at) = inspection.under_way { " · " (words.under_way) " " (words.since) " " (time(frame, at)) } }
                @if let Some((class, text)) = sight { dt { (words.seen) } dd class=(class) { (text) } }
            }
            @if !inspection.findings.is_empty() {
                h3 { (words.findings) " " span.count { (inspection.findings.len()) } }
                ul.rows {
                    @for standing in inspection.findings.iter().take(FINDINGS) {
                        li { (severity(frame, standing.finding.severity)) " " (line(&sentence(&standing.finding, frame.language))) " " span.small { (words.since) " " (time(frame, standing.since)) } }
                    }
                }
                @if inspection.findings.len() > FINDINGS { p { (frame.language.more(inspection.findings.len() - FINDINGS)) } }
            } @else if inspection.seen.is_some_and(|seen| seen != Coverage::None) { p.empty { (words.well) } }
        }
    }
}

fn schedules(schedules: &[ScheduleView], frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        table.list {
            (table_head(&[words.name, frame.strings().state, words.when, words.next, words.last, words.outcome]))
            tbody {
                @for schedule in schedules {
                    tr {
                        td { strong { (line(&schedule.name)) } " " span.small { (words.does) ": " (line(&schedule.does)) } }
                        td {
                            @if schedule.failed { span.state.failed { "✖ " @if schedule.does == "heartbeat" { (words.silent) } @else { (words.failed) } } }
                            @else if schedule.under_way.is_some() { span.state { (words.under_way) } }
                            @else { span.state { (words.fine) } }
                        }
                        td { code { (line(&schedule.when)) } }
                        td { @match schedule.next { Some(at) => { span.label { (words.next) ": " } (time(frame, at)) }, None => "–" } }
                        td { @match schedule.last { Some(at) => { span.label { (words.last) ": " } (time(frame, at)) }, None => (words.never) } }
                        td lang="en" { (line(schedule.outcome.as_deref().unwrap_or("–"))) }
                    }
                }
            }
        }
    }
}
