//! Servers, tools and budgets as people look at them.

use jiff::SignedDuration;

use super::super::App;
use crate::backend::operations::{BudgetView, ServerView, ToolView, ToolsView};
use crate::domain::{Action, ActionId, Call, Entry, Fact, Incident, IncidentId, Origin, Proposal, Risk, Tool};
use crate::gate;
use crate::rules::{Context, Policies};
use crate::tools::Phase;

/// Budgets that are told.
const BUDGETS: usize = 100;
/// Letters of a description.
const DESCRIPTION: usize = 200;

impl App {
    pub(super) fn all_tools(&self) -> ToolsView {
        let (budgets, budget_count) = self.services.gate.budgets(self.services.clock.now(), BUDGETS);
        let budget =
            |one: gate::Budgeted| BudgetView { key: one.key, spent: one.spent, max: one.max, frees: one.frees };
        ToolsView {
            servers: self.server_views(),
            tools: self.tool_views(),
            budgets: budgets.into_iter().map(budget).collect(),
            budget_count,
            ..ToolsView::default()
        }
    }

    fn server_views(&self) -> Vec<ServerView> {
        let now = self.services.clock.now();
        let one = |status: crate::tools::Status| {
            let calls = self.handled.calls_of(&status.server);
            let since = SignedDuration::try_from(status.stands_for).ok().and_then(|stood| now.checked_sub(stood).ok());
            ServerView {
                phase: match status.phase {
                    Phase::Starting => "starting",
                    Phase::Ready => "ready",
                    Phase::Down => "down",
                    Phase::Stopped => "stopped",
                },
                since,
                tools: status.tools,
                restarts: status.restarts,
                problem: status.error.filter(|_| status.phase != Phase::Ready),
                skipped: status.skipped,
                left_out: status.left_out,
                calls: calls.all(),
                errors: calls.errors(),
                p50_ms: calls.quantile_ms(0.5),
                p99_ms: calls.quantile_ms(0.99),
                name: status.server,
            }
        };
        self.servers.status().into_iter().map(one).collect()
    }

    fn tool_views(&self) -> Vec<ToolView> {
        let moment = self.services.moment();
        let (set, context) = (self.policies.set(), moment.context());
        let opened = Fact::Opened { group_key: "".into(), source: "".into(), alerts: Vec::new() };
        let nothing = Incident::open(IncidentId("i0".into()), &Entry { at: context.now, fact: opened });
        let withheld = self.servers.withheld();
        let mut all: Vec<ToolView> = context.catalogue.tools.values().map(|tool| view(tool, None)).collect();
        if let Some(nothing) = &nothing {
            for tool in &mut all {
                (tool.says, tool.by) = word(&*set, &tool.name, tool.risk, nothing, &context);
            }
        }
        all.extend(withheld.into_iter().map(|(name, why)| ToolView {
            name,
            withheld: Some(why),
            ..ToolView::default()
        }));
        all
    }
}

fn view(tool: &Tool, withheld: Option<String>) -> ToolView {
    let first = tool.description.lines().next().unwrap_or_default();
    ToolView {
        name: tool.name.clone(),
        description: crate::domain::text::truncate(first, DESCRIPTION),
        risk: tool.risk,
        undo: tool.undo.clone(),
        withheld,
        ..ToolView::default()
    }
}

/// What gates say to a call that names nothing: a word about what they say without knowing more.
fn word(
    set: &dyn Policies,
    tool: &str,
    risk: Risk,
    nothing: &Incident,
    context: &Context<'_>,
) -> (crate::domain::RulingKind, String) {
    let call = Call { tool: tool.into(), arguments: serde_json::Map::new() };
    let touches = context.catalogue.touches(&call);
    let proposal = Proposal {
        call,
        target: String::new(),
        reason: String::new(),
        evidence: Vec::new(),
        root_cause: String::new(),
        verify: None,
        undo: None,
    };
    let origin = Origin::Policy { rule: String::new() };
    let action = Action::new(ActionId("a1".into()), proposal, origin, risk, touches);
    let votes = match risk {
        Risk::Read => set.gates_on_look(&action, nothing, context),
        _ => set.gates(&action, nothing, context),
    };
    let heard = gate::gate_rulings(&votes);
    let (says, by, _) = gate::decide(&heard, risk);
    (says, by)
}
