//! What is told of tools, and of how many.

use super::*;
use crate::model::tests::{catalogue, recorded};

fn size(tools: &[Value]) -> usize {
    tools.iter().map(|tool| tool.to_string().len()).sum()
}

#[test]
fn changing_tools_are_marked_and_come_last() {
    let mut catalogue = catalogue(&["k.a_patch", "k.get"]);
    catalogue.tools.get_mut("k.a_patch").unwrap().risk = Risk::High;
    let ToolOffer { tools, missing } = native(&catalogue, &Names::of(&catalogue), &BTreeSet::new(), ROOM);
    assert!(missing.is_empty());
    assert_eq!(tools[0]["function"]["name"], "k__get");
    let about = tools[1]["function"]["description"].as_str().unwrap();
    assert!(about.starts_with("[proposal only; risk high]"), "{about}");
    assert_eq!(tools[1]["function"]["parameters"]["type"], "object");
}

#[test]
fn many_tools_are_described_ever_shorter_and_at_last_left_out_by_name() {
    let names: Vec<String> = (0..400).map(|n| format!("k.tool{n:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut catalogue = catalogue(&names);
    for tool in catalogue.tools.values_mut() {
        tool.description = "x".repeat(1000);
        tool.schema = json!({"$schema": "s", "properties": {"a": {"description": "y".repeat(500)}}});
    }
    let offer = native(&catalogue, &Names::of(&catalogue), &["k.tool399"].into(), ROOM);
    assert!(!offer.missing.is_empty() && offer.tools.len() + offer.missing.len() == 400);
    assert!(size(&offer.tools) <= ROOM);
    let about = offer.tools[0]["function"]["description"].as_str().unwrap();
    assert!(about.len() < 150 && about.ends_with("Also takes a."), "{about}");
    // What was used is told of in more words, and offered whatever its place.
    let used = offer.tools.last().unwrap();
    assert_eq!(used["function"]["name"], "k__tool399");
    assert_eq!(used["function"]["parameters"]["properties"], json!({"a": {}}));
    let said = offer.left_out();
    assert!(said.contains(&offer.missing[0]) && said.contains(" more.") && said.len() < NAMED + 200, "{said}");
}

/// What two well-known servers offer, as it was recorded: every tool is there, in less than half of the room.
/// `cargo test -p tidegate --lib every_tool_of -- --nocapture` prints the bytes.
#[test]
fn every_tool_of_the_known_servers_is_offered_in_little_room() {
    for (server, text_of, used) in [
        ("kubectl", include_str!("../testdata/kubectl.jsonl"), ["k.kubectl_get", "k.kubectl_logs"]),
        ("native", include_str!("../testdata/native.jsonl"), ["k.pods_get", "k.pods_log"]),
    ] {
        let catalogue = recorded(text_of);
        let names = Names::of(&catalogue);
        let raw: usize = catalogue
            .tools
            .values()
            .map(|tool| tool.name.len() + tool.description.len() + tool.schema.to_string().len())
            .sum();
        let offer = native(&catalogue, &names, &used.into_iter().collect(), ROOM);
        let lines = text(&catalogue, &used.into_iter().collect(), ROOM);
        #[expect(clippy::print_stdout, reason = "the numbers are what is measured")]
        {
            println!(
                "{server}: {} tools, {raw} bytes; offered {} native, {} in text",
                catalogue.tools.len(),
                size(&offer.tools),
                lines.tools.len()
            );
        }
        assert!(offer.missing.is_empty() && lines.missing.is_empty());
        assert!(size(&offer.tools) <= 9 << 10 && lines.tools.len() <= 9 << 10, "{server}");
        for wanted in used {
            let tool = offer.tools.iter().find(|tool| tool["function"]["name"] == names.offered(wanted)).unwrap();
            let all = catalogue.tools[wanted].schema["properties"].as_object().unwrap().len();
            assert_eq!(tool["function"]["parameters"]["properties"].as_object().unwrap().len(), all, "{wanted}");
        }
        // An argument that is told of is one that the tool has, and what must be given stands in every offer.
        for tool in catalogue.tools.values() {
            let offered = offer.tools.iter().find(|one| one["function"]["name"] == names.offered(&tool.name)).unwrap();
            let shown = offered["function"]["parameters"]["properties"].as_object().unwrap();
            assert!(shown.keys().all(|name| tool.schema["properties"].get(name).is_some()), "{}", tool.name);
            for name in tool.schema["required"].as_array().into_iter().flatten() {
                assert!(shown.contains_key(name.as_str().unwrap()), "{} {name}", tool.name);
            }
            for name in tool.schema["properties"].as_object().unwrap().keys() {
                assert!(offered.to_string().contains(name.as_str()), "{} {name}", tool.name);
            }
        }
    }
}
