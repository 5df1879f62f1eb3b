//! Requests in which nothing but a typed secret asks for one, and what answers mean for the host.

mod answer;
mod request;
mod template;

pub use answer::{Answer, Said, retry_after};
pub use request::{Request, segment};
pub use template::{Secret, Template};

pub use crate::host::{HttpError, Response};
