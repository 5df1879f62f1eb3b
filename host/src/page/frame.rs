//! What stands around every page: the mode, how the host is, who looks, in which language.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::assets::{ICON, SCRIPT, STYLE};
use super::chinese::Chinese;
use super::english::English;
use super::keyboard;
use super::navigation::navigation;
use super::parts::{line, multiline};
use super::texts::{Strings, Texts};
use crate::domain::{Mode, Outcome, State};
use crate::report::Language;

/// For whom a page is, when, and how the host is.
pub struct Frame<'a> {
    /// In which language.
    pub language: Language,
    /// The host's time.
    pub now: Timestamp,
    /// Who looks.
    pub who: &'a PageUser,
    /// How the host is.
    pub host: &'a HostView,
    /// Path and query of the page.
    pub here: &'a str,
}

/// Who looks at a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageUser {
    /// Whoever is at this machine: nothing proves a name.
    Single,
    /// Somebody who knows what all callers share.
    Shared,
    /// Somebody who has proven a name.
    Person {
        /// The name.
        name: String,
        /// Whether they may change anything.
        acts: bool,
        /// Whether they may change what this page is about: a button that would be refused is none.
        here: bool,
        /// Whether they see some places and no others.
        bound: bool,
        /// Whether they may read who did what.
        audits: bool,
        /// Whether they may say who may do what.
        administers: bool,
    },
    /// Nobody has signed in.
    Nobody,
}

/// How the host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostView {
    /// Whether anything may be changed.
    pub mode: Mode,
    /// Whether it takes alerts and orders.
    pub ready: bool,
    /// What is not as it should be, in English.
    pub problems: Vec<String>,
    /// What is paused: empty for everything, `rule:<name>` or `server:<name>`.
    pub paused: Vec<String>,
    /// Why the policies as they are now were not put in force, in English.
    pub policies: Vec<String>,
    /// How many live incidents stand where.
    pub counts: Vec<(State, usize)>,
    /// How incidents ended that were opened within the last day.
    pub ended: Vec<(Outcome, u64)>,
}

impl Default for HostView {
    fn default() -> Self {
        let (problems, paused, policies) = (Vec::new(), Vec::new(), Vec::new());
        let (counts, ended) = (Vec::new(), Vec::new());
        Self { mode: Mode::Observe, ready: true, problems, paused, policies, counts, ended }
    }
}

impl HostView {
    /// How many live incidents stand there.
    pub fn count(&self, state: State) -> usize {
        self.counts.iter().filter(|(of, _)| *of == state).map(|(_, count)| count).sum()
    }
}

impl Frame<'_> {
    /// What pages say in its language.
    pub(super) fn texts(&self) -> &'static dyn Texts {
        match self.language {
            Language::En => &English,
            Language::Zh => &Chinese,
        }
    }

    pub(super) fn strings(&self) -> &'static Strings {
        self.texts().strings()
    }

    /// Whether the one who looks sees some places and no others.
    pub(super) fn is_bound(&self) -> bool {
        matches!(self.who, PageUser::Person { bound: true, .. })
    }

    /// Whether the one who looks may change what the page is about.
    pub(super) fn acts(&self) -> bool {
        match self.who {
            PageUser::Single | PageUser::Shared => true,
            PageUser::Person { here, .. } => *here,
            PageUser::Nobody => false,
        }
    }
}

/// What a page shows anew when something happens.
pub(super) enum LiveUpdates<'a> {
    /// Nothing.
    Off,
    /// The page, whatever happens.
    Any,
    /// That there is something new; rows do not move by themselves.
    Offer,
    /// The page, when something happens to this incident.
    Incident(&'a str),
    /// The same of a page with a question, in this form.
    Question(&'a str, &'a str),
}

