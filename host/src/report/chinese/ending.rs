//! Endings and what they leave to a person, in Chinese.

use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Incident, RulingKind};
use crate::report::chinese::Chinese;
use crate::report::ending::{EndReason, in_cooldown, own_reason, repairs};
use crate::report::escape::Style;
use crate::report::translation::Translation;

pub(super) fn why(why: &EndReason<'_>, s: Style) -> String {
    match why {
        EndReason::UnderWay => "仍在处理中。".into(),
        EndReason::Asked(record) => format!("{} 等待人工审批。", what(record, s)),
        EndReason::Fixed => "已修复，并已验证修复有效。".into(),
        EndReason::Suppressed { rule, reason } => format!("{}认为无需通知任何人：{}", by(*rule, s), s.say(reason)),
        EndReason::Resolved => "在采取任何措施之前，告警已自行恢复。".into(),
        EndReason::Observed => "当前为观察模式，未执行任何动作。本应执行的动作见下文。".into(),
        EndReason::Denied(record) => format!("{} 被 {} 禁止。", what(record, s), gate(record, s)),
        EndReason::Rejected(record) => format!("{} 被人工拒绝：{}。", what(record, s), result(record, s)),
        EndReason::Expired(record) => format!("{} 未在规定时间内获得批准，视为拒绝。", what(record, s)),
        EndReason::Failed(record) => format!("{} 执行失败：{}", what(record, s), result(record, s)),
        EndReason::NotBegun(record) => {
            format!("{} 未能开始，没有作任何变更：{}", what(record, s), result(record, s))
        }
        EndReason::Uncertain(record) => format!("无法确定 {} 是否已经执行：{}", what(record, s), result(record, s)),
        EndReason::Useless { action, undo } => {
            let undone = match undo.map(|undo| undo.state) {
                None => "没有已知的撤销方法，保持现状。",
                Some(ActionState::Done | ActionState::Verified) => "已撤销。",
                Some(_) => "撤销未成功。",
            };
            format!("{} 已执行但无效：{}。{undone}", what(action, s), seen(action, s))
        }
        EndReason::Contained(record) => format!("{} 已执行并生效：这只是隔离故障，并未修复。", what(record, s)),
        EndReason::AfterOthers { before, last } => {
            let tried: Vec<String> = before.iter().map(|record| tried(record, s)).collect();
            format!("此前已尝试：{}。随后：{}", tried.join("；"), self::why(last, s))
        }
        EndReason::Escalated { rule, reason } => match own_reason(*rule, reason) {
            Some(reason) => format!("{}将其交由人工处理：{}", by(*rule, s), s.say(reason)),
            None => format!("{}将其交由人工处理。", by(*rule, s)),
        },
        EndReason::Unplanned { plugin, error } => format!("插件 {} 无法给出方案：{}", s.name(plugin), s.say(error)),
        EndReason::NoRepair { plugin } => format!("插件 {} 没有可用的修复方案，也没有可询问的模型。", s.name(plugin)),
        EndReason::NoModel(reason) => format!("没有规则可以修复，大模型也无法协助：{}", s.say(reason)),
        EndReason::ModelAsks => "大模型没有找到安全的修复方法，请求人工处理。".into(),
        EndReason::ModelDone => "大模型认为已无事可做，但告警仍在触发。".into(),
        EndReason::ByPerson(said) if said.comment.is_empty() => {
            format!("{}已关闭本事件。", Chinese.person(&said.person, s))
        }
        EndReason::ByPerson(said) => {
            format!("{}已关闭本事件：{}", Chinese.person(&said.person, s), s.say(&said.comment))
        }
        EndReason::Other(reason) => s.say(reason),
    }
}

