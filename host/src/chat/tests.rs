//! Answers of a conversation with models, tools and gates that are data.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::own::{self, HostRecord};
use crate::backend::{Cancellation, Filter, Records};
use crate::domain::knowledge::{Knowledge, SearchResults};
use crate::domain::{Call, Catalogue, ConversationId, Entry, Fact, Incident, IncidentId, Risk, Tool};
use crate::ports::{IncidentRecord, ToolAnswer};

struct One(Incident);

impl Records for One {
    fn list(&self, filter: &Filter, _: &Cancellation) -> Result<Vec<Incident>, String> {
        Ok(vec![self.0.clone(); 60.min(filter.limit)])
    }

    fn story(&self, _: &str) -> Result<Option<IncidentRecord>, String> {
        Ok(None)
    }

    fn incident(&self, id: &str) -> Result<Option<Incident>, String> {
        Ok((*self.0.id.0 == *id).then(|| self.0.clone()))
    }

    fn search(&self, text: &str, _: usize) -> Result<SearchResults, String> {
        Ok(SearchResults { unread: vec![text.into()], ..SearchResults::default() })
    }

    fn known_about(&self, _: &str) -> Result<Option<Knowledge>, String> {
        Ok(None)
    }
}

impl HostRecord for One {
    fn idle(&self, _: Timestamp) -> Result<Vec<ConversationId>, String> {
        Ok(Vec::new())
    }
}

fn incident() -> Incident {
    let fact = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
    Incident::open(IncidentId("i1".into()), &Entry { at: Timestamp::UNIX_EPOCH, fact }).unwrap()
}

async fn told(tool: &str, arguments: Value) -> ToolAnswer {
    let arguments: Map<String, Value> = arguments.as_object().cloned().unwrap();
    let memory = std::sync::Arc::new(One(incident()));
    own::look(memory, Call { tool: tool.into(), arguments }).await.unwrap()
}

#[tokio::test]
async fn own_tools_read_the_record_and_say_what_is_wrong_with_a_call() {
    let listed = told("tidegate.incidents", json!({"limit": 1_000_000})).await;
    let value: Value = serde_json::from_str(&listed.text).unwrap();
    assert_eq!((listed.ok, value["incidents"].as_array().unwrap().len()), (true, 50));
    for (tool, arguments, ok, part) in [
        ("tidegate.incident", json!({"incident": "i1"}), true, "\"source\": \"s\""),
        ("tidegate.explain", json!({"incident": "i1"}), true, "\"decision\": null"),
        ("tidegate.similar", json!({"incident": "i1"}), true, "\"similar\": []"),
        ("tidegate.search", json!({"words": "disk full"}), true, "disk full"),
        ("tidegate.incident", json!({"incident": "i9"}), false, "there is no incident i9"),
        ("tidegate.incident", json!({}), false, "there is no incident"),
        ("tidegate.incidents", json!({"state": "nonsense"}), false, "there is no state"),
        ("tidegate.approve", json!({"incident": "i1"}), false, "there is no tool"),
    ] {
        let answer = told(tool, arguments).await;
        assert!(answer.ok == ok && answer.text.contains(part), "{tool}: {answer:?}");
    }
}

#[test]
fn own_tools_only_read_and_no_server_can_stand_in_their_place() {
    let foreign = |name: &str| Tool {
        name: name.into(),
        description: String::new(),
        schema: json!({}),
        risk: Risk::High,
        repeatable: false,
        undo: None,
        own: false,
    };
    let mut catalogue = Catalogue::default();
    for name in ["tidegate.incident", "tidegate.delete_all", "k.get"] {
        catalogue.tools.insert(name.into(), foreign(name));
    }
    let all = own::with_record_tools(&catalogue);
    let own: Vec<&str> = all.tools.keys().map(String::as_str).filter(|name| name.starts_with(own::SERVER)).collect();
    let want = ["tidegate.explain", "tidegate.incident", "tidegate.incidents", "tidegate.search", "tidegate.similar"];
    assert_eq!(own, want);
    assert!(own.iter().all(|name| all.get(name).unwrap().risk == Risk::Read) && all.get("k.get").is_some());
}
