//! `/silences/{id}`: what one silence hides, who wanted it, and how it is ended or made longer.

use maud::{Markup, html};

use super::super::forms::{self, FormError};
use super::super::frame::{Frame, LiveUpdates, document};
use super::super::parts::{line, time};
use super::{amount, new::covered, state};
use crate::backend::silences::SilenceView;
use crate::domain::matcher::format_all;
use crate::domain::silence::SilenceState;

strings! {
    silence: "Silence", "静默";
    from: "From", "开始";
    until: "Until", "截止";
    by: "By", "创建人";
    changed_by: "Changed by", "修改人";
    hidden: "Has hidden", "累计隐藏";
    covers: "What it covers now", "当前匹配";
    change: "Change it", "修改";
    extend: "Extend", "延长";
    longer: "For how long from now", "自现在起的时长";
    broad: "It is meant, however much it covers", "确认：无论匹配多少都静默";
    expire: "End it now", "立即结束";
    expire_why: "What fires still is decided and told then.", "结束后，仍在触发的告警将被决策并通知。";
    anew: "Make the same anew", "以相同条件新建";
}

/// One silence.
pub struct SilencePage {
    /// It.
    pub view: SilenceView,
    /// Why a form about it changed nothing.
    pub refused: Option<FormError>,
}

/// What somebody has seen of a silence.
pub fn version(view: &SilenceView) -> String {
    forms::version(&(&view.silence.id, view.silence.updated_at, view.silence.ends_at, view.state))
}

/// The page.
pub fn page(one: &SilencePage, frame: &Frame<'_>) -> String {
    let (words, view) = (strings(frame.language), &one.view);
    let silence = &view.silence;
    let standing = view.state != SilenceState::Expired;
    let body = html! {
        p.small { a href="/silences" { (super::strings(frame.language).silences) } " / " code { (silence.id) } }
        (forms::error(one.refused.as_ref(), frame))
        h1 { (words.silence) " " (state(view.state, frame)) }
        p { code { (line(&format_all(&silence.matchers))) } }
        p.lead { (line(&silence.comment)) }
        dl.facts {
            dt { (words.from) } dd { (time(frame, silence.starts_at)) }
            dt { (words.until) } dd { (time(frame, silence.ends_at)) }
            dt { (words.by) } dd { (line(&frame.language.person(&silence.person))) }
            @if let Some(person) = &silence.changed_by { dt { (words.changed_by) } dd { (line(&frame.language.person(person))) } }
            dt { (words.hidden) } dd { (amount(view.hidden.alerts, view.hidden.incidents, frame)) }
        }
        @if view.state == SilenceState::Active {
            section aria-labelledby="covers" { h2 #covers { (words.covers) } (covered(&view.covers, frame)) }
        }
        @if standing { (change(view, frame)) }
        p { a href=(super::address(&silence.matchers)) { (words.anew) } }
    };
    document(frame, words.silence, &LiveUpdates::Off, &body)
}

fn change(view: &SilenceView, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let address = format!("/silences/{}", view.silence.id);
    html! {
        section aria-labelledby="change" {
            h2 #change { (words.change) }
            form.answer #answer method="post" action=(address) autocomplete="off" {
                // The first button is the one that Enter presses: it does nothing.
                button type="submit" disabled hidden {}
                input type="hidden" name="version" value=(version(view));
                (forms::person_field(frame, "person", ""))
                label { (words.longer) input #for name="for" value="2h" maxlength="20" list="lengths" disabled[!frame.acts()]; }
                (super::new::lengths())
                @if view.covers.broad.is_some() {
                    label.check { input type="checkbox" name="broad" value="yes" disabled[!frame.acts()]; (words.broad) }
                }
                p.small { (words.expire_why) }
                p.buttons {
                    (forms::button(frame, "person", "deny", ("do", "expire"), words.expire))
                    (forms::button(frame, "person", "primary", ("do", "extend"), words.extend))
                }
            }
        }
    }
}