/// A whole page.
pub(super) fn document(frame: &Frame<'_>, title: &str, live: &LiveUpdates<'_>, body: &Markup) -> String {
    let (words, texts) = (frame.strings(), frame.texts());
    let (kind, incident, version) = match live {
        LiveUpdates::Off => ("still", None, None),
        LiveUpdates::Any => ("any", None, None),
        LiveUpdates::Offer => ("offer", None, None),
        LiveUpdates::Incident(id) => ("incident", Some(*id), None),
        LiveUpdates::Question(id, version) => ("question", Some(*id), Some(*version)),
    };
    let waiting = frame.host.count(State::AwaitingApproval);
    let markup = html! {
        (DOCTYPE)
        html lang=(frame.language.as_str()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { @if waiting > 0 && *frame.who != PageUser::Nobody { "(" (waiting) ") " } (title) " · tidegate" }
                link rel="icon" href=(ICON.path);
                link rel="stylesheet" href=(STYLE.path);
                script type="module" src=(SCRIPT.path) {}
            }
            body data-live=(kind) data-incident=[incident] data-stale=(words.stale) data-changed=(words.changed)
                data-missed=(words.missed) data-show=(words.show) data-signed-out=(words.signed_out) data-sign-in=(words.sign_in)
                data-live-word=(words.live) data-units=(units(texts)) data-left=(of_span(&texts.left(0), texts)) data-ago=(of_span(&texts.ago(0), texts)) {
                a.skip href="#main" { (words.skip) }
                (header(frame))
                div #banners { (banners(frame)) }
                p #notice role="status" aria-live="polite" hidden {}
                main #main data-version=[version] { (body) }
                (footer(frame))
                @if *frame.who != PageUser::Nobody { (keyboard::help(frame)) }
            }
        }
    };
    markup.into_string()
}

/// How the script says lengths of time: in seconds, minutes, hours and days.
fn units(texts: &dyn Texts) -> String {
    [1, 60, 3_600, 2 * 86_400].map(|seconds| texts.span(seconds).replace(['1', '2'], "{}")).join("|")
}

/// A sentence with a place for the length of time in it.
fn of_span(sentence: &str, texts: &dyn Texts) -> String {
    sentence.replace(&texts.span(0), "{}")
}

fn header(frame: &Frame<'_>) -> Markup {
    let mode = frame.host.mode;
    html! {
        header.top {
            a.brand href="/" { "tidegate" }
            @if *frame.who != PageUser::Nobody {
                span class={ "mode " (mode_word(mode)) } title=(frame.language.mode(mode)) { (mode_word(mode)) }
                span #live.live {
                    time datetime=(frame.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()) data-ms=(frame.now.as_millisecond()) {
                        (frame.now.strftime("%H:%M:%S UTC").to_string())
                    }
                }
                (navigation(frame))
            }
        }
    }
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "observe",
        Mode::Enforce => "enforce",
    }
}

/// What people must know of the host before anything else.
fn banners(frame: &Frame<'_>) -> Markup {
    let (words, host) = (frame.strings(), frame.host);
    html! {
        @match frame.who {
            PageUser::Single => p.banner.quiet { (words.single_user) },
            PageUser::Shared => p.banner.quiet { (words.shared_user) },
            PageUser::Person { .. } | PageUser::Nobody => {},
        }
        @if *frame.who != PageUser::Nobody {
            @if !host.ready {
                p.banner.bad role="alert" {
                    strong { (words.not_ready) } " "
                    @if let Some(problem) = host.problems.first() { q lang="en" { (line(problem)) } }
                }
            }
            @if !host.policies.is_empty() {
                p.banner.bad { strong { (words.policies_refused) } " " @for problem in host.policies.iter().take(1) { q lang="en" { (line(problem)) } } }
            }
            @for scope in &host.paused {
                p.banner.warn {
                    @if scope.is_empty() { strong { (words.paused) } } @else { strong { (words.paused_in_part) } " " code { (line(scope)) } }
                }
            }
            @if host.mode == Mode::Observe { p.banner.warn { (words.observes) } }
        }
    }
}

fn footer(frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    let other = match frame.language {
        Language::En => Language::Zh,
        Language::Zh => Language::En,
    };
    html! {
        footer {
            @match frame.who {
                PageUser::Person { name, acts, .. } => {
                    form.inline method="post" action="/sign-out" {
                        span { (words.signed_in_as) " " a href="/me" { strong { (line(name)) } } @if !acts { " (" (words.looks_only) ")" } }
                        " " button type="submit" name="everywhere" value="no" { (words.sign_out) }
                        " " button type="submit" name="everywhere" value="yes" { (words.sign_out_everywhere) }
                    }
                },
                PageUser::Shared => {
                    form.inline method="post" action="/sign-out" {
                        button type="submit" name="everywhere" value="no" { (words.sign_out) }
                    }
                },
                PageUser::Single | PageUser::Nobody => {},
            }
            form.inline method="post" action="/language" {
                input type="hidden" name="to" value=(multiline(frame.here));
                button type="submit" name="language" value=(other.as_str()) lang=(other.as_str()) { (words.other_language) }
            }
            @if *frame.who != PageUser::Nobody { (keyboard::button(frame)) }
        }
    }
}
