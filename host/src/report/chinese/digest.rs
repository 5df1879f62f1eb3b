//! What is said in digests, and of silence, in Chinese.

use crate::domain::Outcome;
use crate::report::digest::DigestStrings;

pub(super) struct Strings;

impl DigestStrings for Strings {
    fn title(&self, name: &str, incidents: u64, waiting: usize) -> String {
        let waits = if waiting == 0 { "无待办".to_string() } else { format!("{waiting} 个等待人工") };
        format!("摘要 {name}：{incidents} 个事件，{waits}")
    }

    fn came(&self, incidents: u64, alerts: u64, since: &str, more: bool) -> String {
        let least = if more { "至少 " } else { "" };
        format!("自 {since} 起{least} {incidents} 个事件，{alerts} 条告警")
    }

    fn by_severity(&self) -> &'static str {
        "按级别"
    }

    fn by_source(&self) -> &'static str {
        "按来源"
    }

    fn by_outcome(&self) -> &'static str {
        "结局"
    }

    fn outcome(&self, outcome: Option<Outcome>) -> &'static str {
        match outcome {
            None => "未结束",
            Some(Outcome::Fixed) => "已修复",
            Some(Outcome::Suppressed) => "已抑制",
            Some(Outcome::Resolved) => "自行恢复",
            Some(Outcome::NeedsPerson) => "需人工",
            Some(Outcome::Error) => "tidegate 自身出错",
            Some(Outcome::ClosedByPerson) => "人工关闭",
        }
    }

    fn decided(&self) -> &'static str {
        "由谁决定"
    }

    fn model(&self) -> &'static str {
        "语言模型"
    }

    fn nobody(&self) -> &'static str {
        "无规则"
    }

    fn changes(&self) -> &'static str {
        "变更"
    }

    fn approved(&self) -> &'static str {
        "批准人"
    }

    fn others(&self, count: u64) -> String {
        format!("另有 {count}")
    }

    fn spent(&self, calls: u64, tokens: u64, money: &str) -> String {
        format!("模型：调用 {calls} 次，{tokens} 个词元，花费 {money}")
    }

    fn nothing_spent(&self) -> &'static str {
        "未询问任何模型"
    }

    fn waits(&self) -> &'static str {
        "等待人工"
    }

    fn nothing_waits(&self) -> &'static str {
        "没有等待人工的事件。"
    }

    fn asked(&self, count: usize) -> String {
        format!("{count} 个操作待答复")
    }

    fn since(&self, at: &str) -> String {
        format!("自 {at}")
    }

    fn silent(&self) -> &'static str {
        "应有而无的心跳"
    }

    fn silence(&self, name: &str, within: &str, since: Option<&str>) -> String {
        match since {
            Some(since) => format!("{name} 在 {within} 内没有心跳；上一次是 {since}"),
            None => format!("自 tidegate 启动以来，{name} 在 {within} 内没有心跳"),
        }
    }
}
