//! Requests in which nothing but a typed secret asks for one, and what answers mean for the host.

mod answer;
mod errcode;
mod login;
mod request;
mod signature;
mod success;
mod template;

pub use answer::{Accepted, Answer, Said, retry_after};
pub use login::Login;
pub use request::{Request, segment};
pub use signature::signature;
pub use success::Success;
pub use template::{Secret, Template};

pub use crate::host::{Encoding, HttpError, Response};
