//! `/costs`: what models have cost and what went without one, by rule and day; what came, and how long it took.

mod hourly;

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, table_head};
use super::plot::{Bar, bars};
use crate::backend::operations::{CostsView, DurationCounts, WeeklyCounts};
use crate::model::amount;
use crate::model::costs::{Costs, DecidedCount, Row};

strings! {
    costs: "Costs", "费用";
    days: "Days", "天数";
    day: "Day (UTC)", "日期（UTC）";
    rule: "Rule", "规则";
    model: "Model", "模型";
    incidents: "Incidents", "事件";
    without: "Without a model", "未用模型";
    calls: "Calls", "调用";
    tokens: "Tokens", "令牌数";
    cost: "Cost", "费用";
    saved: "Saved", "节省";
    with: "a model was asked", "使用了模型";
    no_rule: "(no rule)", "（无规则）";
    by_rule: "By rule", "按规则";
    by_day: "By day", "按日期";
    by_model: "By model", "按模型";
    share_title: "Incidents a day, with and without a model", "每日事件（是否使用模型）";
    cost_title: "Spent a day", "每日费用";
    nothing: "There was no incident in these days, and no model was asked.", "这些天没有事件，也未使用模型。";
    left_out: "There is more than is counted here at once; the oldest incidents are missing:", "数据过多，此处未计入最早的事件：";
    whole: "`tidegate costs` counts all of it.", "tidegate costs 可统计全部数据。";
    unit: "Amounts are in the unit of the prices that are configured; without prices they are 0.", "金额单位取决于配置的价格；未配置时为 0。";
}

/// What the page shows.
pub struct CostsPage {
    /// What was spent and saved.
    pub costs: CostsView,
    /// Of how many days.
    pub days: u32,
    /// What came in the last week.
    pub tallies: std::sync::Arc<WeeklyCounts>,
    /// How long incidents took since the start.
    pub lasted: Vec<DurationCounts>,
}

/// Rows of a table; the rest is counted.
const ROWS: usize = 100;
/// How many days may be looked back.
const CHOICES: [u32; 4] = [1, 7, 14, 31];

/// The page.
pub fn page(page: &CostsPage, frame: &Frame<'_>) -> String {
    let (words, costs) = (strings(frame.language), &page.costs.costs);
    let body = html! {
        h1 { (words.costs) }
        p.chips { (words.days) " " @for days in CHOICES { a.chip href={ "/costs?days=" (days) } aria-current=[(page.days == days).then_some("true")] { (days) } } }
        @if page.costs.left_out > 0 { p.banner.warn { (words.left_out) " " (page.costs.left_out) ". " (words.whole) } }
        @if costs.decided.is_empty() && costs.spent.is_empty() { p.empty { (words.nothing) } } @else {
            (sum(costs, frame))
            (plots(costs, frame))
            (decided("by-rule", words.by_rule, &by(&costs.decided, |row| row.rule.clone().unwrap_or_default()), costs, words.rule, frame))
            (decided("by-day", words.by_day, &by(&costs.decided, |row| row.day.to_string()), costs, words.day, frame))
            (models(costs, frame))
            p.small { (words.unit) }
        }
        (hourly::incidents_by_hour(&page.tallies, frame))
        (hourly::lasted(&page.lasted, frame))
        p.small { code { "tidegate costs --days " (page.days) } }
    };
    document(frame, words.costs, &LiveUpdates::Off, &body)
}

fn add(sum: &mut DecidedCount, row: &DecidedCount) {
    sum.incidents += row.incidents;
    sum.without_model += row.without_model;
    sum.reused += row.reused;
    sum.saved_calls += row.saved_calls;
    sum.saved_tokens += row.saved_tokens;
    sum.saved_micros += row.saved_micros;
}

/// The sums of rows that have the same word.
fn by(rows: &[DecidedCount], word: impl Fn(&DecidedCount) -> String) -> BTreeMap<String, DecidedCount> {
    let mut all: BTreeMap<String, DecidedCount> = BTreeMap::new();
    rows.iter().for_each(|row| add(all.entry(word(row)).or_default(), row));
    all
}

