//! How long requests take, by the pattern of their path and the class of their answer: names that strangers make up are no label.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    route: String,
    status_class: &'static str,
}

/// The pattern of a request's path.
pub struct Route(Option<MatchedPath>);

impl Route {
    /// Of a request that has been matched.
    pub fn of(request: &Request) -> Self {
        Self(request.extensions().get().cloned())
    }
}

/// The durations since the start.
pub struct Durations {
    registry: Registry,
    requests: Family<Answered, Histogram, fn() -> Histogram>,
}

impl Default for Durations {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("tidegate");
        let requests: Family<Answered, Histogram, fn() -> Histogram> = Family::new_with_constructor(buckets);
        let help = "How long requests took until the head of their answer";
        registry.register("http_request_duration_seconds", help, requests.clone());
        // Begun with zeros: of a series that appears with its first failure Prometheus sees no increase.
        for route in ["/alert", "/v1/alerts/{source}"] {
            for status_class in ["2xx", "4xx", "5xx"] {
                drop(requests.get_or_create(&Answered { route: route.to_string(), status_class }));
            }
        }
        Self { registry, requests }
    }
}

fn buckets() -> Histogram {
    Histogram::new([0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0])
}

impl Durations {
    /// Notes how long a request took.
    pub fn note(&self, route: &Route, status: StatusCode, took: Duration) {
        let route = route.0.as_ref().map_or("unmatched", MatchedPath::as_str).to_string();
        let answered = Answered { route, status_class: class(status) };
        self.requests.get_or_create(&answered).observe(took.as_secs_f64());
    }

    /// Histograms as Prometheus text.
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        text
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}
