//! `/people`: who there is, what each may do, and changing that. For admins.

use jiff::Timestamp;
use maud::{Markup, html};

use super::forms::{self, FormError};
use super::frame::{Frame, LiveUpdates, document};
use super::me::{self, TokenRow};
use super::parts::{line, multiline, time};
use crate::domain::Role;

strings! {
    title: "People", "人员";
    what: "Who can prove their name, what they may do, and when they were here last. Each change stands in the record of who did what.", "可以证明身份的人员、其权限及最近访问时间。每次变更都会写入审计。";
    nobody: "There is nobody yet.", "尚无人员。";
    may: "May be", "权限";
    nothing: "nothing", "无";
    groups: "Groups", "组";
    from: "Known by", "来源";
    seen: "Last here", "上次访问";
    never: "not since it is kept", "无记录";
    sessions: "Sessions", "会话";
    disabled: "disabled: nobody comes in as them", "已停用：不可登录";
    change: "Change", "修改";
    role: "Role", "角色";
    none: "none of their own", "无自有角色";
    places: "Where it counts: one place a line, such as namespace=pay*; nothing for everywhere", "生效范围：每行一个，例如 namespace=pay*；留空表示全部";
    groups_how: "Groups, with commas between them", "组（以逗号分隔）";
    set: "Set it", "保存";
    disable: "Let nobody in as them", "停用";
    enable: "Let them in again", "启用";
    sign_out: "End their sessions", "结束其会话";
    tokens: "Tokens", "令牌";
    revoke: "Revoke", "吊销";
    configured: "Role and places stand in the configuration.", "角色与生效范围由配置文件指定。";
    elsewhere: "Who they are and their groups is said elsewhere; what the groups may do stands in the configuration.", "身份与所属组由外部提供；组的权限由配置文件指定。";
    oneself: "Nobody changes what they may do themselves; another admin can.", "不能修改自己的权限，需由其他管理员操作。";
    make: "Make an account", "创建账户";
    closes: "There is nobody yet, and whoever is at this machine may do everything. With the first account that is over: pages, API and commands want a password or a token from then on, also from here. Make an admin first.", "尚无人员，目前本机上的任何人都拥有全部权限。创建首个账户后即不再如此：页面、接口和命令（包括在本机上）都需要密码或令牌。请先创建 admin。";
    last_admin: "I mean it, although nobody is left then who may say who there is", "我确认：此后将没有任何人可以管理人员";
    password: "Password, of 12 letters or more; they can sign in with it at once", "密码（至少 12 个字符），创建后即可登录";
    here: "the host", "本主机";
    configuration: "the configuration", "配置文件";
    provider: "the provider", "身份提供方";
    proxy: "the proxy", "代理";
}

/// Somebody.
pub struct PersonRow {
    /// The name.
    pub name: String,
    /// What forms call them.
    pub key: String,
    /// `accounts`, `configuration`, `oidc` or `proxy`.
    pub from: String,
    /// What they may do, and where.
    pub may: Vec<String>,
    /// Their own role.
    pub role: Option<Role>,
    /// Where that counts.
    pub places: Vec<String>,
    /// Their groups.
    pub groups: Vec<String>,
    /// Whether nobody comes in as them.
    pub disabled: bool,
    /// Their tokens.
    pub tokens: Vec<TokenRow>,
    /// How many sessions they have.
    pub sessions: usize,
    /// When they were here last.
    pub seen: Option<Timestamp>,
    /// The tag of what can be changed of them.
    pub tag: String,
    /// It is whoever looks.
    pub oneself: bool,
    /// Nobody else may say who there is.
    pub last_admin: bool,
}

/// What the page shows.
pub struct People {
    /// Everybody.
    pub all: Vec<PersonRow>,
    /// Nobody need prove anything yet.
    pub open: bool,
    /// Why a form changed nothing.
    pub refused: Option<FormError>,
}

