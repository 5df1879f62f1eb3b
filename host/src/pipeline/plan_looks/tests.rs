//! Looks that are made side by side.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::backtest::tests::rig::{journal, policies};
use crate::clock::TokioClock;
use crate::domain::{Catalogue, IncidentId, Risk, Tool};
use crate::gate::{Options, Permit};
use crate::pipeline::correlate::Group;
use crate::ports::{ToolError, ToolSlot};
use crate::random::Random;

/// Answers each look after as many seconds as its argument says, and counts those under way.
#[derive(Default)]
struct Slow {
    under_way: Mutex<(usize, usize)>,
}

impl Tools for Slow {
    fn catalogue(&self) -> Arc<Catalogue> {
        let tool = |(name, risk): (&str, Risk)| {
            let (description, schema, undo) = (String::new(), json!({}), None);
            (
                name.to_string(),
                Tool { name: name.into(), description, schema, risk, repeatable: true, undo, own: false },
            )
        };
        Arc::new(Catalogue {
            tools: [("k.get", Risk::Read), ("k.set", Risk::High)].map(tool).into(),
            ..Catalogue::default()
        })
    }

    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        let seconds = permit.call().arguments["seconds"].as_u64().unwrap();
        Box::pin(async move {
            {
                let mut under_way = self.under_way.lock().unwrap();
                under_way.0 += 1;
                under_way.1 = under_way.1.max(under_way.0);
            }
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            self.under_way.lock().unwrap().0 -= 1;
            Ok(ToolAnswer { ok: true, text: format!("after {seconds} s") })
        })
    }

    fn perform<'a>(&'a self, _: &'a Permit, _: &'a Call, _: ToolSlot) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        unreachable!("a plan performs nothing")
    }
}

fn plan_looks(tools: &Arc<Slow>, policy: &str, options: Options) -> PlanLooks {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::starting_at(jiff::Timestamp::UNIX_EPOCH));
    let (wake, _) = tokio::sync::mpsc::unbounded_channel();
    let random = Arc::new(Random::seeded(1));
    let store = Store::new(journal(), clock.clone(), random, Box::new(|_| Group::BySubject), wake);
    PlanLooks {
        gate: Arc::new(Gate::new(options)),
        policies: policies(policy),
        tools: tools.clone(),
        store: Arc::new(store),
        clock,
        mode: Mode::Enforce,
        made: Mutex::new(RecordedLooks { incident: incident(), facts: Vec::new() }),
    }
}

fn incident() -> Incident {
    let fact = Fact::Opened { group_key: "g".into(), source: "test".into(), alerts: vec![] };
    Incident::open(IncidentId("i1".into()), &Entry { at: jiff::Timestamp::UNIX_EPOCH, fact }).unwrap()
}

fn call(tool: &str, seconds: u64) -> Call {
    let arguments = json!({"seconds": seconds});
    Call { tool: tool.into(), arguments: arguments.as_object().cloned().unwrap() }
}

/// Tool or gate and text of each look, and how long it took.
fn noted_in(looks: &PlanLooks) -> Vec<(String, String, u64)> {
    let looked = |fact| match fact {
        Fact::Looked { call, text, took_ms, refused, .. } => (refused.unwrap_or(call.tool), text, took_ms),
        other => panic!("{other:?}"),
    };
    looks.taken().into_iter().map(looked).collect()
}

#[tokio::test(start_paused = true)]
async fn looks_are_made_side_by_side_and_noted_in_the_order_of_the_calls() {
    let tools = Arc::new(Slow::default());
    let deny = "gate(\"no-fives\", #{ when: |a| a.arguments.seconds == 5, deny: \"not five\" });";
    let looks = plan_looks(&tools, deny, Options::default());
    let began = Instant::now();
    let calls = [("k.get", 3), ("k.get", 1), ("k.get", 5), ("k.set", 0), ("k.none", 0), ("k.get", 2)];
    let answers = looks.look_all(calls.map(|(tool, seconds)| call(tool, seconds)).into()).await;
    assert_eq!(began.elapsed().as_secs(), 3, "the slowest, and not all of them");
    let told: Vec<String> =
        answers.into_iter().map(|answer| answer.map_or_else(|error| error.to_string(), |answer| answer.text)).collect();
    assert_eq!((told[0].as_str(), told[1].as_str(), told[5].as_str()), ("after 3 s", "after 1 s", "after 2 s"));
    assert!(told[2].starts_with("refused by gate no-fives: not five"), "{}", told[2]);
    assert!(told[3].contains("can change things") && told[4].contains("there is no tool"), "{told:?}");
    let noted = noted_in(&looks);
    let who: Vec<&str> = noted.iter().map(|(who, ..)| who.as_str()).collect();
    let guards = ["k.get", "k.get", "no-fives", "builtin.read-only", "builtin.unknown-tool", "k.get"];
    assert_eq!(who, guards);
    let took: Vec<u64> = noted.iter().map(|(.., took)| *took).collect();
    assert_eq!(took, [3000, 1000, 0, 0, 0, 2000], "each as long as it took itself");
}

#[tokio::test(start_paused = true)]
async fn so_many_are_under_way_at_once_and_no_more() {
    let tools = Arc::new(Slow::default());
    let looks = plan_looks(&tools, "", Options { looks_per_origin: 100, ..Options::default() });
    let began = Instant::now();
    let answers = looks.look_all((0..24).map(|_| call("k.get", 1)).collect()).await;
    assert!(answers.len() == 24 && answers.iter().all(Result::is_ok));
    assert_eq!((tools.under_way.lock().unwrap().1, began.elapsed().as_secs()), (AT_ONCE, 3));
}

#[tokio::test(start_paused = true)]
async fn looks_in_one_go_are_counted_like_looks_one_after_the_other() {
    for together in [true, false] {
        let tools = Arc::new(Slow::default());
        let looks = plan_looks(&tools, "", Options { looks_per_origin: 5, ..Options::default() });
        let calls: Vec<Call> = (0..4).map(|_| call("k.get", 1)).collect();
        let mut answers = Vec::new();
        for _twice in 0..2 {
            if together {
                answers.extend(looks.look_all(calls.clone()).await);
            } else {
                for call in calls.clone() {
                    answers.push(looks.look(call).await);
                }
            }
        }
        let made: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        assert_eq!(made, [true, true, true, true, true, false, false, false], "{together}");
        let noted = noted_in(&looks);
        assert_eq!(noted.iter().filter(|(who, ..)| who == "builtin.look-budget").count(), 3);
        assert_eq!(noted.len(), 8);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_stays_when_the_plan_is_ended_meanwhile() {
    let tools = Arc::new(Slow::default());
    let looks = plan_looks(&tools, "", Options::default());
    let calls = [4, 1, 9, 2].map(|seconds| call("k.get", seconds)).into();
    let ended = tokio::time::timeout(Duration::from_secs(3), looks.look_all(calls)).await;
    assert!(ended.is_err());
    let texts: Vec<String> = noted_in(&looks).into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(texts, ["after 1 s", "after 2 s"]);
}
