//! What Amazon Web Services tell of themselves, whichever way it comes: CloudWatch's alarms as SNS carries them, and
//! EventBridge's events, among them alarms and AWS Health.

mod alarm;
mod arn;
mod event;
mod health;
mod known;
mod security;

use std::borrow::Cow;

use super::{Decoded, Decoding, Node};

pub use alarm::Missing;
pub use arn::{Arn, is_region};

/// What a body of one of these services comes to.
///
/// # Errors
/// When it is neither an alarm nor an event: a sentence that names the place.
pub fn decode(body: Node<'_>, topic: Option<&str>, missing: Missing) -> Decoding {
    if body.get("detail-type").exists() {
        return event::decode(body, missing);
    }
    if body.get("AlarmName").exists() {
        return alarm::of_sns(body, topic, missing);
    }
    Err(body.get("detail-type").expected("an event of EventBridge, or a CloudWatch alarm with AlarmName"))
}

/// What several bodies come to that were handed on together. One that cannot be read costs no other; `name` says what it
/// is called, where that is known.
pub fn together<'a>(
    bodies: impl IntoIterator<Item = Node<'a>>,
    read: impl Fn(Node<'a>) -> Decoding,
    name: impl Fn(Node<'a>) -> Option<Cow<'a, str>>,
) -> Decoded {
    let mut all = Decoded::nothing();
    for body in bodies {
        match read(body) {
            Ok(Decoded { alerts, left_out, .. }) => {
                all.alerts.extend(alerts);
                all.left_out.extend(left_out);
            }
            Err(reason) => all.leave_out(name(body).as_deref().unwrap_or_default(), reason),
        }
    }
    all
}
