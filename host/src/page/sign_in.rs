//! `/sign-in`: who is it?

use maud::{Markup, html};

use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, multiline};

strings! {
    or_here: "Or with an account of this host", "或使用本主机的账户";
    to_provider: "Sign in with", "使用此服务登录：";
    unbound: "This sign-in was not begun in this browser, has taken too long or was used before. Begin again.", "此次登录并非从本浏览器发起、已超时或已被使用过。请重新开始。";
    denied: "The provider did not let you in. It says:", "身份提供方拒绝了登录，其说明：";
    unproven: "What the provider answered proves nobody's name. Whoever runs this host finds why here:", "身份提供方的应答无法证明身份。供本主机管理员参考的原因：";
    away: "The provider cannot be asked now. Try again in a while, or sign in another way.", "目前无法联系身份提供方。请稍后重试，或使用其他方式登录。";
    lost: "This host had accounts, and the file of them is gone, so nobody gets in by one until it is back. Whoever runs this host finds what to do in its log and at /readyz.", "本主机曾有账户，但账户文件已丢失，恢复之前任何人都无法以账户登录。本主机管理员可在日志和 /readyz 中查看处理办法。";
    signed_out_here: "You are signed out here.", "您已在本主机退出登录。";
    sign_out_there: "Sign out there, too:", "同时在身份提供方退出：";
}

/// What it says where there are passwords.
pub(super) struct SignInStrings {
    pub name: &'static str,
    pub password: &'static str,
    pub or_token: &'static str,
    pub wrong_password: &'static str,
}

pub(super) static ENGLISH: SignInStrings = SignInStrings {
    name: "Name",
    password: "Password",
    or_token: "Or with a token",
    wrong_password: "This name and password do not fit together.",
};

pub(super) static CHINESE: SignInStrings =
    SignInStrings {
        name: "姓名", password: "密码", or_token: "或使用令牌", wrong_password: "姓名与密码不匹配。"
    };

/// What the page says besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignIn {
    /// Nothing.
    #[default]
    Asked,
    /// Nobody has this token.
    Wrong,
    /// Nobody of this name has this password.
    WrongPassword,
    /// It may send alerts and nothing else.
    Sender,
    /// Too many were wrong.
    TooOften,
    /// A session would travel in the clear.
    Plain,
    /// There is no room for another session, or no randomness.
    Unavailable,
    /// Who comes back from the provider did not go there from here, or not just now.
    Unbound,
    /// The provider says no: its word.
    Denied(String),
    /// What the provider says proves nothing: why, in English.
    Unproven(String),
    /// The provider cannot be asked: why, in English.
    Away(String),
    /// The provider knows somebody of this name, and none of their groups may do anything; none where it names none.
    NoRole {
        /// The name.
        name: String,
        /// The groups.
        groups: Option<Vec<String>>,
    },
    /// Somebody of this name is kept out.
    KeptOut(String),
}

impl SignIn {
    /// Why nobody was let in, for the journal.
    pub fn reason(&self) -> String {
        match self {
            Self::Asked => "nobody said who it is".into(),
            Self::Wrong => "nobody has this token".into(),
            Self::WrongPassword => "nobody of this name has this password".into(),
            Self::Sender => "this token may send alerts and nothing else".into(),
            Self::TooOften => "too many were wrong".into(),
            Self::Plain => "a session would travel in the clear".into(),
            Self::Unavailable => "there is no room for another session".into(),
            Self::Unbound => "the sign-in was not begun in this browser, is too old or was used before".into(),
            Self::Denied(why) => format!("the provider says {why}"),
            Self::Unproven(why) => format!("what the provider says proves nobody's name: {why}"),
            Self::Away(why) => format!("the provider cannot be asked now: {why}"),
            Self::NoRole { name, groups } => match groups {
                Some(groups) if !groups.is_empty() => {
                    format!("the provider knows {name}, and no [[access]] names any of {}", groups.join(", "))
                }
                _ => format!("the provider knows {name}, and names no groups of theirs"),
            },
            Self::KeptOut(name) => format!("{name} of the provider is disabled"),
        }
    }
}

/// The provider that people can sign in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderButton {
    /// What people call it.
    pub name: String,
    /// It could not be asked just now.
    pub away: bool,
}

/// What the page asks for.
pub struct SignInPage<'a> {
    /// What it says besides.
    pub said: SignIn,
    /// Passwords are known, so that it asks for one.
    pub passwords: bool,
    /// People can sign in with a provider.
    pub provider: Option<ProviderButton>,
    /// The file of accounts is gone.
    pub lost: bool,
    /// Where it goes on.
    pub to: &'a str,
}