/// The page.
pub fn page(people: &People, frame: &Frame<'_>) -> String {
    let words = strings(frame.language);
    let body = html! {
        h1 { (words.title) }
        p.small { (words.what) }
        (forms::error(people.refused.as_ref(), frame))
        @if people.all.is_empty() { p.empty { (words.nobody) } }
        @for (n, person) in people.all.iter().enumerate() { (one(n, person, frame)) }
        @if people.open { p #closes .banner.warn { (words.closes) } }
        (new(people.open, frame))
    };
    document(frame, words.title, &LiveUpdates::Off, &body)
}

fn one(n: usize, person: &PersonRow, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let from = match person.from.as_str() {
        "configuration" => words.configuration,
        "oidc" => words.provider,
        "proxy" => words.proxy,
        _ => words.here,
    };
    let via = match person.from.as_str() {
        "oidc" => Some("sso"),
        "proxy" => Some("proxy"),
        _ => None,
    };
    let heading = format!("person-{n}");
    html! {
        section aria-labelledby=(heading) {
            h2 id=(heading) { (line(&person.name)) @if let Some(via) = via { " " span.small { "(via " (via) ")" } } }
            @if person.disabled { p.bad { (words.disabled) } }
            dl.facts {
                dt { (words.may) } dd { @if person.may.is_empty() { (words.nothing) } @else { (line(&person.may.join(", "))) } }
                @if !person.groups.is_empty() { dt { (words.groups) } dd { (line(&person.groups.join(", "))) } }
                dt { (words.from) } dd { (from) @if person.key != person.name { " " code { (line(&person.key)) } } }
                dt { (words.seen) } dd { @match person.seen { Some(at) => (time(frame, at)), None => (words.never) } }
                dt { (words.sessions) } dd { (person.sessions) }
            }
            details { summary { (words.change) }
                @if person.oneself { p.empty { (words.oneself) } } @else { (changes(n, person, frame)) }
                @if person.sessions > 0 { (act(person, "sign_out", words.sign_out, &html! {})) }
                @if !person.tokens.is_empty() {
                    h3 { (words.tokens) }
                    (me::tokens(&person.tokens, frame, &|token| html! {
                        form.inline method="post" action="/people" {
                            input type="hidden" name="name" value=(multiline(&person.key));
                            (meant(&multiline(&token.id), person, frame))
                            button type="submit" name="revoke" value=(multiline(&token.id)) { (words.revoke) }
                        }
                    }))
                }
            }
        }
    }
}

/// A word that it is meant, where nobody would be left who may say who there is.
fn meant(id: &str, person: &PersonRow, frame: &Frame<'_>) -> Markup {
    html! {
        @if person.last_admin {
            label.check { input id={ (line(id)) "-last" } type="checkbox" name="last_admin" value="yes"; (strings(frame.language).last_admin) }
        }
    }
}

fn act(person: &PersonRow, what: &str, text: &str, meant: &Markup) -> Markup {
    html! {
        form.inline method="post" action="/people" {
            input type="hidden" name="name" value=(multiline(&person.key));
            (meant)
            button type="submit" name="act" value=(what) { (text) }
        }
    }
}

fn changes(n: usize, person: &PersonRow, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let outside = matches!(person.from.as_str(), "oidc" | "proxy");
    let kept = person.from == "accounts";
    html! {
        @if outside { p.small { (words.elsewhere) } }
        @if person.from == "configuration" { p.small { (words.configured) } }
        @if kept {
            form.answer method="post" action="/people" {
                input type="hidden" name="name" value=(multiline(&person.key));
                input type="hidden" name="read" value=(person.tag);
                (role_and_places(&format!("p{n}"), person.role, &person.places, &person.groups, frame))
                (meant(&format!("p{n}"), person, frame))
                div.buttons { button.primary type="submit" name="act" value="set" { (words.set) } }
            }
        }
        @if person.disabled { (act(person, "enable", words.enable, &html! {})) } @else {
            (act(person, "disable", words.disable, &meant(&format!("d{n}"), person, frame)))
        }
    }
}

fn role_and_places(id: &str, role: Option<Role>, places: &[String], groups: &[String], frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        label { (words.role) select id={ (id) "-role" } name="role" {
            option value="none" selected[role.is_none()] { (words.none) }
            @for one in Role::ALL { option value=(one.as_str()) selected[role == Some(one)] { (one.as_str()) } }
        } }
        label { (words.places) textarea id={ (id) "-places" } name="places" rows="2" { (multiline(&places.join("\n"))) } }
        label { (words.groups_how) input id={ (id) "-groups" } name="groups" value=(multiline(&groups.join(", "))) maxlength="2000"; }
    }
}

fn new(first: bool, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        form.answer method="post" action="/people" autocomplete="off" {
            h2 { (words.make) }
            label { (frame.strings().name) input #new-name name="name" required maxlength="64" autocomplete="off"; }
            label { (words.password) input #new-password type="password" name="password" maxlength="1024" autocomplete="new-password"; }
            (role_and_places("new", first.then_some(Role::Admin), &[], &[], frame))
            div.buttons { button.primary type="submit" name="act" value="make" { (words.make) } }
        }
    }
}
