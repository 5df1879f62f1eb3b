//! What was measured.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node};

/// Dimensions as labels, readings as annotations, and a sentence of the first of them.
pub(crate) fn on(mut alert: Alert, condition: Node<'_>) -> Alert {
    let criteria: Vec<Node<'_>> = condition.get("allOf").items().collect();
    // Before there were several criteria the one stood alone.
    let criteria = if criteria.is_empty() && condition.exists() { vec![condition] } else { criteria };
    let mut sentences = Vec::new();
    for one in criteria {
        let metric = one.first(&["metricName", "metricMeasureColumn", "webTestName"]);
        let value = one.get("metricValue").text();
        alert = alert
            .labels(dimensions(one.get("dimensions")))
            .label("metric", metric.clone())
            .label("metric_namespace", one.get("metricNamespace").text())
            .label("web_test", one.get("webTestName").text())
            .annotation("value", value.clone())
            .annotation("threshold", one.get("threshold").text())
            .annotation("operator", one.get("operator").text())
            .annotation("aggregation", one.get("timeAggregation").text())
            .annotation("query", one.get("searchQuery").text())
            .annotation("results_url", one.first(&["linkToFilteredSearchResultsUI", "linkToSearchResultsUI"]));
        sentences.extend(sentence(one, metric.as_deref(), value.as_deref()));
    }
    let window = condition.get("windowSize").text();
    alert.annotation("summary", Some(sentences.join("; ").into())).annotation("window", window)
}

fn sentence(one: Node<'_>, metric: Option<&str>, value: Option<&str>) -> Option<String> {
    let (operator, threshold) = (one.get("operator").text()?, one.get("threshold").text()?);
    let sign = match operator.as_ref() {
        "GreaterThan" => ">",
        "GreaterThanOrEqual" => "≥",
        "LessThan" | "LowerThan" => "<",
        "LessThanOrEqual" | "LowerThanOrEqual" => "≤",
        "Equal" | "Equals" => "=",
        other => other,
    };
    let metric = metric.unwrap_or("result");
    Some(match value {
        Some(value) => format!("{metric} is {value}; the threshold is {sign} {threshold}"),
        None => format!("{metric} {sign} {threshold}"),
    })
}

/// `[{"name": …, "value": …}]`.
pub(crate) fn dimensions(list: Node<'_>) -> Vec<(String, String)> {
    let pair = |one: Node<'_>| -> Option<(String, String)> {
        let text = |of: Option<Cow<'_, str>>| of.map(Cow::into_owned);
        Some((text(one.get("name").text())?, text(one.get("value").text())?))
    };
    list.items().filter_map(pair).collect()
}
