//! What is known from before, in Chinese.

use super::Chinese;
use crate::domain::knowledge::{Knowledge, Recurrence, SimilarIncident};
use crate::report::escape::Style;
use crate::report::knowledge::KnowledgeStrings;
use crate::report::translation::Translation as _;

pub(super) static WORDS: KnowledgeStrings = KnowledgeStrings {
    section: "以往经验",
    runbooks: "操作手册",
    similar: "相似的历史事件",
    unread: "未能查到",
    declared: "手册声明适用于此",
    linked: "由告警给出",
    found: "按内容检索得到，未必适用",
    tools: "手册建议使用的工具",
    skip: "手册建议不用的工具",
    runbook: "操作手册",
    seen_before: "以往发生过",
};

/// What became of it, what was done, whether it stayed away.
pub(super) fn past(past: &SimilarIncident, s: Style) -> String {
    let mut told = format!("{} {}", crate::report::minute(past.closed_at), Chinese.outcome(past.outcome));
    for repair in &past.repairs {
        let helped = if repair.helped { "有效" } else { "无效" };
        told.push_str(&format!("，对 {} 执行 {}，{helped}", s.name(&repair.target), s.name(&repair.tool)));
    }
    match past.held {
        Recurrence::Stayed => told.push_str("；此后一天内未复发"),
        Recurrence::CameBack { after_seconds } => {
            told.push_str(&format!("；{} 后复发", Chinese.duration(after_seconds)));
        }
        Recurrence::SoFar => told.push_str("；距当时不足一天，其间未复发"),
    }
    if !past.cause.is_empty() {
        told.push_str(&format!("。原因：{}", s.say(&past.cause)));
    }
    told
}

/// For the timeline.
pub(super) fn recalled(known: &Knowledge) -> String {
    let (runbooks, similar) = (known.runbooks.len(), known.similar.len());
    let mut told = format!("以往经验：操作手册 {runbooks} 份，相似事件 {similar} 个");
    if !known.unread.is_empty() {
        told.push_str(&format!("；{} 项未能查到", known.unread.len()));
    }
    told
}
