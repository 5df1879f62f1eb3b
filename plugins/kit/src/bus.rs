//! Messages on the operator's message bus.

use crate::host::{self, BusError, BusMessage, CallError, Published, Retry};

/// Publishes a message; where the bus takes no such long one, `shorter` is asked for one of so many bytes at most, once.
pub fn publish(message: BusMessage, shorter: impl FnOnce(usize) -> String) -> Result<Published, CallError> {
    match host::publish(&message) {
        Err(BusError::TooLarge(most)) => {
            let body = shorter(usize::try_from(most).unwrap_or(usize::MAX));
            host::publish(&BusMessage { body, ..message }).map_err(judged)
        }
        other => other.map_err(judged),
    }
}

/// Who the host is on the bus: the `source` of a CloudEvent.
pub fn sender() -> Result<String, CallError> {
    host::bus_sender().map_err(judged)
}

/// What an error of a message means for the delivery.
pub fn judged(error: BusError) -> CallError {
    match error {
        BusError::Denied(reason) | BusError::Forbidden(reason) => CallError::Misconfigured(reason),
        BusError::Invalid(reason) => CallError::InvalidInput(reason),
        BusError::TooLarge(most) => {
            CallError::InvalidInput(format!("the bus takes {most} bytes at most, which is too little for any message"))
        }
        BusError::Rejected(reason) => CallError::Other(reason),
        BusError::Unavailable(Retry { reason, after_ms }) => host::unavailable(reason, after_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_succeed_later_is_tried_again() {
        let retry = Retry { reason: "away".into(), after_ms: None };
        assert!(
            matches!(judged(BusError::Unavailable(retry)), CallError::Unavailable(retry) if retry.reason == "away")
        );
        assert!(matches!(judged(BusError::Denied("[notifiers.x.bus]".into())), CallError::Misconfigured(_)));
        assert!(matches!(judged(BusError::Forbidden("ops.x".into())), CallError::Misconfigured(_)));
        assert!(matches!(judged(BusError::Invalid("no subject".into())), CallError::InvalidInput(_)));
        assert!(matches!(judged(BusError::TooLarge(10)), CallError::InvalidInput(_)));
        assert!(matches!(judged(BusError::Rejected("full".into())), CallError::Other(_)));
    }
}
