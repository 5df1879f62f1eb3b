//! What a test message says in Chinese.

use crate::report::trial::TrialWords;

pub(super) struct Words;

impl TrialWords for Words {
    fn mark(&self) -> &'static str {
        "测试"
    }

    fn title(&self) -> &'static str {
        "tidegate 的测试消息"
    }

    fn summary(&self, target: &str, person: &str) -> String {
        format!("并无故障：{person} 正在测试消息能否送达目标 {target}。")
    }

    fn advice(&self) -> &'static str {
        "无需处理。如果这条消息打开了告警或工单，请在对应系统中关闭。"
    }

    fn labels(&self) -> [&'static str; 3] {
        ["目标", "发送人", "发送时间"]
    }
}