fn sentence(said: &SignIn, frame: &Frame<'_>) -> Option<Markup> {
    let (known, own, language) = (frame.strings(), strings(frame.language), frame.language);
    let plain = |text: &str| Some(html! { (text) });
    let quoting = |text: &str, quoted: &str| Some(html! { (text) " " q lang="en" { (line(quoted)) } });
    match said {
        SignIn::Asked => None,
        SignIn::Wrong => plain(known.wrong_token),
        SignIn::WrongPassword => plain(known.sign_in_by.wrong_password),
        SignIn::Sender => plain(known.sender_token),
        SignIn::TooOften => plain(known.too_often),
        SignIn::Plain => plain(known.plain_http),
        SignIn::Unavailable => plain(known.unavailable),
        SignIn::Unbound => plain(own.unbound),
        SignIn::Denied(why) => quoting(own.denied, why),
        SignIn::Unproven(why) => quoting(own.unproven, why),
        SignIn::Away(why) => quoting(own.away, why),
        SignIn::NoRole { name, groups } => {
            let name = line(name);
            let groups = groups.as_deref().unwrap_or_default();
            let shown: Vec<String> = groups.iter().take(20).map(|group| line(group)).collect();
            let text = if shown.is_empty() {
                sentence!(
                    language,
                    "You are {} there, and the provider names no group that you are in, so that you have no role here. \
                     Whoever runs this host can give a group one ([[access]]).",
                    "您在身份提供方的名称为 {}，但其未提供您所属的任何组，因此您在此没有角色。本主机管理员可以为组分配角色（[[access]]）。",
                    name
                )
            } else {
                sentence!(
                    language,
                    "You are {} there, and none of your groups has a role here: {}. Whoever runs this host can give one a role \
                     ([[access]]).",
                    "您在身份提供方的名称为 {}，您所属的组在此均没有角色：{}。本主机管理员可以为组分配角色（[[access]]）。",
                    name,
                    shown.join(", ")
                )
            };
            Some(html! { (text) })
        }
        SignIn::KeptOut(name) => {
            let text = sentence!(language, "{} is disabled here.", "{} 在此已被停用。", line(name));
            Some(html! { (text) })
        }
    }
}

/// The page. What is known of a person elsewhere comes first.
pub fn page(ask: &SignInPage<'_>, frame: &Frame<'_>) -> String {
    let (words, own, to) = (frame.strings(), strings(frame.language), ask.to);
    let away = ask.provider.as_ref().is_some_and(|provider| provider.away) && ask.said == SignIn::Asked;
    let first_field = ask.provider.is_none();
    let body = html! {
        h1 { (words.sign_in) }
        @if let Some(sentence) = sentence(&ask.said, frame) { p.banner.bad role="alert" { (sentence) } }
        @if ask.lost { p #lost .banner.bad role="status" { (own.lost) } }
        @if away { p.banner.warn role="status" { (own.away) } }
        @if let Some(provider) = &ask.provider {
            @let query = form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish();
            p { a.button.primary #provider href={ "/oidc/sign-in?" (query) } { (own.to_provider) " " (line(&provider.name)) } }
            h2 { (own.or_here) }
        }
        @if ask.passwords {
            form.sign-in method="post" action="/sign-in" {
                input type="hidden" name="to" value=(multiline(to));
                label { (words.sign_in_by.name) input #name type="text" name="name" required autofocus[first_field] maxlength="100" autocomplete="username"; }
                label { (words.sign_in_by.password) input #password type="password" name="password" required maxlength="1024" autocomplete="current-password"; }
                button.primary type="submit" { (words.sign_in) }
            }
            h2 { (words.sign_in_by.or_token) }
        }
        p { (words.sign_in_how) }
        form.sign-in method="post" action="/sign-in" autocomplete="off" {
            input type="hidden" name="to" value=(multiline(to));
            label { (words.token) input #token type="password" name="token" required autofocus[!ask.passwords && first_field] maxlength="500" autocomplete="off"; }
            button.primary type="submit" { (words.sign_in) }
        }
    };
    document(frame, words.sign_in, &LiveUpdates::Off, &body)
}

/// The page behind signing out here, where there is a session elsewhere, too.
pub fn signed_out(provider: &str, there: &str, frame: &Frame<'_>) -> String {
    let own = strings(frame.language);
    let body = html! {
        h1 { (own.signed_out_here) }
        p { (own.sign_out_there) " " a #there href=(there) rel="noreferrer" { (line(provider)) } }
    };
    document(frame, own.signed_out_here, &LiveUpdates::Off, &body)
}
