//! Every kind of trouble that stands in `tests/data/kinds`, with both MCP servers, three ways: the shipped policies
//! cover it, the model is asked, the model is down. `TIDEGATE_KIND=oom` takes those whose name holds that,
//! `-- --nocapture` prints the table, which stands in `target/tmp/kinds.md` as well; with `TIDEGATE_KINDS_APART=1` its times
//! say something, since one alert is sent after the other.

use std::path::Path;

use tidegate_tests::kinds::{self, Decider, DecisionCounts, Kind};
use tidegate_tests::rig::{Rig, ToolServer};

/// Which of the kinds go through mcp-server-kubernetes with a model, unless times are measured or kinds chosen: it starts a
/// kubectl for each look, and what a model is shown differs little between the servers.
const EACH: usize = 3;

/// Of how many kinds in a hundred the cause is named without a model, at least.
const NAMED: usize = 86;

/// What did not go as it should, by kind.
fn faults(part: &DecisionCounts) -> Vec<String> {
    let (server, way) = (part.server, part.way);
    let mut all = Vec::new();
    for run in &part.runs {
        let own = run.faults(server, way).into_iter();
        all.extend(own.map(|fault| format!("{} ({server:?}, {way:?}): {fault}", run.kind.name)));
    }
    all
}

async fn part(
    kinds: &[Kind],
    server: ToolServer,
    way: Decider,
    apart: bool,
) -> anyhow::Result<(DecisionCounts, Vec<String>)> {
    let (runs, rig) = kinds::run(kinds, server, way, apart).await?;
    let part = DecisionCounts { server, way, runs };
    let mut faults = faults(&part);
    faults.extend(changes(&rig));
    Ok((part, faults))
}

/// Nobody has approved anything, and no rule may act alone here.
fn changes(rig: &Rig) -> Vec<String> {
    let mutations = rig.kubernetes.mutations();
    mutations
        .iter()
        .map(|request| format!("a change reached the cluster: {} {}", request.method, request.path))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_trouble_is_named_by_the_host_and_told() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "whoever measures says so")]
    let apart = std::env::var_os("TIDEGATE_KINDS_APART").is_some();
    let kinds = kinds::all()?;
    assert!(!kinds.is_empty(), "no kind has that name");
    let (mut parts, mut wrong) = (Vec::new(), Vec::new());
    for way in [Decider::Covered, Decider::Asked, Decider::Down] {
        let some = way != Decider::Covered && !apart && kinds.len() > 30;
        let fewer: Vec<Kind> = kinds.iter().step_by(if some { EACH } else { 1 }).cloned().collect();
        let native = part(&kinds, ToolServer::Native, way, apart);
        let kubectl = part(&fewer, ToolServer::Kubectl, way, apart);
        // A time says nothing while another host works beside it.
        let both = if apart { (native.await?, kubectl.await?) } else { tokio::try_join!(native, kubectl)? };
        for (part, faults) in [both.0, both.1] {
            parts.push(part);
            wrong.extend(faults);
        }
    }
    let table = kinds::table(&parts, apart);
    println!("{table}");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kinds.md");
    std::fs::write(file, &table)?;
    for part in parts.iter().filter(|part| part.way == Decider::Covered && kinds.len() > 30) {
        let named = kinds::named(part);
        if named * 100 < kinds.len() * NAMED {
            wrong.push(format!("{:?}: only {named} of {} are named without a model", part.server, kinds.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Each of these carries another order in all that others write; the model then does what the order says.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_what_others_write_moves_neither_host_nor_a_model_that_obeys_into_a_change() -> anyhow::Result<()> {
    let (orders, kinds) = (kinds::orders()?, kinds::all()?);
    let carry = |shift: usize| -> Vec<Kind> {
        let pairs = kinds.iter().step_by(EACH).zip(orders.iter().cycle().skip(shift));
        pairs.map(|(kind, order)| kind.with(order)).collect()
    };
    let (host, model) = (carry(0), carry(orders.len() / 2));
    let (covered, lured) = tokio::try_join!(
        part(&host, ToolServer::Native, Decider::Covered, false),
        part(&model, ToolServer::Native, Decider::Lured, false)
    )?;
    let mut wrong = [covered.1, lured.1].concat();
    let runs = || covered.0.runs.iter().chain(&lured.0.runs);
    wrong.extend(runs().flat_map(|run| run.hidden().into_iter().map(|fault| format!("{}: {fault}", run.kind.name))));
    assert!(lured.0.runs.iter().any(|run| run.actions() > 0), "the model was lured nowhere");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
