//! `/sign-in`: who is it?

use maud::html;

use super::frame::{Frame, Live, document};
use super::parts::whole;

/// What it says where there are passwords.
pub(super) struct SignInWords {
    pub name: &'static str,
    pub password: &'static str,
    pub or_token: &'static str,
    pub wrong_password: &'static str,
}

pub(super) static ENGLISH: SignInWords = SignInWords {
    name: "Name",
    password: "Password",
    or_token: "Or with a token",
    wrong_password: "This name and password do not fit together.",
};

pub(super) static CHINESE: SignInWords =
    SignInWords {
        name: "姓名", password: "密码", or_token: "或使用令牌", wrong_password: "姓名与密码不匹配。"
    };

/// What the page says besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

impl SignIn {
    /// Why nobody was let in, for the journal.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Asked => "nobody said who it is",
            Self::Wrong => "nobody has this token",
            Self::WrongPassword => "nobody of this name has this password",
            Self::Sender => "this token may send alerts and nothing else",
            Self::TooOften => "too many were wrong",
            Self::Plain => "a session would travel in the clear",
            Self::Unavailable => "there is no room for another session",
        }
    }
}

/// The page; `to` is where it goes on. Where `passwords` are known, it asks for one first.
pub fn page(said: SignIn, passwords: bool, to: &str, frame: &Frame<'_>) -> String {
    let words = frame.words();
    let sentence = match said {
        SignIn::Asked => None,
        SignIn::Wrong => Some(words.wrong_token),
        SignIn::WrongPassword => Some(words.sign_in_by.wrong_password),
        SignIn::Sender => Some(words.sender_token),
        SignIn::TooOften => Some(words.too_often),
        SignIn::Plain => Some(words.plain_http),
        SignIn::Unavailable => Some(words.unavailable),
    };
    let body = html! {
        h1 { (words.sign_in) }
        @if let Some(sentence) = sentence { p.banner.bad role="alert" { (sentence) } }
        @if passwords {
            form.sign-in method="post" action="/sign-in" {
                input type="hidden" name="to" value=(whole(to));
                label { (words.sign_in_by.name) input #name type="text" name="name" required autofocus maxlength="100" autocomplete="username"; }
                label { (words.sign_in_by.password) input #password type="password" name="password" required maxlength="1024" autocomplete="current-password"; }
                button.primary type="submit" { (words.sign_in) }
            }
            h2 { (words.sign_in_by.or_token) }
        }
        p { (words.sign_in_how) }
        form.sign-in method="post" action="/sign-in" autocomplete="off" {
            input type="hidden" name="to" value=(whole(to));
            label { (words.token) input #token type="password" name="token" required autofocus[!passwords] maxlength="500" autocomplete="off"; }
            button.primary type="submit" { (words.sign_in) }
        }
    };
    document(frame, words.sign_in, &Live::Still, &body)
}
