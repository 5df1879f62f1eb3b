//! `/me`: who one is here, what one may do and why, one's own sessions and tokens.

use jiff::Timestamp;
use maud::{Markup, html};

use super::forms::{self, FormError};
use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, multiline, table_head, time};

strings! {
    title: "Me", "我";
    way: "How you have proven who you are", "身份证明方式";
    may: "What you may do", "您的权限";
    nothing: "nothing", "无";
    own: "said of you yourself", "为您本人指定";
    unsaid: "nothing is said of you, as of users before there were roles", "未作指定，沿用角色功能之前的默认权限";
    named: "an [[access]] names you", "[[access]] 指定了您";
    group: "an [[access]] names your group", "[[access]] 指定了您所属的组";
    groups: "Your groups", "您所属的组";
    sessions: "Your sessions", "您的会话";
    no_sessions: "You have no session: what you show proves you anew with each request.", "您没有会话：每次请求都重新证明身份。";
    began: "Began", "开始";
    used: "Last used", "上次使用";
    this_one: "this one", "当前会话";
    end: "End it", "结束";
    end_all: "Sign out everywhere", "在所有设备上退出";
    tokens: "Your tokens", "您的令牌";
    tokens_why: "A token proves that a program is yours. It permits no more than you may yourself, and ends with you.", "令牌证明程序代表您。其权限不会超过您本人，并随您的账户一同失效。";
    no_tokens: "The host keeps no token of yours.", "本主机没有保存您的令牌。";
    foreign: "Others say who you are, anew with each sign-in: a token would outlast that. An account of this host can have tokens.", "您的身份在每次登录时由外部服务确认，令牌会超出其有效期，因此不可创建。本主机账户可以拥有令牌。";
    label: "For what", "用途";
    scopes: "Permits", "权限";
    all: "all that you may", "您的全部权限";
    until: "Until", "有效期至";
    for_good: "for good", "长期有效";
    revoke: "Revoke", "吊销";
    make: "Make a token", "创建令牌";
    lasts: "For how long, such as 30d", "有效时长，例如 30d";
    no_longer: "No longer than what you have signed in with, which ends:", "不会超过您登录所用令牌的有效期：";
    capped: "It ends with what you have signed in with, sooner than the usual 90 days:", "它将随您登录所用的令牌一同失效，早于通常的 90 天：";
    scopes_why: "Choose none for all that you may.", "不选择则包含您的全部权限。";
    made: "The token, shown this once", "令牌（仅显示一次）";
    made_why: "Keep it where it belongs now: nobody can show it again, and only its hash is kept.", "请立即妥善保存：本主机只保存其散列值，无法再次显示。";
}

/// Why somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleReason {
    /// It is said of them.
    Own,
    /// Nothing is said.
    Unsaid,
    /// They are named.
    Named,
    /// Their group is.
    Group(String),
}

/// A session, for its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// What it is called here; it proves nothing.
    pub id: String,
    /// When it began.
    pub began: Timestamp,
    /// When it was used last.
    pub used: Timestamp,
    /// It is the one that looks.
    pub here: bool,
}

/// A token, for its owner or an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its public id.
    pub id: String,
    /// What it is for.
    pub label: String,
    /// What it permits; everything where it is empty.
    pub scopes: Vec<&'static str>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// When it was used last.
    pub used: Option<Timestamp>,
}

/// A token that was made just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedToken {
    /// What proves it.
    pub secret: String,
    /// When it ends, where that is sooner than usual.
    pub ends: Option<Timestamp>,
}

/// What the page shows.
pub struct AccountPage {
    /// The name; none where nothing proves one.
    pub name: Option<String>,
    /// How it was proven.
    pub way: &'static str,
    /// What they may do, and why.
    pub may: Vec<(String, RoleReason)>,
    /// Their groups.
    pub groups: Vec<String>,
    /// Their sessions.
    pub sessions: Vec<SessionRow>,
    /// Their tokens.
    pub tokens: Vec<TokenRow>,
    /// What a token of theirs can permit; empty where they can make none.
    pub scopes: Vec<&'static str>,
    /// When what they have signed in with ends, where that is sooner than a token usually does.
    pub ends: Option<Timestamp>,
    /// A token that was made just now.
    pub made: Option<CreatedToken>,
    /// Why a form changed nothing.
    pub refused: Option<FormError>,
}

fn act(name: &str, value: &str, text: &str) -> Markup {
    html! {
        form.inline method="post" action="/me" { button type="submit" name=(name) value=(multiline(value)) { (text) } }
    }
}