pub(super) fn left(why: &EndReason<'_>, incident: &Incident, s: Style) -> Vec<String> {
    let mut left = match why {
        EndReason::UnderWay => vec!["暂无。".into()],
        EndReason::Asked(record) => {
            let (incident, action) = (&incident.id, &record.action.id);
            vec![format!(
                "批准或拒绝：{} 或 {}。",
                s.name(&format!("tidegate approve {incident} {action}")),
                s.name(&format!("tidegate deny {incident} {action}"))
            )]
        }
        EndReason::Fixed if incident.all_resolved() => vec!["无需处理：所有告警均已恢复。".into()],
        EndReason::Fixed => vec!["暂无需处理：修复已验证。若告警未恢复，请再次检查。".into()],
        EndReason::Suppressed { .. } | EndReason::Resolved | EndReason::ByPerson(_) => vec!["无需处理。".into()],
        EndReason::Observed => {
            let mut sentences: Vec<String> = repairs(incident).map(|record| would_have(record, s)).collect();
            sentences.push(format!(
                "如果动作正确，请手动执行。若希望今后由 tidegate 执行，请在配置中设置 {}。",
                s.name("mode = \"enforce\"")
            ));
            sentences
        }
        EndReason::Denied(record) if in_cooldown(record) => vec![format!(
            "如仍然正确，请稍后重试：{}。在此之前没有门禁规则会允许它：{}",
            s.name(&format!("tidegate incidents rerun {}", incident.id)),
            reason(record, s)
        )],
        EndReason::Denied(record) => vec![format!(
            "请判断 {} 是否正确。如正确，请手动执行；如总是正确，请添加允许它的门禁规则。门禁的理由：{}",
            what(record, s),
            reason(record, s)
        )],
        EndReason::Rejected(_) => vec!["请另寻办法：所提方案已被人工否决。".into()],
        EndReason::Expired(record) => vec![format!("请对 {} 作出决定并手动执行。", what(record, s))],
        EndReason::Failed(record) => vec![format!("请查明 {} 失败的原因，并手动修复。", s.name(record.action.tool()))],
        EndReason::NotBegun(record) => {
            vec![format!("请查明 {} 无法调用的原因，并手动修复。", s.name(record.action.tool()))]
        }
        EndReason::Uncertain(record) => vec![
            format!("请先检查 {}：它可能已被变更，也可能没有。", s.name(&record.action.target())),
            format!("执行编号为 {}。", s.name(record.attempt.as_deref().unwrap_or_default())),
        ],
        EndReason::Useless { action, undo } => {
            let mut sentences = vec![format!("请另寻原因：{} 没有解决问题。", what(action, s))];
            if !undo.is_some_and(|undo| matches!(undo.state, ActionState::Done | ActionState::Verified)) {
                sentences.push(format!("如造成损害，请手动撤销：{}。", s.name(&action.action.target())));
            }
            sentences
        }
        EndReason::Contained(record) => vec![format!(
            "请修复 {}，然后解除隔离：撤销 {}。",
            s.name(&record.action.target()),
            s.name(record.action.tool())
        )],
        EndReason::AfterOthers { before, last } => {
            let mut sentences = left(last, incident, s);
            let names: Vec<String> = before.iter().map(|record| what(record, s)).collect();
            sentences.insert(0, format!("请勿再从已尝试无效的动作入手：{}。", names.join("、")));
            return sentences;
        }
        EndReason::Escalated { .. } | EndReason::ModelAsks | EndReason::ModelDone | EndReason::Other(_) => {
            vec!["请人工调查并修复。".into()]
        }
        EndReason::Unplanned { plugin, .. } => {
            vec![format!("请手动修复，并检查插件 {} 为何无法给出方案。", s.name(plugin))]
        }
        EndReason::NoModel(_) | EndReason::NoRepair { .. } => {
            vec!["请人工调查并修复；为此告警编写规则可以避免下次再由人工处理。".into()]
        }
    };
    left.extend(incident.breakers.iter().map(|(key, because)| {
        let reset = s.name(&format!("tidegate breakers reset {key}"));
        format!("{} 已熔断停用：{}。查明原因后，用 {reset} 恢复。", s.name(key), s.say(because))
    }));
    left
}

pub(super) fn still(firing: usize) -> String {
    format!("仍有 {firing} 条告警在触发。")
}

pub(super) fn would_have(record: &ActionRecord, s: Style) -> String {
    let ruling = record.ruling.as_ref().map(|ruling| ruling.kind);
    let (what, gate) = (what(record, s), gate(record, s));
    match ruling {
        Some(RulingKind::Allow) => format!("在执行模式下，{what} 会被执行（由 {gate} 允许）。"),
        Some(RulingKind::Ask) => format!("在执行模式下，会就 {what} 请求人工审批（{gate}）。"),
        Some(RulingKind::Deny) | None => format!("即使在执行模式下，{what} 也不会被执行。"),
    }
}

fn what(record: &ActionRecord, s: Style) -> String {
    format!("{}（{}）", s.name(record.action.tool()), s.name(&record.action.target()))
}

/// One that was tried in vain and nothing of which is left.
fn tried(record: &ActionRecord, s: Style) -> String {
    match record.state {
        ActionState::Denied => format!("{} 被 {} 禁止", what(record, s), gate(record, s)),
        _ => format!("{} 无效（{}）", what(record, s), seen(record, s)),
    }
}

fn gate(record: &ActionRecord, s: Style) -> String {
    record.ruling.as_ref().map_or_else(|| "门禁".into(), |ruling| s.name(&ruling.rule))
}

fn reason(record: &ActionRecord, s: Style) -> String {
    record.ruling.as_ref().map_or_else(String::new, |ruling| s.say(&ruling.reason))
}

fn result(record: &ActionRecord, s: Style) -> String {
    s.say(record.result.as_deref().unwrap_or("没有收到应答"))
}

fn seen(record: &ActionRecord, s: Style) -> String {
    s.say(record.seen.as_deref().unwrap_or("无法验证"))
}

fn by(rule: Option<&str>, s: Style) -> String {
    rule.map_or_else(|| "没有匹配的规则，默认策略".into(), |rule| format!("规则 {} ", s.name(rule)))
}