fn spent<'a>(rows: impl Iterator<Item = &'a Row>) -> Row {
    rows.fold(Row::default(), |mut sum, row| {
        sum.calls += row.calls;
        sum.prompt_tokens += row.prompt_tokens;
        sum.completion_tokens += row.completion_tokens;
        sum.cost_micros += row.cost_micros;
        sum
    })
}

fn sum(costs: &Costs, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let mut all = DecidedCount::default();
    costs.decided.iter().for_each(|row| add(&mut all, row));
    let spent = spent(costs.spent.iter());
    html! {
        dl.facts {
            dt { (words.incidents) } dd { (all.incidents) " · " (words.without) " " strong { (all.share()) " %" } }
            dt { (words.cost) } dd { strong { (amount(spent.cost_micros)) } " · " (words.calls) " " (spent.calls) " · " (words.tokens) " " (spent.prompt_tokens + spent.completion_tokens) }
            dt { (words.saved) } dd { (amount(all.saved_micros)) " · " (words.calls) " " (all.saved_calls) }
        }
    }
}

fn plots(costs: &Costs, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let by_day = by(&costs.decided, |row| row.day.to_string());
    let share: Vec<Bar> = by_day
        .iter()
        .map(|(day, row)| Bar {
            label: day.clone(),
            parts: vec![("good", row.without_model), ("warn", row.incidents.saturating_sub(row.without_model))],
        })
        .collect();
    let mut money: BTreeMap<String, u64> = by_day.keys().map(|day| (day.clone(), 0)).collect();
    costs.spent.iter().for_each(|row| *money.entry(row.day.to_string()).or_default() += row.cost_micros);
    let money: Vec<Bar> =
        money.into_iter().map(|(label, micros)| Bar { label, parts: vec![("warn", micros)] }).collect();
    html! {
        (bars(words.share_title, &share, &[("good", words.without), ("warn", words.with)], |count| count.to_string()))
        (bars(words.cost_title, &money, &[("warn", words.cost)], amount))
    }
}

fn decided(
    id: &str,
    heading: &str,
    rows: &BTreeMap<String, DecidedCount>,
    costs: &Costs,
    first: &str,
    frame: &Frame<'_>,
) -> Markup {
    let words = strings(frame.language);
    let is_rule = id == "by-rule";
    let spent_by = |name: &str| {
        spent(costs.spent.iter().filter(|row| match is_rule {
            true => row.rule.as_deref().unwrap_or_default() == name,
            false => row.day.to_string() == name,
        }))
    };
    let mut rows: Vec<(&String, &DecidedCount)> = rows.iter().collect();
    if is_rule {
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.incidents));
    } else {
        rows.reverse();
    }
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (heading) }
            table.list {
                (table_head(&[first, words.incidents, words.without, words.calls, words.cost, words.saved]))
                tbody {
                    @for (name, row) in rows.iter().take(ROWS) {
                        @let spent = spent_by(name);
                        tr {
                            td { @if name.is_empty() { (words.no_rule) } @else { (line(name)) } }
                            td { span.label { (words.incidents) ": " } (row.incidents) }
                            td { span.label { (words.without) ": " } (row.without_model) " (" (row.share()) " %)" }
                            td { span.label { (words.calls) ": " } (spent.calls) }
                            td { span.label { (words.cost) ": " } (amount(spent.cost_micros)) }
                            td { span.label { (words.saved) ": " } (amount(row.saved_micros)) }
                        }
                    }
                }
            }
            @if rows.len() > ROWS { p { (frame.language.more(rows.len() - ROWS)) } }
        }
    }
}

fn models(costs: &Costs, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let names: std::collections::BTreeSet<&str> = costs.spent.iter().map(|row| row.model.as_str()).collect();
    html! {
        @if !names.is_empty() {
            section aria-labelledby="by-model" {
                h2 #by-model { (words.by_model) }
                table.list {
                    (table_head(&[words.model, words.calls, words.tokens, words.cost]))
                    tbody {
                        @for name in names.iter().take(ROWS) {
                            @let spent = spent(costs.spent.iter().filter(|row| row.model == **name));
                            tr {
                                td { code { @if name.is_empty() { "–" } @else { (line(name)) } } }
                                td { span.label { (words.calls) ": " } (spent.calls) }
                                td { span.label { (words.tokens) ": " } (spent.prompt_tokens + spent.completion_tokens) }
                                td { span.label { (words.cost) ": " } (amount(spent.cost_micros)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
