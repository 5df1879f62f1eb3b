//! What people do about one incident: say that they are on it, comment, close it, have it decided anew, silence it.

use maud::{Markup, html};

use super::super::forms;
use super::super::frame::Frame;
use super::super::parts::{line, path, time};
use super::super::silences;
use super::IncidentPage;
use crate::domain::entry::IncidentCommand;
use crate::domain::{Incident, State};

strings! {
    heading: "On it", "处理";
    acknowledged: "Somebody is on it:", "已有人处理：";
    closed_by: "Closed by", "关闭人";
    silenced: "This is silenced until", "此事件已静默，截止";
    silenced_why: "Nothing is begun, asked or told about it before that.", "在此之前不会开始处理、询问或通知。";
    silence: "silence", "静默";
    silence_this: "Silence this", "静默此事件";
    comment: "Comment (required to comment and to close)", "备注（评论和关闭时必填）";
    acknowledge: "I am on it", "我来处理";
    say: "Comment", "评论";
    close: "Close", "关闭";
    rerun: "Decide anew", "重新决策";
    close_why: "Closing ends the handling; alerts that fire still open it anew when their sender repeats them. Deciding anew closes this incident and goes on in another.", "关闭将结束处理；仍在触发的告警在发送方重复时会重新打开事件。重新决策会关闭此事件并在新事件中继续。";
}

/// What somebody has seen of an incident.
pub fn version(incident: &Incident) -> String {
    forms::version(&(&incident.id, incident.updated_at, incident.state()))
}

/// What a form asks for, by the word in it.
pub fn command(says: &str) -> Option<IncidentCommand> {
    CHOICES.into_iter().find(|(word, _)| *word == says).map(|(_, says)| says)
}

const CHOICES: [(&str, IncidentCommand); 4] = [
    ("acknowledge", IncidentCommand::Acknowledge),
    ("comment", IncidentCommand::Comment),
    ("close", IncidentCommand::Close),
    ("rerun", IncidentCommand::Rerun),
];

/// That it is silenced, by what, and until when.
pub(super) fn silenced(shown: &IncidentPage, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        @if let Some(cover) = &shown.cover {
            p.banner.quiet #silenced {
                (words.silenced) " " (time(frame, cover.until)) ". " (words.silenced_why)
                @for silence in &cover.silences {
                    " · " a href={ "/silences/" (silence.id) } { (words.silence) } ": " (line(&frame.language.person(&silence.person))) ", " q { (line(&silence.comment)) }
                }
            }
        }
    }
}

/// The form; nothing where it is closed.
pub(super) fn handling(shown: &IncidentPage, frame: &Frame<'_>) -> Markup {
    let (words, incident) = (strings(frame.language), &shown.story.incident);
    let by_people = &incident.deciding.by_people;
    let name = incident.alerts.first().map(|alert| alert.name.as_str()).unwrap_or_default();
    let silence = silences::address(&silences::matchers(&incident.labels(), name));
    let buttons = [
        ("acknowledge", "primary", words.acknowledge),
        ("comment", "", words.say),
        ("rerun", "", words.rerun),
        ("close", "deny", words.close),
    ];
    html! {
        @if incident.state() != State::Closed {
            section aria-labelledby="handling" {
                h2 #handling { (words.heading) }
                @if let Some(said) = &by_people.acknowledged { p { (words.acknowledged) " " strong { (line(&frame.language.person(&said.person))) } " " (time(frame, said.at)) } }
                @if let Some((said, _)) = &by_people.closed { p { (words.closed_by) " " strong { (line(&frame.language.person(&said.person))) } } }
                p { a.button.plain #silence-this href=(silence) { (words.silence_this) } }
                details #say open[shown.refused.is_some()] {
                    summary { (words.acknowledge) " · " (words.say) " · " (words.close) " · " (words.rerun) }
                    form.answer #answer method="post" action=(path(incident)) autocomplete="off" {
                        // The first button is the one that Enter presses: it does nothing.
                        button type="submit" disabled hidden {}
                        input type="hidden" name="version" value=(version(incident));
                        (forms::person_field(frame, "person", ""))
                        label { (words.comment) input #said name="comment" maxlength="1000" disabled[!frame.acts()]; }
                        p.small { (words.close_why) }
                        p.buttons.many { @for (value, class, text) in buttons { (forms::button(frame, "person", class, ("says", value), text)) } }
                    }
                }
            }
        }
    }
}
