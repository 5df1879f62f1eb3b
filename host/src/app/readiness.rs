//! Whether the host does what it is there for, and what is not as it should be.

use super::{App, deliveries, routes};
use crate::backend::{Backend, Breaker, Readiness};
use crate::tools::Status;

impl App {
    pub(super) fn readiness(&self) -> Readiness {
        let broken = self.services.store.broken();
        let restored = self.restoration.check();
        let mut problems: Vec<String> = restored.as_ref().err().cloned().into_iter().collect();
        problems.extend(broken.iter().map(ToString::to_string));
        problems.extend(self.restoration.listing_problem().map(|problem| format!("the listing: {problem}")));
        let stopping = self.services.store.is_stopping();
        if stopping {
            problems.push("tidegate is stopping: it waits for calls and messages under way and begins none".into());
        }
        problems.extend(self.services.model.problems());
        if self.runner.panics() > 0 {
            problems.push(format!(
                "a fault in tidegate itself broke off the handling of incidents or messages {} times since the start; the log says where",
                self.runner.panics()
            ));
        }
        problems.extend(self.policies.problems());
        problems.extend(routes::of(&self.policies.set(), &self.plugins.target_names()).problems);
        problems.extend(self.policies.warnings().into_iter().map(|warning| format!("policies: {warning}")));
        let servers = self.servers.status();
        problems.extend(servers.iter().flat_map(Status::problems));
        let plugins = self.plugins.status();
        let told: Vec<&String> = plugins.iter().flat_map(|status| &status.problems).collect();
        let start = self.plugins.start_problems().iter().map(|problem| (problem.to_string(), &problem.text));
        let untold = start.filter(|(whole, text)| !told.contains(&whole) && !told.contains(text));
        problems.extend(untold.map(|(whole, _)| whole));
        problems.extend(
            plugins
                .iter()
                .flat_map(|status| status.problems.iter().map(|problem| format!("plugin {}: {problem}", status.name))),
        );
        problems.extend(deliveries::problems(&self.runner.target_status()));
        problems.extend(self.schedules.problems());
        problems.extend(self.health.problems());
        problems.extend(self.watches.problems());
        problems.extend(self.buses.iter().flat_map(|bus| bus.problems()));
        if let Some(rule) = self.policies.set().forwards().filter(|_| !self.buses.iter().any(|bus| bus.tells())) {
            problems
                .push(format!("event rule {rule} sends events on, and no [[bus.nats]] has publish: they go nowhere"));
        }
        problems.extend(self.records.library.problems().into_iter().map(|problem| format!("runbooks: {problem}")));
        for scope in self.services.gate.paused() {
            let what = if scope.is_empty() { "execution".to_string() } else { scope };
            problems.push(format!("{what} is paused"));
        }
        for breaker in Backend::breakers(self).into_iter().filter(|breaker| breaker.open) {
            let Breaker { key, because, .. } = breaker;
            problems.push(format!("the breaker {key} is open: {because}; `tidegate breakers reset {key}` closes it"));
        }
        for (id, source, alerts) in self.services.store.collecting() {
            problems.push(format!(
                "{source} sends more groups of alerts than get incidents of their own; {alerts} alerts stand together in {id}"
            ));
        }
        Readiness { ready: broken.is_none() && restored.is_ok() && !stopping, problems }
    }
}
