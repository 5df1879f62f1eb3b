//! What Amazon Web Services tell of themselves, whichever way it comes: CloudWatch's alarms as SNS carries them, and
//! EventBridge's events, among them alarms and AWS Health.

mod alarm;
mod arn;
mod event;
mod health;
mod known;
mod security;

use super::{Decoded, Node};

pub use alarm::Missing;
pub use arn::{Arn, is_region};

/// What a body of one of these services comes to.
///
/// # Errors
/// When it is neither an alarm nor an event: a sentence that names the place.
pub fn decode(body: Node<'_>, topic: Option<&str>, missing: Missing) -> Result<Decoded, String> {
    if body.get("detail-type").exists() {
        return event::decode(body, missing);
    }
    if body.get("AlarmName").exists() {
        return alarm::of_sns(body, topic, missing);
    }
    Err(body.get("detail-type").expected("an event of EventBridge, or a CloudWatch alarm with AlarmName"))
}
