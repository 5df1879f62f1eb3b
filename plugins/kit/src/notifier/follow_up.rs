//! Messages to a target that cannot change what it has shown.

use super::{Delivery, Notification, Occasion};
use crate::host::CallError;
use crate::http::Accepted;

/// Sends a message to a target that can neither change nor answer what it has shown. How a question ended is told in a
/// message of its own where `follow_up` is set, else not at all.
///
/// # Errors
/// With what `send` returns.
pub fn sent_once(
    message: &Notification,
    follow_up: bool,
    send: impl FnOnce() -> Result<Accepted, CallError>,
) -> Delivery {
    if message.occasion == Occasion::Answered && !follow_up {
        return Ok(None);
    }
    send()?;
    // With a reference the host tells how a question ended.
    let wants_more = follow_up && message.occasion == Occasion::Approval;
    Ok(wants_more.then(|| message.message_id.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::golden::notification;

    #[test]
    fn how_a_question_ended_is_told_where_that_is_wanted() {
        for (occasion, follow_up, sent, reference) in [
            ("approval", true, true, Some("m")),
            ("approval", false, true, None),
            ("answered", true, true, None),
            ("answered", false, false, None),
            ("report", true, true, None),
        ] {
            let message = notification(&json!({"occasion": occasion, "message-id": "m", "alerts": [], "now-ms": 0}));
            let mut asked = false;
            let delivery = sent_once(&message, follow_up, || {
                asked = true;
                Ok(Accepted { status: 200, body: String::new(), json: json!(null) })
            });
            assert_eq!((asked, delivery), (sent, Ok(reference.map(String::from))), "{occasion} {follow_up}");
        }
    }
}
