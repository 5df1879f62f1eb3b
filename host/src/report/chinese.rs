//! Chinese.

mod digest;
mod ending;
mod findings;
mod inspection;
mod knowledge;
mod page;
mod timeline;
mod trial;

use super::digest::DigestStrings;
use super::ending::EndReason;
use super::escape::Style;
use super::inspection::InspectionStrings;
use super::knowledge::KnowledgeStrings;
use super::message::Visibility;
use super::page::PageStrings;
use super::safeguards::SafeguardStrings;
use super::translation::{Headings, Translation, took};
use crate::domain::entry::Purpose;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::knowledge::SimilarIncident;
use crate::domain::requirement::Approvers;
use crate::domain::silence::silence_in;
use crate::domain::{
    Fact, Incident, Mode, NamedCause, Occasion, Origin, Outcome, Person, Proven, Risk, RulingKind, Severity, State,
};

pub(super) struct Chinese;

static WORDS: Headings = Headings {
    report: "告警处理报告",
    overview: "概述",
    item: "项目",
    detail: "详情",
    incident: "事件",
    alert: "告警",
    severity: "严重性",
    source: "来源",
    labels: "标签",
    place: "位置",
    affected: "受影响资源",
    first_seen: "首次触发时间",
    received: "接收时间",
    state: "当前状态",
    outcome: "处理结果",
    concluded: "处理完成时间",
    duration: "处理用时",
    decided_by: "决策依据",
    model: "大模型",
    object: "对象",
    status: "状态",
    since: "开始时间",
    firing: "触发中",
    resolved: "已恢复",
    summary: "摘要",
    diagnosis: "诊断",
    evidence: "证据",
    findings: "发现的问题",
    no_evidence: "未收集证据：决策不需要。",
    assessment: "模型判断",
    impact: "影响",
    confidence: "置信度",
    looked_at: "查看",
    failed: "失败",
    refused: "被拒绝",
    actions: "处理动作",
    no_actions: "没有提出任何动作，未做任何变更。",
    target: "目标",
    claim: "提出者对目标的说法（不作为依据）",
    undone_by: "若无效果",
    judged_by: "成功的判据",
    proposed_by: "提出者",
    reason: "理由",
    observations: "观察",
    risk: "风险",
    ruling: "裁决",
    heard: "其他意见",
    approvals: "审批",
    arguments: "参数",
    changed_fields: "变更的字段",
    result: "结果",
    verification: "验证",
    root_cause: "根因分析",
    unknown_cause: "尚未确定。",
    suspected: "疑似原因（尚未通过修复确认）",
    suspected_cause: "疑似原因",
    next: "后续人工处理",
    suggested: "模型建议的步骤",
    prevention: "预防建议",
    timeline: "时间线",
    link: "链接",
    who: "可审批人",
    until: "截止时间",
    digest: "摘要值",
    approve_with: "批准命令",
    reject_with: "拒绝命令",
    runbook: "处理手册",
    named_by_alert: "（由告警给出）",
    shortened: "已缩短",
    asked_anew: "已重新询问",
    not_asked: "不再询问",
    expired: "逾期无人答复",
    not_told: "未送达",
    colon: "：",
    comma: "，",
    sentence_end: "；",
};

