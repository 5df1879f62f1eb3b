//! What the page of who did what says, in both languages.

use crate::domain::audit::{AuditOutcome, Channel};

/// Its words.
pub struct AuditStrings {
    pub title: &'static str,
    pub what_it_is: &'static str,
    pub nothing: &'static str,
    pub person: &'static str,
    pub nobody: &'static str,
    pub when: &'static str,
    pub way: &'static str,
    pub what: &'static str,
    pub since: &'static str,
    pub until: &'static str,
    /// Of [`AuditOutcome::ALL`], in its order.
    outcomes: [&'static str; 4],
    /// Page, API, command line, Alertmanager's API, MCP, link, proxy, file.
    ways: [&'static str; 8],
    /// In front of a number and behind it.
    times: (&'static str, &'static str),
}

impl AuditStrings {
    /// What came of it.
    pub fn outcome(&self, outcome: AuditOutcome) -> &'static str {
        let [done, refused, failed, broken_off] = self.outcomes;
        match outcome {
            AuditOutcome::Done => done,
            AuditOutcome::Refused => refused,
            AuditOutcome::Failed => failed,
            AuditOutcome::BrokenOff => broken_off,
        }
    }

    /// Over what it came.
    pub fn way_of(&self, way: Channel) -> &'static str {
        let [page, api, cli, alertmanager, mcp, link, proxy, file] = self.ways;
        match way {
            Channel::Page => page,
            Channel::Api => api,
            Channel::Cli => cli,
            Channel::Alertmanager => alertmanager,
            Channel::Mcp => mcp,
            Channel::Link => link,
            Channel::Proxy => proxy,
            Channel::File => file,
        }
    }

    /// How often.
    pub fn times(&self, times: u64) -> String {
        format!("{}{times}{}", self.times.0, self.times.1)
    }
}

pub static ENGLISH: AuditStrings = AuditStrings {
    title: "Who did what",
    what_it_is: "What people have done, and what anybody has tried in vain, the latest first. It stands in the journal; what \
                 incidents and silences say of it stands there, too.",
    nothing: "Nothing of the kind was done or tried.",
    person: "Who",
    nobody: "nobody known",
    when: "When",
    way: "Over",
    what: "What",
    since: "Since",
    until: "Before",
    outcomes: ["done", "refused", "failed", "broken off"],
    ways: ["page", "API", "command line", "Alertmanager's API", "MCP", "link", "proxy", "the file itself"],
    times: ("", " more of the kind"),
};

pub static CHINESE: AuditStrings = AuditStrings {
    title: "审计",
    what_it_is: "人员已执行的操作以及所有被拒绝的尝试，最新的在前。记录保存在日志中；事件与静默各自的记录也会说明。",
    nothing: "没有符合条件的操作或尝试。",
    person: "人员",
    nobody: "身份未知",
    when: "时间",
    way: "途径",
    what: "操作",
    since: "起始时间",
    until: "截止时间",
    outcomes: ["已执行", "已拒绝", "失败", "已中断"],
    ways: ["页面", "接口", "命令行", "Alertmanager 接口", "MCP", "链接", "代理", "文件本身"],
    times: ("另有同类 ", " 次"),
};
