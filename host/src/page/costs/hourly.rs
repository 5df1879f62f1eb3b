//! What came in the last week, hour by hour, and how long it took until it was clear how incidents end.

use jiff::Timestamp;
use maud::{Markup, html};

use super::super::frame::Frame;
use super::super::parts::table_head;
use super::super::plot::{Bar, Key, bars};
use crate::backend::operations::{DurationCounts, Hour, LASTED, WeeklyCounts};
use crate::domain::Outcome;

strings! {
    came: "What came", "事件数量";
    came_title: "Incidents an hour, by how they ended", "每小时事件（按处理结果）";
    open: "not ended", "未结束";
    day: "Day (UTC)", "日期（UTC）";
    lasted: "How long it took", "处理耗时";
    lasted_why: "From the opening of an incident until it was clear how it ends, since this host was started.", "自事件开始至结果明确，自本次启动起统计。";
    within: "Within", "耗时";
    longer: "longer", "更长";
    nothing: "Nothing has ended since this host was started.", "本次启动后尚无已结束的事件。";
    table: "As a table", "表格";
}

/// Outcomes and the class of their colour.
const OUTCOMES: [(Outcome, &str); 6] = [
    (Outcome::Fixed, "good"),
    (Outcome::Resolved, "good2"),
    (Outcome::Suppressed, "dim"),
    (Outcome::ClosedByPerson, "people"),
    (Outcome::NeedsPerson, "warn"),
    (Outcome::Error, "bad"),
];
const HOURS_OF_A_DAY: usize = 24;

/// Incidents of the week by the hour; the table behind it by the day.
pub(super) fn incidents_by_hour(tallies: &WeeklyCounts, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let parts = |hours: &[Hour]| -> Vec<(&'static str, u64)> {
        let ended = |outcome: Outcome| hours.iter().filter_map(move |hour| hour.ended.get(outcome.as_str())).sum();
        let all = OUTCOMES.iter().map(|(outcome, class)| (*class, ended(*outcome)));
        all.chain([("asks", hours.iter().map(|hour| hour.open).sum())]).collect()
    };
    let hours: Vec<Bar> = tallies
        .hours
        .iter()
        .map(|hour| Bar { label: label(hour.hour, "%m-%d %H:00"), parts: parts(std::slice::from_ref(hour)) })
        .collect();
    let mut key: Vec<Key<'_>> =
        OUTCOMES.iter().map(|(outcome, class)| (*class, frame.language.outcome(*outcome))).collect();
    key.push(("asks", words.open));
    let names: Vec<&str> = [words.day].into_iter().chain(key.iter().map(|(_, name)| *name)).collect();
    html! {
        @if hours.iter().any(|bar| bar.parts.iter().any(|(_, value)| *value > 0)) {
            section aria-labelledby="came" {
                h2 #came { (words.came) }
                (bars(words.came_title, &hours, &key, |count| count.to_string()))
                details #came-table {
                    summary { (words.table) }
                    table.list {
                        (table_head(&names))
                        tbody {
                            @for day in tallies.hours.rchunks(HOURS_OF_A_DAY) {
                                tr {
                                    td { @if let Some(first) = day.first() { (label(first.hour, "%Y-%m-%d %H:00")) } }
                                    @for ((_, value), (_, name)) in parts(day).iter().zip(&key) { td { span.label { (name) ": " } (value) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn label(hour: i64, format: &str) -> String {
    Timestamp::from_second(hour.saturating_mul(3_600)).map(|at| at.strftime(format).to_string()).unwrap_or_default()
}

/// How many took how long.
pub(super) fn lasted(all: &[DurationCounts], frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let some = all.iter().any(|one| one.counts.iter().any(|count| *count > 0));
    let names: Vec<String> =
        LASTED.iter().map(|seconds| frame.texts().span(*seconds)).chain([words.longer.to_string()]).collect();
    let of = |outcome: Outcome, n: usize| {
        let found = all.iter().find(|one| one.outcome == outcome.as_str());
        found.and_then(|one| one.counts.get(n)).copied().unwrap_or(0)
    };
    let plot: Vec<Bar> = names
        .iter()
        .enumerate()
        .map(|(n, name)| Bar {
            label: name.clone(),
            parts: OUTCOMES.iter().map(|(outcome, class)| (*class, of(*outcome, n))).collect(),
        })
        .collect();
    let key: Vec<Key<'_>> =
        OUTCOMES.iter().map(|(outcome, class)| (*class, frame.language.outcome(*outcome))).collect();
    let columns: Vec<&str> = [words.within].into_iter().chain(key.iter().map(|(_, name)| *name)).collect();
    html! {
        section aria-labelledby="lasted" {
            h2 #lasted { (words.lasted) }
            p.small { (words.lasted_why) }
            @if some {
                (bars(words.lasted, &plot, &key, |count| count.to_string()))
                details #lasted-table {
                    summary { (words.table) }
                    table.list {
                        (table_head(&columns))
                        tbody {
                            @for (n, name) in names.iter().enumerate() {
                                tr { td { (name) } @for (outcome, _) in OUTCOMES { td { span.label { (frame.language.outcome(outcome)) ": " } (of(outcome, n)) } } }
                            }
                        }
                    }
                }
            } @else { p.empty { (words.nothing) } }
        }
    }
}
