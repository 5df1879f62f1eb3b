//! The mail's HTML: what clients show without scripts, style sheets or pictures.

use tidegate_plugin::markdown::html_text;
use tidegate_plugin::notifier::{Button, Notification, Purpose};
use tidegate_plugin::text::{Limit, cut, most_that_fits};

/// Gmail cuts what is longer than 102 KB.
const PAGE: usize = 90_000;
const FACTS: usize = 12;
const FACT: Limit = Limit::characters(300);

/// The page with as much of the text as fits.
pub(crate) fn page(message: &Notification) -> String {
    let (first, detail) = message.text_beside_buttons();
    let most = first.length() + detail.length();
    let written = |most: usize| {
        let rest = most.saturating_sub(first.length());
        let detail = if rest == 0 { String::new() } else { detail.beginning(rest).to_html() };
        frame(message, &first.beginning(most).to_html(), &detail)
    };
    most_that_fits(most, written, |page| page.len() <= PAGE)
}

fn frame(message: &Notification, first: &str, detail: &str) -> String {
    let (colour, title) = (message.tone().hex(), html_text(&message.title_line()));
    let buttons: String = message.buttons().iter().map(|one| button(one, &colour)).collect();
    let rows: String = message.facts.iter().take(FACTS).map(|(name, value)| row(name, value)).collect();
    let part = |html: &str, open: &str, close: &str| match html {
        "" => String::new(),
        html => format!("{open}{html}{close}\n"),
    };
    format!(
        "<div style=\"max-width:680px;font:15px/1.45 sans-serif;color:#1d2939\">\n\
         <h2 style=\"font-size:18px;margin:0 0 12px;padding:2px 0 2px 10px;border-left:6px solid {colour}\">{title}</h2>\n\
         {first}{}{}{}</div>\n",
        part(&buttons, "<p>", "</p>"),
        part(&rows, "<table style=\"font-size:13px;border-collapse:collapse\">\n", "</table>"),
        part(
            detail,
            "<hr style=\"border:0;border-top:1px solid #d0d5dd\">\n<div style=\"font-size:13px\">\n",
            "</div>"
        ),
    )
}

fn button(button: &Button, colour: &str) -> String {
    let colour = match button.purpose {
        Purpose::Approve => "#067647",
        Purpose::Deny => "#b42318",
        Purpose::Incident | Purpose::Runbook | Purpose::Source => colour,
    };
    format!(
        "<a href=\"{}\" style=\"display:inline-block;margin:0 8px 8px 0;padding:8px 14px;border-radius:4px;\
         background:{colour};color:#ffffff;text-decoration:none\">{} ({})</a>",
        html_text(&button.link.url),
        html_text(&button.title),
        html_text(&button.link.host),
    )
}

fn row(name: &str, value: &str) -> String {
    let text = |text: &str| html_text(&cut(text, FACT));
    format!("<tr><td style=\"padding:2px 12px 2px 0;color:#667085\">{}</td><td>{}</td></tr>\n", text(name), text(value))
}
