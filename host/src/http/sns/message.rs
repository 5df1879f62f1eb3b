//! A message of Amazon SNS as far as its signature covers it.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;

/// The members that are signed, and those that say how. Of a member that stands twice none is taken.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    pub message_id: Cow<'a, str>,
    #[serde(borrow)]
    pub topic_arn: Cow<'a, str>,
    #[serde(borrow, default)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow)]
    pub timestamp: Cow<'a, str>,
    #[serde(borrow, default)]
    token: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "SubscribeURL")]
    subscribe_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub signature_version: Cow<'a, str>,
    #[serde(borrow)]
    pub signature: Cow<'a, str>,
    #[serde(borrow, rename = "SigningCertURL")]
    pub signing_cert_url: Cow<'a, str>,
}

impl Message<'_> {
    /// What is signed; none where the message is of no kind that is known, or something is missing.
    pub fn canonical(&self) -> Option<String> {
        let mut text = String::new();
        let mut line = |key: &str, value: &str| {
            let _ = write!(text, "{key}\n{value}\n");
        };
        match &*self.r#type {
            "Notification" => {
                line("Message", &self.message);
                line("MessageId", &self.message_id);
                if let Some(subject) = &self.subject {
                    line("Subject", subject);
                }
            }
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
                line("Message", &self.message);
                line("MessageId", &self.message_id);
                line("SubscribeURL", self.subscribe_url.as_deref()?);
            }
            _ => return None,
        }
        line("Timestamp", &self.timestamp);
        if &*self.r#type != "Notification" {
            line("Token", self.token.as_deref()?);
        }
        line("TopicArn", &self.topic_arn);
        line("Type", &self.r#type);
        Some(text)
    }
}