impl Translation for Chinese {
    fn headings(&self) -> &'static Headings {
        &WORDS
    }

    fn trial(&self) -> &'static dyn super::trial::TrialWords {
        &trial::Words
    }

    fn page(&self) -> &'static PageStrings {
        &page::PAGE
    }

    fn knowledge(&self) -> &'static KnowledgeStrings {
        &knowledge::WORDS
    }

    fn past(&self, past: &SimilarIncident, style: Style) -> String {
        knowledge::past(past, style)
    }

    fn safeguards(&self) -> &'static SafeguardStrings {
        &page::SAFEGUARDS
    }

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Info => "提示（info）",
            Severity::Warning => "警告（warning）",
            Severity::Error => "错误（error）",
            Severity::Critical => "严重（critical）",
        }
    }

    fn state(&self, state: State) -> &'static str {
        match state {
            State::Open => "待处理",
            State::Planning => "插件规划中",
            State::Investigating => "调查中",
            State::AwaitingApproval => "等待审批",
            State::Acting => "修复中",
            State::Watching => "已处理，等待告警恢复",
            State::Closed => "已关闭",
        }
    }

    fn outcome(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Fixed => "已修复",
            Outcome::Suppressed => "已抑制",
            Outcome::Resolved => "自行恢复",
            Outcome::NeedsPerson => "需要人工处理",
            Outcome::Error => "tidegate 出错，需要人工处理",
            Outcome::ClosedByPerson => "已由人工关闭",
        }
    }

    fn action_state(&self, state: ActionState) -> &'static str {
        match state {
            ActionState::Proposed => "已提出",
            ActionState::Allowed => "已允许",
            ActionState::Asked => "等待审批",
            ActionState::Approved => "已批准",
            ActionState::Denied => "已禁止",
            ActionState::Rejected => "被人工拒绝",
            ActionState::Expired => "审批超时",
            ActionState::Observed => "未执行（观察模式）",
            ActionState::Started => "执行中",
            ActionState::Done => "已执行，未验证",
            ActionState::Failed => "执行失败",
            ActionState::NotBegun => "未能开始",
            ActionState::Uncertain => "无法确定是否已执行",
            ActionState::Verified => "已执行并验证",
            ActionState::Unverified => "已执行但无效",
        }
    }

    fn ruling(&self, ruling: RulingKind) -> &'static str {
        match ruling {
            RulingKind::Allow => "允许",
            RulingKind::Ask => "需要审批",
            RulingKind::Deny => "禁止",
        }
    }

    fn risk(&self, risk: Risk) -> &'static str {
        match risk {
            Risk::Read => "只读：不做任何变更",
            Risk::Low => "低：出错可自愈",
            Risk::High => "高：可能造成破坏",
            Risk::Irreversible => "不可逆：无法撤销",
        }
    }

    fn mode(&self, mode: Mode) -> &'static str {
        match mode {
            Mode::Observe => "观察模式，不执行任何动作",
            Mode::Enforce => "执行模式",
        }
    }

    fn origin(&self, origin: &Origin, style: Style) -> String {
        match origin {
            Origin::Policy { rule } => format!("规则 {}", style.name(rule)),
            Origin::Plugin { name, rule } => format!("插件 {}（由规则 {} 调用）", style.name(name), style.name(rule)),
            Origin::Model => "大模型".into(),
            Origin::Chat { person, program: true, .. } => format!("{} 的程序（通过 MCP）", self.person(person, style)),
            Origin::Chat { person, .. } => format!("大模型（与 {} 的对话）", self.person(person, style)),
            Origin::Person { person } => self.person(person, style),
            Origin::Undo { action } => format!("tidegate（用于撤销 {action}）"),
        }
    }

    fn person(&self, person: &Person, style: Style) -> String {
        match person.proven() {
            None => format!("{}（姓名未经证实）", style.name(person.name())),
            Some(proven) => match proven.said() {
                None => named(person, style),
                Some(said) => format!("{}（自称 {}）", named(person, style), style.name(said)),
            },
        }
    }

    fn asked(&self, asked: Approvers<'_>, style: Style) -> String {
        let but = asked.but.map(|person| named(person, style));
        let Some(group) = asked.group.map(|group| style.name(group)) else {
            return match (asked.count, but) {
                (1, None) => "任何人".into(),
                (1, Some(but)) => format!("除 {but} 外任何证实了姓名的人"),
                (count, None) => format!("{count} 名证实了姓名的人"),
                (count, Some(but)) => format!("除 {but} 外 {count} 名证实了姓名的人"),
            };
        };
        let but = but.map(|but| format!("（{but} 除外）")).unwrap_or_default();
        if asked.count == 1 { format!("{group}{but}") } else { format!("{group}（{} 人）{but}", asked.count) }
    }

    fn and(&self) -> &'static str {
        "，以及 "
    }

    fn duration(&self, seconds: i64) -> String {
        match seconds.max(0) {
            seconds @ 0..60 => format!("{seconds} 秒"),
            seconds @ 60..3600 => format!("{} 分 {} 秒", seconds / 60, seconds % 60),
            seconds => format!("{} 小时 {} 分", seconds / 3600, seconds % 3600 / 60),
        }
    }

    fn alerts(&self, all: usize, firing: usize) -> String {
        match firing {
            0 => format!("{all} 条告警，均已恢复"),
            firing if firing == all => format!("{all} 条告警触发中"),
            firing => format!("{all} 条告警，{firing} 条触发中"),
        }
    }

    fn since(&self, at: &str) -> String {
        format!("始于 {at}")
    }

    fn looks(&self, looks: usize, took_ms: u64, purpose: &Purpose, tools: &str) -> String {
        format!("{}：查看 {looks} 次，共 {}：{tools}", timeline::purpose(purpose), took(took_ms))
    }

    fn more(&self, count: usize) -> String {
        format!("……另有 {count} 项")
    }

    fn shortened(&self, alerts: usize, texts: usize) -> String {
        format!("省略 {alerts} 条告警，截短 {texts} 处文字")
    }

    fn undelivered(&self, target: &str, route: &str, why: Option<&str>, style: Style) -> String {
        let why = why.map_or_else(String::new, |why| format!("（{}）", style.say(why)));
        let (target, route) = (style.name(target), style.name(route));
        format!("路由 {route} 的目标 {target} 未能收到此消息{why}，因此改为通知您。")
    }

    fn blind(&self, blind: &Visibility, style: Style) -> String {
        match blind {
            Visibility::ServersDown { cluster, servers } => format!(
                "集群 {} 的工具没有响应（{}），因此无法查看或更改其中的任何内容。",
                style.name(cluster),
                style.say(servers)
            ),
            Visibility::Unsaid { clusters } => {
                format!("告警未说明属于哪个集群（{}），因此不会对其使用任何集群的工具。", style.say(clusters))
            }
        }
    }

    fn counted(&self, counted: usize) -> String {
        format!("其中 {counted} 条只计数、未完整保存，因为超过了单个事件的保存上限。")
    }

    fn decided_by(&self, rule: Option<&str>, style: Style) -> String {
        match (rule, rule.and_then(silence_in)) {
            (_, Some(silence)) => format!("静默 {silence}"),
            (Some(rule), None) => format!("规则 {}", style.name(rule)),
            (None, None) => "无匹配规则，使用默认策略".into(),
        }
    }

    fn model_cost(&self, calls: u64, prompt: u64, completion: u64) -> String {
        match calls {
            0 => "未调用".into(),
            calls => format!("调用 {calls} 次，输入 {prompt} token，输出 {completion} token"),
        }
    }

    fn reused(&self, incident: &str, style: Style) -> String {
        let incident = style.name(incident);
        format!("未询问大模型：故障与事件 {incident} 相同，沿用其回答。")
    }

    fn headline(&self, occasion: Occasion, outcome: Option<Outcome>) -> &'static str {
        match (occasion, outcome) {
            (Occasion::Approval, _) => "待审批",
            (Occasion::Resolved, _) => "已恢复",
            (Occasion::Answered, _) => "已有答复",
            (Occasion::Report, Some(Outcome::Fixed)) => "已修复",
            (Occasion::Report, Some(Outcome::Suppressed)) => "已抑制",
            (Occasion::Report, Some(Outcome::Resolved)) => "已恢复",
            (Occasion::Report, Some(Outcome::NeedsPerson)) => "需人工处理",
            (Occasion::Report, Some(Outcome::Error)) => "出错",
            (Occasion::Report, Some(Outcome::ClosedByPerson)) => "已由人工关闭",
            (Occasion::Report, None) => "报告",
        }
    }

    fn why(&self, why: &EndReason<'_>, style: Style) -> String {
        ending::why(why, style)
    }

    fn left(&self, why: &EndReason<'_>, incident: &Incident, style: Style) -> Vec<String> {
        ending::left(why, incident, style)
    }

    fn still(&self, firing: usize) -> String {
        ending::still(firing)
    }

    fn digest(&self) -> &'static dyn DigestStrings {
        &digest::Strings
    }

    fn inspection(&self) -> &'static dyn InspectionStrings {
        &inspection::Strings
    }

    fn finding(&self, finding: &NamedCause, style: Style) -> String {
        findings::sentence(finding, style)
    }

    fn revised(&self, object: &str, older: u64, newer: u64, style: Style) -> String {
        format!("{} 的版本 {newer} 相对版本 {older} 的变更：", style.name(object))
    }

    fn whole_looks(&self, incident: &str, style: Style) -> String {
        let command = style.name(&format!("tidegate evidence {incident} N"));
        format!("以上为摘录；用 {command} 查看日志中第 N 条的完整内容。")
    }

    fn timeline_line(&self, fact: &Fact, style: Style) -> String {
        timeline::line(fact, style)
    }

    fn anchor(&self) -> &'static str {
        "截至此处的记录："
    }

    fn would_have(&self, record: &ActionRecord, style: Style) -> String {
        ending::would_have(record, style)
    }
}

/// A name, and who says it where that is somebody else than this host: what others say may look like a name of here.
fn named(person: &Person, style: Style) -> String {
    match person.proven().and_then(Proven::via) {
        Some(via) => format!("{}（经由 {via}）", style.name(person.name())),
        None => style.name(person.name()),
    }
}
