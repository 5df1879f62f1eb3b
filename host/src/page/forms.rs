//! Parts of forms that change something: who speaks, what was seen, why a word was not taken.

use maud::{Markup, html};
use sha2::{Digest, Sha256};

use super::frame::{Frame, PageUser};
use super::parts::line;

strings! {
    acting_as: "You act as", "您的操作身份：";
    looks_only: "You may look and change nothing. Somebody with the role responder could.", "您只能查看，不能更改。具有 responder 角色的人可以更改。";
    not_done: "Nothing was changed.", "未做任何变更。";
    has_changed: "What stands here has changed since you saw it. Look again.", "内容在您查看之后已发生变化，请重新查看。";
    not_here: "Your role does not permit this, or not here.", "您的角色不允许此操作，或不适用于此处。";
    nameless: "It needs the name of a person.", "需要填写姓名。";
    unproven: "Nothing proves this name; the journal says so.", "此姓名未经证实，日志会注明。";
}

/// Why a form changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormError {
    /// What stands there is not what was seen.
    Changed,
    /// No name was given.
    Nameless,
    /// What the host said, in English.
    Host(String),
}

/// What somebody has seen, in a short word: a form sends it along, and what has changed meanwhile is shown first.
pub fn version(parts: &impl serde::Serialize) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(parts).unwrap_or_default());
    hex::encode(hash.finalize()).chars().take(16).collect()
}

/// Says that nothing was changed, and why.
pub(super) fn error(why: Option<&FormError>, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        @if let Some(why) = why {
            div.banner.bad role="alert" #refused {
                strong { (words.not_done) } " "
                @match why {
                    FormError::Changed => (words.has_changed),
                    FormError::Nameless => (words.nameless),
                    FormError::Host(text) => q lang="en" { (line(text)) },
                }
            }
        }
    }
}

/// Who speaks: the name that was proven, or a field for one.
pub(super) fn person_field(frame: &Frame<'_>, id: &str, said: &str) -> Markup {
    let words = strings(frame.language);
    let known = frame.strings();
    html! {
        @match frame.who {
            PageUser::Person { name, here: true, .. } => p.small { (words.acting_as) " " strong { (line(name)) } ". " (known.in_journal) },
            PageUser::Person { acts: true, .. } => p.bad id={ (id) "-why-not" } { (words.not_here) },
            PageUser::Person { acts: false, .. } | PageUser::Nobody => p.bad id={ (id) "-why-not" } { (words.looks_only) },
            PageUser::Single | PageUser::Shared => {
                label { (known.your_name) input id=(id) name="person" value=(line(said)) maxlength="100" autocomplete="name"; }
                p.small { (words.unproven) }
            },
        }
    }
}

/// A button of a form that changes something; who may not press it finds it disabled, with the reason.
pub(super) fn button(frame: &Frame<'_>, id: &str, class: &str, (name, value): (&str, &str), text: &str) -> Markup {
    let why_not = (!frame.acts()).then(|| format!("{id}-why-not"));
    html! {
        button class=(class) type="submit" name=(name) value=(value) disabled[!frame.acts()] aria-describedby=[why_not] { (text) }
    }
}
