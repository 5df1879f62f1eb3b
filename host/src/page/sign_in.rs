//! `/sign-in`: who is it?

use maud::html;

use super::frame::{Frame, Live, document};
use super::parts::whole;

/// What the page says besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignIn {
    /// Nothing.
    #[default]
    Asked,
    /// Nobody has this token.
    Wrong,
    /// It may send alerts and nothing else.
    Sender,
    /// Too many were wrong.
    TooOften,
    /// A session would travel in the clear.
    Plain,
    /// There is no room for another session, or no randomness.
    Unavailable,
}

/// The page; `to` is where it goes on.
pub fn page(said: SignIn, to: &str, frame: &Frame<'_>) -> String {
    let words = frame.words();
    let sentence = match said {
        SignIn::Asked => None,
        SignIn::Wrong => Some(words.wrong_token),
        SignIn::Sender => Some(words.sender_token),
        SignIn::TooOften => Some(words.too_often),
        SignIn::Plain => Some(words.plain_http),
        SignIn::Unavailable => Some(words.unavailable),
    };
    let body = html! {
        h1 { (words.sign_in) }
        @if let Some(sentence) = sentence { p.banner.bad role="alert" { (sentence) } }
        p { (words.sign_in_how) }
        form.sign-in method="post" action="/sign-in" autocomplete="off" {
            input type="hidden" name="to" value=(whole(to));
            label { (words.token) input #token type="password" name="token" required autofocus maxlength="500" autocomplete="current-password"; }
            button.primary type="submit" { (words.sign_in) }
        }
    };
    document(frame, words.sign_in, &Live::Still, &body)
}
