//! CloudWatch's alarms: of a metric, of an expression or an anomaly, and of other alarms.

use std::borrow::Cow;

use super::arn::{Arn, escaped, is_region};
use crate::source::severity::in_words;
use crate::source::{Alert, Decoded, Node, STATE, Status, parse};

/// What an alarm is that has too little data to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// What is known of it stays.
    #[default]
    Ignored,
    /// It fires.
    Fires,
}

impl Missing {
    /// Reads the setting `insufficient_data`: `ignore`, `firing` or nothing.
    ///
    /// # Errors
    /// When it is another word: names the setting.
    pub fn of_settings(settings: &str) -> Result<Self, String> {
        let settings = parse(settings)?;
        let setting = Node::root(&settings).get("insufficient_data");
        match setting.text().as_deref() {
            None | Some("ignore") => Ok(Self::Ignored),
            Some("firing") => Ok(Self::Fires),
            Some(_) => Err(setting.expected("\"ignore\" or \"firing\"")),
        }
    }
}

/// An alarm as SNS carries it.
pub fn of_sns(body: Node<'_>, topic: Option<&str>, missing: Missing) -> Result<Decoded, String> {
    let Some((status, state)) = status(body.get("NewStateValue"), missing)? else { return Ok(Decoded::nothing()) };
    let name = body.get("AlarmName").need_text()?;
    let given = body.get("AlarmArn").text();
    let arn = given.as_deref().and_then(Arn::parse);
    // The region is written for people (`EU (Ireland)`); only names of resources tell which it is.
    let topic = topic.and_then(Arn::parse);
    let region = arn.and_then(|arn| arn.region).or_else(|| topic.and_then(|topic| topic.region));
    let partition = arn.or(topic).map_or("aws", |arn| arn.partition);
    let account = body.get("AWSAccountId").text();
    let account = account.as_deref().or_else(|| arn.and_then(|arn| arn.account));
    let trigger = body.get("Trigger");
    let alert = Alert::firing(name.as_ref())
        .labels(one_metric(trigger.get("Namespace"), trigger.get("MetricName"), pairs(trigger.get("Dimensions"))))
        .labels(trigger.get("Metrics").items().flat_map(|metric| {
            let metric = metric.path("MetricStat.Metric");
            one_metric(metric.get("Namespace"), metric.get("MetricName"), pairs(metric.get("Dimensions")))
        }))
        .annotation("summary", body.get("NewStateReason").text())
        .annotation("description", body.get("AlarmDescription").text())
        .annotation("region_name", body.get("Region").text())
        .annotation("previous_state", body.get("OldStateValue").text())
        .annotation("threshold", trigger.get("Threshold").text())
        .annotation("comparison", trigger.get("ComparisonOperator").text())
        .annotation("statistic", trigger.first(&["Statistic", "ExtendedStatistic"]))
        .annotation("expression", expressions(trigger.get("Metrics"), "Expression"))
        .annotation("alarm_rule", body.get("AlarmRule").text())
        .annotation("triggering_children", children(body.get("TriggeringChildren"), "Arn"));
    let place = Place { name: &name, given: given.as_deref(), partition, region, account };
    Ok(place.on(alert, state).status(status).changed(body.get("StateChangeTime").text()).into())
}

/// An alarm as EventBridge carries it.
pub fn of_event(event: Node<'_>, missing: Missing) -> Result<Decoded, String> {
    let detail = event.get("detail");
    let value = detail.path("state.value");
    let Some((status, state)) = status(value, missing)? else { return Ok(Decoded::nothing()) };
    let name = detail.get("alarmName").need_text()?;
    let given = event.get("resources").items().find_map(Node::text);
    let configuration = detail.get("configuration");
    let metrics = configuration.get("metrics");
    let alert = Alert::firing(name.as_ref())
        .labels(metrics.items().flat_map(|metric| {
            let metric = metric.path("metricStat.metric");
            one_metric(metric.get("namespace"), metric.get("name"), metric.get("dimensions").texts())
        }))
        .annotation("summary", detail.path("state.reason").text())
        .annotation("description", configuration.get("description").text())
        .annotation("previous_state", detail.path("previousState.value").text())
        .annotation("expression", expressions(metrics, "expression"))
        .annotation("alarm_rule", configuration.get("alarmRule").text())
        .annotation("actions_suppressed_by", detail.path("state.actionsSuppressedBy").text());
    let (account, region) = (event.get("account").text(), event.get("region").text());
    let arn = given.as_deref().and_then(Arn::parse);
    let place = Place {
        name: &name,
        given: given.as_deref(),
        partition: arn.map_or("aws", |arn| arn.partition),
        region: region.as_deref().or_else(|| arn.and_then(|arn| arn.region)),
        account: account.as_deref(),
    };
    let time = detail.path("state.timestamp").text().or_else(|| event.get("time").text());
    Ok(place.on(alert, state).status(status).changed(time).into())
}