/// The page.
pub fn page(me: &AccountPage, frame: &Frame<'_>) -> String {
    let (words, known) = (strings(frame.language), frame.strings());
    let body = html! {
        h1 { (words.title) @if let Some(name) = &me.name { ": " (line(name)) } }
        (forms::error(me.refused.as_ref(), frame))
        @if let Some(made) = &me.made {
            section.answer aria-labelledby="made" {
                h2 #made { (words.made) }
                p { code #token { (line(&made.secret)) } }
                @if let Some(ends) = made.ends { p { (words.capped) " " (time(frame, ends)) } }
                p.small { (words.made_why) }
            }
        }
        dl.facts {
            dt { (words.way) } dd { code { (me.way) } }
            dt { (words.may) }
            @if me.may.is_empty() { dd { (words.nothing) } }
            @for (grant, why) in &me.may {
                dd { strong { (line(grant)) } " " span.small { (because(why, words)) } }
            }
            @if !me.groups.is_empty() { dt { (words.groups) } dd { (line(&me.groups.join(", "))) } }
        }
        @if me.name.is_some() {
            (sessions(me, frame))
            section aria-labelledby="tokens" {
                h2 #tokens { (words.tokens) }
                p.small { (words.tokens_why) }
                @if me.scopes.is_empty() { p.empty { (words.foreign) } } @else {
                    @if me.tokens.is_empty() { p.empty { (words.no_tokens) } } @else {
                        (tokens(&me.tokens, frame, &|token| act("revoke", &token.id, words.revoke)))
                    }
                    (new_token(me, frame))
                }
            }
        } @else { p.empty { (known.unproven) } }
    };
    document(frame, words.title, &LiveUpdates::Off, &body)
}

fn because(why: &RoleReason, words: &Strings) -> Markup {
    html! {
        @match why {
            RoleReason::Own => (words.own),
            RoleReason::Unsaid => (words.unsaid),
            RoleReason::Named => (words.named),
            RoleReason::Group(group) => { (words.group) " " code { (line(group)) } },
        }
    }
}

fn sessions(me: &AccountPage, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        section aria-labelledby="sessions" {
            h2 #sessions { (words.sessions) }
            @if me.sessions.is_empty() { p.empty { (words.no_sessions) } } @else {
                table.list {
                    (table_head(&[words.began, words.used, words.end]))
                    tbody { @for session in &me.sessions {
                        tr {
                            td { span.label { (words.began) " " } (time(frame, session.began)) @if session.here { " " strong { (words.this_one) } } }
                            td { span.label { (words.used) " " } (time(frame, session.used)) }
                            td { (act("end", &session.id, words.end)) }
                        }
                    } }
                }
                (act("everywhere", "yes", words.end_all))
            }
        }
    }
}

/// A table of tokens, with what can be done to each.
pub(super) fn tokens(tokens: &[TokenRow], frame: &Frame<'_>, act: &dyn Fn(&TokenRow) -> Markup) -> Markup {
    let words = strings(frame.language);
    html! {
        table.list {
            (table_head(&[words.label, words.scopes, words.until, words.used, words.revoke]))
            tbody { @for token in tokens {
                tr {
                    td { code { (line(&token.id)) } @if !token.label.is_empty() { div.small { (line(&token.label)) } } }
                    td { span.label { (words.scopes) " " } @if token.scopes.is_empty() { (words.all) } @else { (token.scopes.join(", ")) } }
                    td { span.label { (words.until) " " } @match token.expires { Some(at) => (time(frame, at)), None => (words.for_good) } }
                    td { span.label { (words.used) " " } @match token.used { Some(at) => (time(frame, at)), None => "–" } }
                    td { (act(token)) }
                }
            } }
        }
    }
}

fn new_token(me: &AccountPage, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        form.answer method="post" action="/me" {
            h3 { (words.make) }
            label { (words.label) input #label name="label" maxlength="100"; }
            label { (words.lasts) input #lasts name="lasts" value=(if me.ends.is_some() { "" } else { "90d" }) maxlength="20"; }
            @if let Some(ends) = me.ends { p.small { (words.no_longer) " " (time(frame, ends)) } }
            p.small { (words.scopes_why) }
            div.fields {
                @for scope in &me.scopes {
                    label.check { input type="checkbox" name=(scope) value="yes"; (scope) }
                }
            }
            div.buttons { button.primary type="submit" name="make" value="yes" { (words.make) } }
        }
    }
}
