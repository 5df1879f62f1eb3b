//! What the benches rule on: a pod of the namespace `shop` is deleted.

use serde_json::{Value, json};
use tidegate::domain::{Action, ActionId, Call, Catalogue, Origin, Proposal, Risk, Tool};

/// The only tool that there is.
pub fn catalogue() -> Catalogue {
    let name = "kubernetes.pods_delete".to_string();
    let schema = json!({"properties": {"namespace": {}, "name": {}}});
    let tool = Tool {
        name: name.clone(),
        description: String::new(),
        schema,
        risk: Risk::Low,
        repeatable: false,
        undo: None,
        own: false,
    };
    Catalogue { tools: [(name, tool)].into(), ..Catalogue::default() }
}

/// The deletion as a rule proposes it.
pub fn delete(pod: &str) -> Proposal {
    let Value::Object(arguments) = json!({"namespace": "shop", "name": pod}) else { unreachable!("it is an object") };
    let call = Call { tool: "kubernetes.pods_delete".into(), arguments };
    Proposal { reason: "it is stuck".into(), ..Proposal::of(call) }
}

/// The same, taken in.
pub fn action(pod: &str) -> Action {
    let proposal = delete(pod);
    let touches = catalogue().touches(&proposal.call);
    Action::new(ActionId("a1".into()), proposal, Origin::Policy { rule: "restart".into() }, Risk::Low, touches)
}
