//! Where to look: what the alerts name, and what the host knows.

use crate::domain::Incident;
use crate::domain::link::{Link, LinkPurpose};
use crate::report::Language;
use crate::report::escape::Style;

const MD: Style = Style::Markdown;

/// Addresses that an alert names: what a thumb finds is enough.
const NAMED: usize = 3;

/// The lines. What an alert names stands as its host: nobody follows it for what it calls itself.
pub(super) fn lines(incident: &Incident, links: &[Link], language: Language) -> Vec<String> {
    let headings = language.translation().headings();
    let named = links.iter().filter(|link| link.from_alert()).take(NAMED);
    let named = named.map(|link| {
        let what = if link.purpose() == LinkPurpose::Runbook { headings.runbook } else { headings.source };
        format!("{what}{}[{}]({})", headings.colon, MD.say(link.host()), escaped(link.url()))
    });
    let named = named.collect::<Vec<_>>().join(" · ");
    let mut lines = Vec::new();
    if !named.is_empty() {
        lines.push(format!("{named}{}", headings.named_by_alert));
    }
    lines.push(MD.name(&format!("tidegate incidents show {}", incident.id)));
    lines
}

/// An address within the parentheses of a link, from which it cannot get out.
fn escaped(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for letter in url.chars() {
        match letter {
            '(' | ')' | '<' | '>' | '[' | ']' | '"' | '\'' | '`' | '\\' | '*' | '_' | '~' | '|' | '{' | '}' => {
                out.push_str(&format!("%{:02X}", u32::from(letter)));
            }
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn an_address_cannot_leave_its_parentheses() {
        let bad = "https://a.example/x)[Approve](https://evil.example/`_*{{secret:token}}|<b>\"'\\";
        let good = escaped(bad);
        assert!(good.starts_with("https://a.example/x%29%5BApprove%5D%28https://evil.example/"), "{good}");
        assert!(!good.contains(['(', ')', '[', ']', '<', '>', '`', '_', '*', '{', '|', '\\', '"', '\'']), "{good}");
        let graph = "http://p.example:9090/graph?g0.expr=kube_job_failed%7Bjob%3D%22x%22%7D+%3E+0&g0.tab=1";
        assert_eq!(escaped(graph).replace("%5F", "_"), graph);
    }
}