/// Firing or resolved, and what is said of that; none where nothing changes.
fn status(state: Node<'_>, missing: Missing) -> Result<Option<(Status, Option<&'static str>)>, String> {
    let word = state.text().unwrap_or_default().trim().to_ascii_uppercase();
    match (word.as_str(), missing) {
        ("ALARM", _) => Ok(Some((Status::Firing, None))),
        ("OK", _) => Ok(Some((Status::Resolved, None))),
        ("INSUFFICIENT_DATA", Missing::Fires) => Ok(Some((Status::Firing, Some("insufficient_data")))),
        ("INSUFFICIENT_DATA", Missing::Ignored) => Ok(None),
        _ => Err(state.expected("ALARM, OK or INSUFFICIENT_DATA")),
    }
}

/// Which alarm of which account it is.
struct Place<'a> {
    name: &'a str,
    given: Option<&'a str>,
    partition: &'a str,
    region: Option<&'a str>,
    account: Option<&'a str>,
}

impl Place<'_> {
    fn on(&self, alert: Alert, state: Option<&str>) -> Alert {
        let Self { name, partition, .. } = self;
        let (region, account) = (self.region.unwrap_or_default(), self.account.unwrap_or_default());
        // Older messages lack the name of the resource, which is made of what they have.
        let own = self.given.map_or_else(
            || format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"),
            |given| given.trim().to_string(),
        );
        let link = self.region.filter(|region| is_region(region)).map(|region| {
            let console = Arn::console(partition, region);
            format!("{console}/cloudwatch/home?region={region}#alarmsV2:alarm/{}", escaped(name))
        });
        let description = alert.annotations.iter().find(|(key, _)| key == "description");
        let severity = in_words(name).or_else(|| description.and_then(|(_, text)| in_words(text)));
        let severity = severity.map(|word| Cow::Owned(word.to_string()));
        alert
            .severity(severity)
            .label("account", self.account.map(Into::into))
            .label("region", self.region.map(Into::into))
            .annotation(STATE, state.map(Into::into))
            .fingerprint(Some(own.into()))
            .link(link.map(Into::into))
            .usual_names()
    }
}

fn one_metric(namespace: Node<'_>, name: Node<'_>, dimensions: Vec<(String, String)>) -> Vec<(String, String)> {
    // `namespace` is one of Kubernetes.
    let named = [("metric_namespace", namespace.text()), ("metric", name.text())];
    let named = named.into_iter().filter_map(|(key, text)| Some((key.to_string(), text?.into_owned())));
    named.chain(dimensions).collect()
}

fn pairs(list: Node<'_>) -> Vec<(String, String)> {
    let pair = |one: Node<'_>| {
        Some((one.first(&["name", "Name"])?.into_owned(), one.first(&["value", "Value"])?.into_owned()))
    };
    list.items().filter_map(pair).collect()
}

fn expressions<'a>(metrics: Node<'a>, key: &'a str) -> Option<Cow<'a, str>> {
    let all: Vec<Cow<'_, str>> = metrics.items().filter_map(|metric| metric.get(key).text()).collect();
    (!all.is_empty()).then(|| all.join("; ").into())
}

fn children<'a>(list: Node<'a>, key: &'a str) -> Option<Cow<'a, str>> {
    let all: Vec<Cow<'_, str>> = list.items().filter_map(|child| child.get(key).text()).collect();
    (!all.is_empty()).then(|| all.join(", ").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_has_two_words() {
        let read = Missing::of_settings;
        assert_eq!(read("{}"), Ok(Missing::Ignored));
        assert_eq!(read(r#"{"insufficient_data":"firing"}"#), Ok(Missing::Fires));
        assert!(read(r#"{"insufficient_data":"page"}"#).unwrap_err().starts_with("insufficient_data: expected"));
    }
}
