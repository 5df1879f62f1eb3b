//! The envelope.

use std::borrow::Cow;

use tidegate_plugin::source::aws::{self, Missing};
use tidegate_plugin::source::{Decoded, Inbound, Node, parse};

use crate::text::{self, About};

/// An envelope, or with raw delivery the message itself.
pub(crate) fn message(body: Node<'_>, request: &Inbound, missing: Missing) -> Result<Decoded, String> {
    let kind = body.get("Type").text().filter(|_| body.get("TopicArn").exists() || body.get("MessageId").exists());
    match kind.as_deref() {
        Some("Notification") => notification(body, missing),
        Some("SubscriptionConfirmation") => confirmation(body),
        // Its address would subscribe again.
        Some("UnsubscribeConfirmation") => Ok(Decoded::nothing()),
        Some(_) => Err(body.get("Type").expected("Notification or SubscriptionConfirmation")),
        None => {
            let topic = request.header("x-amz-sns-topic-arn");
            let about = About { subject: None, topic, time: None };
            alarm_or_event(body, topic, missing).unwrap_or_else(|| match text::of_json(body, &about) {
                Some(alert) if request.header("x-amz-sns-message-type").is_some() => Ok(alert),
                _ => Err(body.expected(
                    "a message of SNS, a CloudWatch alarm or an event of EventBridge; subscribe this address to the topic \
                     with the protocol HTTPS",
                )),
            })
        }
    }
}

/// A body that is no JSON: with raw delivery SNS sends what was published as it is.
pub(crate) fn raw(request: &Inbound) -> Result<Decoded, String> {
    if request.header("x-amz-sns-message-type").is_none_or(|kind| kind != "Notification") {
        return Err(parse(&request.body).err().unwrap_or_default());
    }
    let about = About { subject: None, topic: request.header("x-amz-sns-topic-arn"), time: None };
    Ok(text::alert(request.body.trim(), &about))
}

/// What a Lambda function is handed: messages of SNS, or of a queue that is subscribed to a topic.
pub(crate) fn record(record: Node<'_>, missing: Missing) -> Result<Decoded, String> {
    let sns = record.get("Sns");
    if sns.exists() {
        return notification(sns, missing);
    }
    let text = record.get("body").need_text()?;
    let value = parse(&text).map_err(|reason| format!("{}: {reason}", record.get("body").place()))?;
    let inner = Node::root(&value);
    let inside = if inner.get("Message").exists() { notification(inner, missing) } else { one(inner, None, missing) };
    inside.map_err(|reason| format!("{}: {reason}", record.get("body").place()))
}

fn notification(envelope: Node<'_>, missing: Missing) -> Result<Decoded, String> {
    let message = envelope.get("Message");
    let topic = envelope.get("TopicArn").text();
    let time = envelope.get("Timestamp").text();
    let about = About { subject: envelope.get("Subject").text(), topic: topic.as_deref(), time };
    let text: Cow<'_, str> = message.need_text()?;
    let Some(value) = parse(&text).ok().filter(|value| value.is_object()) else {
        return Ok(text::alert(text.trim(), &about));
    };
    let inner = Node::root(&value);
    let decoded = alarm_or_event(inner, about.topic, missing);
    decoded
        .unwrap_or_else(|| Ok(text::of_json(inner, &about).unwrap_or_else(|| text::alert(text.trim(), &about))))
        .map_err(|reason| format!("{}: {reason}", message.place()))
}

fn one(body: Node<'_>, topic: Option<&str>, missing: Missing) -> Result<Decoded, String> {
    aws::decode(body, topic, missing)
}

/// None where it is something else.
fn alarm_or_event(body: Node<'_>, topic: Option<&str>, missing: Missing) -> Option<Result<Decoded, String>> {
    let known = body.get("AlarmName").exists() || body.get("detail-type").exists();
    known.then(|| one(body, topic, missing))
}

/// Only an address of SNS itself is fetched: anybody could write another one here.
fn confirmation(body: Node<'_>) -> Result<Decoded, String> {
    let place = body.get("SubscribeURL");
    let url = place.need_text()?;
    let host = url.trim().strip_prefix("https://").and_then(|rest| rest.split(['/', '?']).next());
    if !host.is_some_and(of_sns) {
        return Err(place.expected("an address of SNS: https://sns.<region>.amazonaws.com/"));
    }
    Ok(Decoded::nothing().confirming(url.trim()))
}

fn of_sns(host: &str) -> bool {
    let region = host
        .strip_prefix("sns.")
        .and_then(|rest| rest.strip_suffix(".amazonaws.com.cn").or_else(|| rest.strip_suffix(".amazonaws.com")));
    region.is_some_and(aws::is_region)
}

#[cfg(test)]
mod tests {
    use super::of_sns;

    #[test]
    fn only_sns_itself_is_confirmed() {
        for host in
            ["sns.eu-west-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn", "sns.us-gov-west-1.amazonaws.com"]
        {
            assert!(of_sns(host), "{host}");
        }
        for host in [
            "sns.eu-west-1.amazonaws.com.evil.example",
            "sns.evil.example#.amazonaws.com",
            "user@sns.eu-west-1.amazonaws.com",
            "sns.eu-west-1.amazonaws.com:8443",
            "s3.eu-west-1.amazonaws.com",
            "sns..amazonaws.com",
            "sns.a.b-c.amazonaws.com",
        ] {
            assert!(!of_sns(host), "{host}");
        }
    }
}
