//! The message as one text, for targets that have markup but neither cards nor buttons.

use super::Notification;
use crate::markdown::Markup;
use crate::text::Limit;

/// A detail of fewer units than this says nothing.
const DETAIL: usize = 120;

impl Notification {
    /// The title with `【…】` around what has happened, for markup in which `[` begins a link and has no escape.
    pub fn lenticular_title(&self) -> String {
        let title = self.title_line();
        match title.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((happened, rest)) => format!("【{happened}】{}", rest.trim_start()),
            None => title,
        }
    }

    /// `head`, which is markup already; the text that is read first; the host's links, so that no cut takes
    /// away how to answer; and as much of the detail as there is room for. The whole keeps the limit.
    pub fn post(&self, markup: &Markup, head: &str, limit: Limit) -> String {
        let (first, detail) = self.text_beside_buttons();
        let links = self.links_line(markup);
        let all = |first: &str| {
            let parts = [head, first, links.as_str()];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
        };
        let room = |used: &str| limit.most.saturating_sub(limit.unit.length(used));
        let most = room(&all("x")).saturating_add(1);
        let mut out = all(&markup.write_within(&first, Limit { most, ..limit }));
        let gap = format!("\n\n{}{}", markup.rule, if markup.rule.is_empty() { "" } else { "\n\n" });
        let most = room(&out).saturating_sub(limit.unit.length(&gap));
        if !detail.is_empty() && most >= DETAIL {
            out.push_str(&gap);
            out.push_str(&markup.write_within(&detail, Limit { most, ..limit }));
        }
        // Only a head or links that are no head and no links are longer than any limit.
        if limit.holds(&out) { out } else { markup.write_within(&first, limit) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::golden::notification;

    #[test]
    fn what_has_happened_is_seen_at_once() {
        let title = |title: &str| notification(&json!({"now-ms": 0, "alerts": [], "title": title})).lenticular_title();
        assert_eq!(title("[Fixed] A: pod [b]"), "【Fixed】A: pod [b]");
        assert_eq!(title("[Fixed"), "[Fixed");
    }

    #[test]
    fn a_cut_takes_the_detail_first_and_the_links_never() {
        let message = notification(&json!({
            "now-ms": 0, "alerts": [],
            "body-markdown": format!("{}\n\n---\n\n{}", "很长".repeat(300), "detail ".repeat(300)),
            "links": [{"purpose": "approve", "title": "Approve", "url": "https://own.example/a", "from-alert": false}],
        }));
        for markup in [Markup::WECOM, Markup::DINGTALK, Markup::ZULIP, Markup::GITHUB, Markup::PLAIN] {
            for most in [200, 900, 1800, 2500, 9000] {
                let text = message.post(&markup, "head", Limit::bytes(most));
                assert!(text.len() <= most, "{} > {most}", text.len());
                assert!(text.contains("https://own.example/a"), "{text}");
                assert_eq!(text.contains("detail"), most > 2000, "{most}: {text}");
            }
        }
    }
}
