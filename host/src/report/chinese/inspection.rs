//! What is said of inspections, in Chinese.

use crate::domain::inspection::Problem;
use crate::report::escape::Style;
use crate::report::inspection::InspectionStrings;

pub(super) struct Strings;

impl InspectionStrings for Strings {
    fn title(&self) -> &'static str {
        "巡检"
    }

    fn counts(&self, new: usize, still: usize, gone: usize, unseen: usize) -> String {
        let unseen = if unseen == 0 { String::new() } else { format!("，未能复查 {unseen}") };
        format!("新增 {new}，仍在 {still}，消失 {gone}{unseen}")
    }

    fn nothing_wrong(&self) -> &'static str {
        "一切正常"
    }

    fn nothing_found(&self) -> &'static str {
        "未发现异常，但有部分内容未能查看"
    }

    fn nothing_seen(&self) -> &'static str {
        "什么都未能查看"
    }

    fn in_part(&self) -> &'static str {
        "；有部分内容未能查看"
    }

    fn no_tools(&self, server: Option<&str>) -> String {
        match server {
            Some(server) => format!("{server} 目前没有 `collectors/` 所知的、能列出集群内容的工具"),
            None => "没有任何工具服务器提供 `collectors/` 所知的、能列出集群内容的工具".to_string(),
        }
    }

    fn blind(&self) -> &'static str {
        "盲区"
    }

    fn within(&self, kind: &str, namespaces: &[String], more: usize) -> String {
        let more = if more == 0 { String::new() } else { format!(" 等另外 {more} 处") };
        format!("{kind}：{}{more}", namespaces.join("、"))
    }

    fn anywhere(&self, kind: &str, some: bool) -> String {
        format!("{kind}：{}", if some { "部分" } else { "全部" })
    }

    fn not_seen(&self) -> &'static str {
        "此前已知，本次未能复查"
    }

    fn refused(&self) -> &'static str {
        "被门禁拒绝"
    }

    fn appeared(&self) -> &'static str {
        "新增"
    }

    fn still(&self) -> &'static str {
        "仍在"
    }

    fn gone(&self) -> &'static str {
        "消失"
    }

    fn cluster(&self) -> &'static str {
        "整个集群"
    }

    fn more(&self, count: usize) -> String {
        format!("另有 {count} 项")
    }

    fn since(&self, at: &str) -> String {
        format!("自 {at} 起")
    }

    fn others(&self, more: u64) -> String {
        format!(" 等另外 {more} 个")
    }

    fn what(&self, what: &Problem, s: Style) -> String {
        match what {
            Problem::Cause(named) => named.cause.as_str().to_string(),
            Problem::PodNotReady { status } => format!("未就绪，状态 {}", s.name(status)),
            Problem::Restarts { times } => format!("已重启 {times} 次，最近一次在一天之内"),
            Problem::ReplicasMissing { ready, wanted } => format!("就绪副本 {ready}/{wanted}"),
            Problem::QuotaNearlyFull { resource, used, hard, percent } => {
                format!("配额 {} 已用 {percent} %（{} / {}）", s.name(resource), s.name(used), s.name(hard))
            }
            Problem::CertificateEnds { at, days } if *days < 0 => format!("证书已于 {} 到期", s.name(at)),
            Problem::CertificateEnds { at, days } => format!("证书将在 {days} 天后到期（{}）", s.name(at)),
            Problem::Warnings { reason, times, said } => {
                format!("告警事件 {} 共 {times} 次：{}", s.name(reason), s.say(said))
            }
        }
    }

    fn summary(&self) -> &'static str {
        "模型总结"
    }

    fn no_summary(&self, why: &str) -> String {
        format!("没有模型总结：{why}")
    }

    fn unseen(&self) -> &'static str {
        "未能查看的原因"
    }

    fn looked(&self, objects: u64, calls: u64, seconds: u64) -> String {
        format!("共查看 {objects} 个对象，{calls} 次调用，用时 {seconds} 秒")
    }

    fn left_out(&self, n: u64) -> String {
        format!("另有 {n} 项超出单次巡检的上限")
    }
}
