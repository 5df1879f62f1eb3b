//! Mail through the operator's server.

use crate::host::{self, CallError, Mail, MailError, Receipt, Retry};

/// Sends a mail. That some recipients were refused stands in the receipt; that none took it is the error.
pub fn send(mail: &Mail) -> Result<Receipt, CallError> {
    host::send_mail(mail).map_err(judged)
}

/// What an error of a mail means for the delivery.
pub fn judged(error: MailError) -> CallError {
    match error {
        MailError::Denied(reason) => CallError::Misconfigured(reason),
        MailError::Auth(reason) => CallError::Misconfigured(format!("the mail server refuses the login: {reason}")),
        MailError::Invalid(reason) => CallError::InvalidInput(reason),
        MailError::Rejected(reason) => CallError::Other(format!("the mail server refuses the mail: {reason}")),
        MailError::Unavailable(Retry { reason, after_ms }) => host::unavailable(reason, after_ms),
    }
}

/// A mail without anything but what is read.
pub fn of(subject: impl Into<String>, text: impl Into<String>, html: Option<String>) -> Mail {
    Mail {
        to: Vec::new(),
        cc: Vec::new(),
        subject: subject.into(),
        text: text.into(),
        html,
        message_id: None,
        in_reply_to: None,
        references: Vec::new(),
        headers: Vec::new(),
        extra: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_succeed_later_is_tried_again() {
        let retry = Retry { reason: "try later".into(), after_ms: Some(5) };
        assert!(matches!(
            judged(MailError::Unavailable(retry)),
            CallError::Unavailable(retry) if retry.reason == "try later" && retry.after_ms == Some(5)
        ));
        assert!(matches!(judged(MailError::Denied("[plugins.x.mail]".into())), CallError::Misconfigured(_)));
        assert!(matches!(judged(MailError::Auth("535".into())), CallError::Misconfigured(_)));
        assert!(matches!(judged(MailError::Invalid("no address".into())), CallError::InvalidInput(_)));
        assert!(matches!(judged(MailError::Rejected("550".into())), CallError::Other(_)));
    }

    #[test]
    fn without_a_recorded_answer_no_mail_is_sent() {
        let refused = send(&of("subject", "text", None));
        assert!(matches!(refused, Err(CallError::Misconfigured(_))), "{refused:?}");
    }
}
