//! How permitted mail gets to its server. The wire is one way; a test of a plugin has another.

use futures::future::BoxFuture;

use super::transport::Wire;
use crate::network::smtp::{AcceptedMail, Mail, Server, SmtpError};

/// Sends mail.
pub trait MailTransport: Send + Sync {
    /// Sends one mail through a server.
    fn send<'a>(&'a self, server: &'a Server, mail: &'a Mail) -> BoxFuture<'a, Result<AcceptedMail, SmtpError>>;
    /// Whether anything leaves this process on this way.
    fn leaves(&self) -> bool {
        true
    }
}

impl MailTransport for Wire {
    fn send<'a>(&'a self, server: &'a Server, mail: &'a Mail) -> BoxFuture<'a, Result<AcceptedMail, SmtpError>> {
        Box::pin(self.0.send_mail(server, mail))
    }
}
