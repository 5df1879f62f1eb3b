//! What models cost today, what was saved, and what was decided without them, as Prometheus text.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::entry::Share;
use crate::domain::listing::OpenedCount;
use crate::journal::Projection;
use crate::model::{amount, today};
use crate::ports::{Clock, Spending};

/// How long a count of incidents is shown again: counting goes through all of a day.
const FRESH: Duration = Duration::from_secs(60);

/// The counts of the day, kept for a while.
#[derive(Default)]
pub struct Daily(Mutex<Option<(Duration, String)>>);

impl Daily {
    /// Incidents of the day (UTC) by the rule that decided, and how many of them no model was asked about.
    pub fn incidents(&self, projection: &Projection, clock: &dyn Clock) -> String {
        let now = clock.elapsed();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, text)) = known.as_ref()
            && now.saturating_sub(*at) < FRESH
        {
            return text.clone();
        }
        // Where the listing cannot be read, another part says so.
        let opened = projection.opened_by_day(today(clock.now())).unwrap_or_default();
        let text = incidents(&opened);
        *known = Some((now, text.clone()));
        text
    }
}

/// A family: its name, its help, and the value of one of its rows.
type Row<T, V> = (&'static str, &'static str, fn(&T) -> V);

fn incidents(opened: &[OpenedCount]) -> String {
    let mut text = String::new();
    let rows: [Row<OpenedCount, u64>; 2] = [
        ("tidegate_incidents_today", "Incidents opened today (UTC), by rule.", |row| row.incidents),
        (
            "tidegate_incidents_today_without_model",
            "Incidents opened today (UTC) that no model was asked about, by rule.",
            |row| row.incidents.saturating_sub(row.asked),
        ),
    ];
    for (name, help, of) in rows {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for row in opened {
            let _ =
                writeln!(text, "{name}{{rule=\"{}\"}} {}", escaped(row.rule.as_deref().unwrap_or_default()), of(row));
        }
    }
    text
}

/// What each model cost today (UTC), and what earlier answers saved.
pub fn spending(spending: &Spending) -> String {
    let mut text = String::new();
    let rows: [Row<Share, String>; 3] = [
        ("tidegate_model_calls_today", "Requests to the model today (UTC).", |share| share.calls.to_string()),
        ("tidegate_model_tokens_today", "Tokens of requests and answers today (UTC), by model.", |share| {
            share.tokens().to_string()
        }),
        (
            "tidegate_model_cost_today",
            "What the model cost today (UTC), in the unit of the configured prices.",
            |share| amount(share.cost_micros),
        ),
    ];
    for (name, help, of) in rows {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for share in &spending.models {
            let _ = writeln!(text, "{name}{{model=\"{}\"}} {}", escaped(&share.model), of(share));
        }
    }
    let saved = &spending.saved;
    let rows = [
        ("tidegate_model_reused_today", "Answers that were used again today (UTC).", spending.reused.to_string()),
        (
            "tidegate_model_saved_calls_today",
            "Model requests saved today (UTC) by using earlier answers again.",
            saved.calls.to_string(),
        ),
        (
            "tidegate_model_saved_tokens_today",
            "Tokens saved today (UTC) by using earlier answers again.",
            saved.prompt_tokens.to_string(),
        ),
        (
            "tidegate_model_saved_cost_today",
            "Money saved today (UTC) by using earlier answers again, in the unit of the configured prices.",
            amount(saved.cost_micros),
        ),
    ];
    for (name, help, value) in rows {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    text
}

/// A value of a label.
pub(super) fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_told_by_rule_and_model() {
        let row = |rule: Option<&str>, incidents, asked| OpenedCount {
            day: jiff::civil::Date::default(),
            rule: rule.map(str::to_string),
            incidents,
            asked,
        };
        let text = incidents(&[row(None, 5, 2), row(Some("a\"b"), 3, 0)]);
        for line in [
            "tidegate_incidents_today{rule=\"\"} 5",
            "tidegate_incidents_today_without_model{rule=\"\"} 3",
            "tidegate_incidents_today_without_model{rule=\"a\\\"b\"} 3",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
        }
        let share =
            Share { model: "m".into(), calls: 2, prompt_tokens: 7, completion_tokens: 3, cost_micros: 1_500_000 };
        let text = spending(&Spending { models: vec![share.clone()], saved: share, reused: 4 });
        for line in [
            "tidegate_model_tokens_today{model=\"m\"} 10",
            "tidegate_model_cost_today{model=\"m\"} 1.50",
            "tidegate_model_reused_today 4",
            "tidegate_model_saved_cost_today 1.50",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
        }
    }
}
