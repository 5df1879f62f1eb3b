//! The configuration and the policies that the host runs with.

use std::fmt::Write as _;

use serde_json::json;

use super::stage::Wiring;

/// How long a handled incident is watched, in seconds: short, so that a quiet phase shows whether the
/// live ones come to an end.
pub const WATCH_S: u64 = 5;
/// How long a question waits for an answer, in seconds.
pub const ASKED_S: u64 = 4;

/// What is tried: each name of an alert has its rule, but for `Riddle`, which goes to the model.
const RULES: &str = r#"
rule("noise", #{ on: #{ alertname: "Noise" }, then: suppress("known noise") });
rule("crowd", #{ on: #{ alertname: "Crowd" }, then: suppress("one cause, many pods") });
rule("late", #{ on: #{ alertname: "Late" }, then: suppress("it comes late") });
rule("rising-still-low", #{ on: #{ alertname: "Rising", severity: "warning" }, then: suppress("only a warning") });
rule("rising-high", #{ on: #{ alertname: "Rising", severity: "critical" }, then: escalate("it got worse") });
rule("flapping", #{ on: #{ alertname: "Flapping" }, then: hold("2s", "it may end by itself") });
rule("outage", #{ on: #{ alertname: "Outage" }, then: escalate("a person looks") });
rule("restart", #{ on: #{ alertname: "Stuck" }, then: |i| remediate([act("shop.restart",
    #{ namespace: label(i, "namespace"), name: label(i, "service") })], "restart what is stuck") });
rule("resize", #{ on: #{ alertname: "Full" }, then: |i| remediate([act("shop.resize",
    #{ namespace: label(i, "namespace"), name: label(i, "service") })], "make room") });
rule("drain", #{ on: #{ alertname: "Failing" }, then: |i| remediate([act("shop.drain",
    #{ namespace: label(i, "namespace"), name: label(i, "service") })], "move the work away") });
gate("restarts-and-resizes", #{ on: #{ tool: ["shop.restart", "shop.resize"] }, allow: true });
check("restarted", #{ on: #{ tool: "shop.restart" }, verify: |a, i| verification(
    look("shop.status", #{ namespace: a.arguments.namespace, name: a.arguments.name }),
    #{ present: ["$[?$.done == true]"], within: "30s", every: "1s" }) });
route("everybody", #{ to: ["duty", "archive"] });
"#;

/// Policies that load; `round` changes them without changing what they decide.
pub fn policies(round: u64) -> String {
    let ask = format!(
        "gate(\"drains-are-asked\", #{{ on: #{{ tool: \"shop.drain\" }}, ask: #{{ who: \"anybody\", \
         within: \"{ASKED_S}s\", reason: \"it moves work\" }} }});\n"
    );
    let never = format!("rule(\"never-{round}\", #{{ on: #{{ alertname: \"Never{round}\" }}, then: suppress() }});\n");
    format!("{RULES}{ask}{never}")
}

/// Policies that do not load.
pub fn broken_policies() -> String {
    format!("{}rule(\"torn\", #{{ on: #{{ alertname:", policies(0))
}

/// `tidegate.toml`.
pub fn host(wiring: &Wiring) -> String {
    let mut text = format!(
        "mode = \"enforce\"\n\
         [server]\nlisten = \"127.0.0.1:{port}\"\n\
         [journal]\npath = \"{data}/journal.db\"\n\
         [policies]\npath = \"policies\"\n\
         [tools]\nservers = \"servers.json\"\ncall_timeout = \"5s\"\nstart_timeout = \"5s\"\n\
         [model]\nurl = \"{model}/v1\"\nname = \"stand-in\"\ntimeout = \"3s\"\n\
         budget = {{ day_calls = 1000000, day_tokens = 1000000000 }}\n\
         [gate]\ncooldown = \"1s\"\n\
         [limits]\nwatch = \"{WATCH_S}s\"\nsettle = \"30s\"\nincidents = 50000\n\
         [plugins.webhook]\nlimits = {{ wall = \"3s\" }}\n",
        port = wiring.port,
        data = wiring.data.display(),
        model = wiring.model,
    );
    for (name, origin) in [("duty", &wiring.duty), ("archive", &wiring.archive)] {
        let _ = write!(
            text,
            "[notifiers.{name}]\nplugin = \"webhook\"\nsettings = {{ url = \"{origin}/hook\" }}\n\
             grant = [{{ origin = \"{origin}\", methods = [\"POST\"], private = true }}]\n"
        );
    }
    text
}

/// `servers.json`: the tool server is this program itself.
pub fn servers(wiring: &Wiring) -> String {
    let arguments = [super::tool_server::WORD.into(), wiring.control.clone(), wiring.calls.clone()];
    json!({ "mcpServers": { "shop": { "command": wiring.program, "args": arguments } } }).to_string()
}
