//! What can go wrong on the way to the API, on request of a test.

use std::time::Duration;

use super::route::{Target, verb};
use super::status::Refusal;
use crate::Request;

/// One kind of trouble, which requests it hits, and how often.
#[derive(Debug, Clone)]
pub struct Fault {
    trouble: Trouble,
    method: Option<String>,
    path: Option<String>,
    left: Option<u32>,
}

/// What a fault does to a request.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    Latency(Duration),
    CutBefore,
    CutAfter,
    Forbidden,
    Conflict,
    ServerError,
    Unauthorized,
    EmptyWatch,
}

impl Fault {
    fn new(trouble: Trouble) -> Self {
        Self { trouble, method: None, path: None, left: None }
    }

    /// Every answer comes this much later. The request takes effect before the wait.
    pub fn latency(delay: Duration) -> Self {
        Self::new(Trouble::Latency(delay))
    }

    /// The connection is cut and the request has **no** effect.
    pub fn cut_before_effect() -> Self {
        Self::new(Trouble::CutBefore)
    }

    /// The request takes effect and the connection is cut instead of an answer.
    pub fn cut_after_effect() -> Self {
        Self::new(Trouble::CutAfter)
    }

    /// 403, in the words of role-based access control.
    pub fn forbidden() -> Self {
        Self::new(Trouble::Forbidden)
    }

    /// 409, as when somebody else changed the object.
    pub fn conflict() -> Self {
        Self::new(Trouble::Conflict)
    }

    /// 500.
    pub fn server_error() -> Self {
        Self::new(Trouble::ServerError)
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(Trouble::Unauthorized)
    }

    /// A watch is answered with 200 and ends without a word, as one of events may that goes on from a version which is forgotten.
    pub fn empty_watch() -> Self {
        Self::new(Trouble::EmptyWatch)
    }

    /// Only requests with this method.
    pub fn on_method(mut self, method: &str) -> Self {
        self.method = Some(method.to_uppercase());
        self
    }

    /// Only requests whose path contains this.
    pub fn on_path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Only the first `count` requests that it would hit.
    pub fn times(mut self, count: u32) -> Self {
        self.left = Some(count);
        self
    }

    fn hits(&self, request: &Request) -> bool {
        let method = self.method.as_ref().is_none_or(|method| *method == request.method);
        let path = self.path.as_ref().is_none_or(|part| request.path.contains(part));
        let watch = !matches!(self.trouble, Trouble::EmptyWatch) || !request.parameter("watch").is_empty();
        method && path && watch && self.left != Some(0)
    }
}

/// The trouble that awaits `request`; uses up one of the fault's times.
pub(super) fn next(faults: &mut [Fault], request: &Request) -> Option<Trouble> {
    let fault = faults.iter_mut().find(|fault| fault.hits(request))?;
    fault.left = fault.left.map(|left| left.saturating_sub(1));
    Some(fault.trouble.clone())
}

impl Trouble {
    /// The refusal, for trouble that is one.
    pub(super) fn refusal(&self, request: &Request) -> Option<Refusal> {
        let target = Target::parse(&request.path);
        match (self, target) {
            (Self::Forbidden, Some(target)) => {
                let watch = !request.parameter("watch").is_empty();
                let verb = verb(&request.method, &target, watch);
                Some(Refusal::forbidden(target.resource, verb, &target.namespace, &target.name))
            }
            (Self::Forbidden, None) => {
                let path = &request.path;
                Some(Refusal::new(
                    403,
                    "Forbidden",
                    format!("forbidden: User \"tester\" cannot {} path \"{path}\"", request.method.to_lowercase()),
                ))
            }
            (Self::Conflict, Some(target)) => Some(Refusal::conflict(target.resource, &target.name)),
            (Self::Conflict, None) => Some(Refusal::new(409, "Conflict", "the object has been modified")),
            (Self::ServerError, _) => {
                Some(Refusal::new(500, "InternalError", "Internal error occurred: etcdserver: request timed out"))
            }
            (Self::Unauthorized, _) => Some(Refusal::unauthorized()),
            (Self::Latency(_) | Self::CutBefore | Self::CutAfter | Self::EmptyWatch, _) => None,
        }
    }
}
