//! Every kind of trouble that stands in `tests/data/kinds`, with both MCP servers, three ways: the shipped policies
//! cover it, the model is asked, the model is down. `TIDEGATE_KIND=oom` takes those whose name holds that,
//! `-- --nocapture` prints the table, and with `TIDEGATE_KINDS_APART=1` its times say something, since one alert is
//! sent after the other.

use tidegate_tests::kinds::{self, Kind, Run, Way};
use tidegate_tests::rig::{Rig, ToolServer};

/// What did not go as it should, by kind.
fn faults(runs: &[Run], server: ToolServer, way: Way) -> Vec<String> {
    let of = |run: &Run| {
        let own = run.faults(server, way).into_iter();
        own.map(|fault| format!("{} ({server:?}, {way:?}): {fault}", run.kind.name)).collect::<Vec<_>>()
    };
    runs.iter().flat_map(of).collect()
}

async fn all(kinds: &[Kind], server: ToolServer, way: Way) -> anyhow::Result<(Vec<Run>, Vec<String>)> {
    #[expect(clippy::disallowed_methods, reason = "whoever measures says so")]
    let apart = std::env::var_os("TIDEGATE_KINDS_APART").is_some();
    let (runs, rig) = kinds::run(kinds, server, way, apart).await?;
    let mut faults = faults(&runs, server, way);
    faults.extend(changes(&rig));
    Ok((runs, faults))
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
    let kinds = kinds::all()?;
    assert!(!kinds.is_empty(), "no kind has that name");
    let (covered, mut wrong) = all(&kinds, ToolServer::Native, Way::Covered).await?;
    wrong.extend(all(&kinds, ToolServer::Kubectl, Way::Covered).await?.1);
    let (asked, faults) = all(&kinds, ToolServer::Native, Way::Asked).await?;
    wrong.extend(faults);
    wrong.extend(all(&kinds, ToolServer::Native, Way::Down).await?.1);
    println!("{}", kinds::table(&covered, &asked));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
