//! The page behind a signed link: what is asked, and what became of the answer.
//!
//! HTML without a script, a picture or anything that is loaded. Everything from outside is escaped;
//! letters without a shape are shown as their number, so that the reader sees what is approved.

use jiff::Timestamp;

use super::escape::{Style, html};
use super::{Language, arguments, date, safeguards};
use crate::domain::Incident;
use crate::domain::incident::ActionRecord;
use crate::domain::text::letters::visible;
use crate::domain::text::one_line;

/// The sentences of the page.
pub(super) struct PageStrings {
    pub question: &'static str,
    pub tool: &'static str,
    pub given: &'static str,
    pub name: &'static str,
    pub own_token: &'static str,
    /// Before the name of the one for whom a link was made.
    pub made_for: &'static str,
    pub personal: &'static str,
    pub unproven: &'static str,
    pub wrong_token: &'static str,
    pub too_often: &'static str,
    pub unverified: &'static str,
    pub comment: &'static str,
    pub approve: &'static str,
    pub incident: &'static str,
    pub deny: &'static str,
    pub approved: &'static str,
    pub more: &'static str,
    pub denied: &'static str,
    pub refused: &'static str,
    pub invalid: &'static str,
    pub expired: &'static str,
    pub answered: &'static str,
    pub nameless: &'static str,
    pub foreign: &'static str,
    pub done: &'static str,
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerResult {
    /// The action is approved.
    Approved,
    /// The approval counts, and more are needed.
    MoreNeeded,
    /// The action is denied.
    Denied,
    /// The answer was not taken: a sentence.
    Refused(String),
    /// The link is wrong.
    Invalid,
    /// Nobody answered in time.
    Expired,
    /// Somebody has answered already.
    Answered,
    /// No name was given.
    Nameless,
    /// The form was sent from another site.
    Foreign,
    /// The gate wants to know who says yes.
    Unproven,
    /// Nobody has this token.
    WrongToken,
    /// Too many wrong tokens.
    TooOften,
}

/// Who reads the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader<'a> {
    /// Whoever has the link, and may answer with a typed name.
    Anybody,
    /// Whoever has the link, and must prove a name to approve.
    Unproven,
    /// The one for whom the link was made.
    Person(&'a str),
}

/// The style sheet, for the hash in the page's policy.
pub const STYLE: &str = "body{font-family:sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;line-height:1.5}\
dt{color:#555;margin-top:.6rem}dd{margin:0;overflow-wrap:anywhere}pre{background:#f4f4f4;padding:.8rem;overflow-x:auto;white-space:pre-wrap}\
form{border:1px solid #bbb;padding:.8rem;margin:1rem 0}label{display:block;margin:.4rem 0}input{width:100%;box-sizing:border-box;padding:.4rem}\
button{padding:.5rem 1.4rem;margin-top:.6rem}";

/// The question about one action with a form for each answer. `hidden` goes back with the answer.
///
/// Whom the gate asks is not shown: a link may have been passed on.
pub fn question(
    incident: &Incident,
    record: &ActionRecord,
    hidden: &[(&str, &str)],
    reader: Reader<'_>,
    language: Language,
) -> String {
    let (translation, headings, page) =
        (language.translation(), language.translation().headings(), language.translation().page());
    let action = &record.action;
    let mut rows: Vec<(&str, String)> = vec![
        (headings.incident, format!("{}: {}", incident.id, incident.title())),
        (page.tool, action.tool().into()),
        (headings.target, action.target()),
    ];
    rows.extend(safeguards::lines(action, language, Style::Plain));
    rows.push((headings.proposed_by, translation.origin(&action.origin, Style::Plain)));
    rows.push((headings.reason, action.proposal.reason.clone()));
    rows.push((headings.root_cause, action.proposal.root_cause.clone()));
    rows.extend(action.proposal.evidence.iter().take(10).map(|seen| (headings.observations, seen.clone())));
    rows.push((headings.risk, translation.risk(action.risk).to_string()));
    if let Some(ruling) = &record.ruling {
        rows.push((headings.ruling, format!("{}: {}", ruling.rule, ruling.reason)));
        rows.push((headings.until, ruling.until.map(date).unwrap_or_default()));
        let requirements = ruling.requirements();
        let wanted: usize =
            requirements.iter().flat_map(|wanted| wanted.asks(record.proposer())).map(|asked| asked.count).sum();
        if wanted > 1 {
            rows.push((page.given, format!("{}/{wanted}", record.approvers(Timestamp::MIN).count())));
        }
    }
    if let Reader::Person(name) = reader {
        rows.push((page.made_for, name.to_string()));
    }
    rows.push((headings.digest, action.digest.clone()));
    let row =
        |(label, text): &(&str, String)| format!("<dt>{}</dt><dd>{}</dd>\n", html(label), html(&one_line(text, 2000)));
    let rows: String = rows.iter().filter(|(_, text)| !text.trim().is_empty()).map(row).collect();
    let asked = arguments::displayed(incident, action, language);
    let undo = safeguards::long_undo(action).map_or_else(String::new, |undo| {
        format!("<dl><dt>{}</dt></dl>\n<pre>{}</pre>\n", html(headings.undone_by), html(&undo))
    });
    let body = format!(
        "<dl>\n{rows}<dt>{}</dt></dl>\n<pre>{}</pre>\n{undo}{}{}<p>{}</p>\n",
        html(asked.head),
        html(&visible(&asked.text)),
        form("approve", page.approve, page, hidden, reader),
        form("deny", page.deny, page, hidden, reader),
        html(match reader {
            Reader::Anybody => page.unverified,
            Reader::Unproven => page.unproven,
            Reader::Person(_) => page.personal,
        }),
    );
    document(page.question, &body, language)
}

fn form(answer: &str, label: &str, page: &PageStrings, hidden: &[(&str, &str)], reader: Reader<'_>) -> String {
    let hidden = hidden
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", html(name), html(value)));
    let hidden: String = hidden.collect();
    let field =
        |label: &str, name: &str, more: &str| format!("<label>{}<input name=\"{name}\" {more}></label>\n", html(label));
    let name = || field(page.name, "person", "maxlength=\"100\"");
    let token = |more: &str| {
        field(page.own_token, "own_token", &format!("type=\"password\" maxlength=\"100\" autocomplete=\"off\"{more}"))
    };
    let who = match reader {
        Reader::Person(_) => String::new(),
        Reader::Unproven if answer == "approve" => token(" required"),
        Reader::Unproven | Reader::Anybody => format!("{}{}", name(), token("")),
    };
    let (label, comment) = (html(label), field(page.comment, "comment", "maxlength=\"1000\""));
    format!(
        "<form id=\"{answer}\" method=\"post\" autocomplete=\"off\">\n{hidden}\
         <input type=\"hidden\" name=\"answer\" value=\"{answer}\">\n{who}{comment}\
         <button type=\"submit\">{label}</button>\n</form>\n"
    )
}

/// What became of an answer.
pub fn answer_sentence(told: &AnswerResult, language: Language) -> String {
    let page = language.translation().page();
    let (title, detail) = match told {
        AnswerResult::Approved => (page.approved, page.done),
        AnswerResult::MoreNeeded => (page.more, page.done),
        AnswerResult::Denied => (page.denied, page.done),
        AnswerResult::Refused(why) => (page.refused, why.as_str()),
        AnswerResult::Invalid => (page.refused, page.invalid),
        AnswerResult::Expired => (page.refused, page.expired),
        AnswerResult::Answered => (page.refused, page.answered),
        AnswerResult::Nameless => (page.refused, page.nameless),
        AnswerResult::Foreign => (page.refused, page.foreign),
        AnswerResult::Unproven => (page.refused, page.unproven),
        AnswerResult::WrongToken => (page.refused, page.wrong_token),
        AnswerResult::TooOften => (page.refused, page.too_often),
    };
    document(title, &format!("<p>{}</p>\n", html(&one_line(detail, 1000))), language)
}

fn document(title: &str, body: &str, language: Language) -> String {
    let (title, language) = (html(title), language.as_str());
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
}
