//! Which tools are offered where there is no room for all of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::domain::{Incident, Tool};

/// Tools that an incident has to do with: what was looked at before the model was asked, so that the offer stays the same
/// while it is, and what was proposed.
pub(super) fn used(incident: &Incident) -> BTreeSet<&str> {
    let before = incident.model.turns.first().map_or(incident.looks.len(), |turn| turn.after_looks);
    let looks = incident.looks.iter().take(before).map(|look| look.call.tool.as_str());
    looks.chain(incident.actions.iter().map(|record| record.action.proposal.call.tool.as_str())).collect()
}

/// The places of the tools that fit into `room` bytes, of which each takes as many as `sizes` says.
///
/// What the incident has to do with comes first. Then servers take turns, each with its tools in the order in
/// which they stand here: however many tools one server has, it pushes no other one out. A tool that would
/// take much of the room alone waits until the others have theirs.
pub(super) fn fitting(tools: &[&Tool], sizes: &[usize], used: &BTreeSet<&str>, room: usize) -> BTreeSet<usize> {
    let size = |place: usize| sizes.get(place).copied().unwrap_or(usize::MAX);
    let (mut order, mut rest) = (Vec::new(), Vec::new());
    let mut servers: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
    for (place, tool) in tools.iter().enumerate() {
        if used.contains(tool.name.as_str()) {
            order.push(place);
        } else {
            let server = tool.name.split_once('.').map_or(tool.name.as_str(), |(server, _)| server);
            servers.entry(server).or_default().push_back(place);
        }
    }
    while servers.values().any(|waiting| !waiting.is_empty()) {
        rest.extend(servers.values_mut().filter_map(VecDeque::pop_front));
    }
    rest.sort_by_key(|place| size(*place) > room / 4);
    order.extend(rest);
    let mut left = room;
    let fits = |place: &usize| {
        let fits = size(*place) <= left;
        left -= if fits { size(*place) } else { 0 };
        fits
    };
    order.into_iter().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Catalogue;
    use crate::model::tests::catalogue;

    fn chosen(catalogue: &Catalogue, size: impl Fn(&str) -> usize, used: &[&str], room: usize) -> Vec<String> {
        let tools: Vec<&Tool> = catalogue.tools.values().collect();
        let sizes: Vec<usize> = tools.iter().map(|tool| size(&tool.name)).collect();
        let used = used.iter().copied().collect();
        fitting(&tools, &sizes, &used, room).into_iter().map(|place| tools[place].name.clone()).collect()
    }

    #[test]
    fn servers_take_turns_and_what_the_incident_used_comes_first() {
        let names: Vec<String> = (0..450).map(|n| format!("aws.op_{n:03}")).collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.extend(["kubernetes.get", "kubernetes.logs", "kubernetes.patch", "prometheus.query"]);
        let catalogue = catalogue(&names);
        let got = chosen(&catalogue, |_| 1, &["aws.op_449"], 10);
        let want = [
            "aws.op_000",
            "aws.op_001",
            "aws.op_002",
            "aws.op_003",
            "aws.op_004",
            "aws.op_449",
            "kubernetes.get",
            "kubernetes.logs",
            "kubernetes.patch",
            "prometheus.query",
        ];
        assert_eq!(got, want);
        assert_eq!(chosen(&catalogue, |_| 1, &[], 3), ["aws.op_000", "kubernetes.get", "prometheus.query"]);
        assert_eq!(chosen(&catalogue, |_| 1, &[], 1000).len(), 454);
    }

    #[test]
    fn a_tool_that_takes_much_alone_pushes_nothing_out() {
        let catalogue = catalogue(&["a.huge", "a.large", "b.get", "c.get"]);
        let size = |name: &str| match name {
            "a.huge" => 500,
            "a.large" => 90,
            _ => 5,
        };
        assert_eq!(chosen(&catalogue, size, &[], 100), ["a.large", "b.get", "c.get"]);
        assert_eq!(chosen(&catalogue, size, &["a.large"], 98), ["a.large", "b.get"]);
        assert_eq!(chosen(&catalogue, |_| 1, &[], 0), Vec::<String>::new());
    }
}
