//! The lines of the timeline, in Chinese.

use crate::domain::delivery::Overtaken;
use crate::domain::entry::{Diagnosis, IncidentCommand, ModelAnswer, Purpose, Resolution, Usage};
use crate::domain::handover::{Handover, HandoverReason};
use crate::domain::incident::HoldReason;
use crate::domain::silence::silence_of;
use crate::domain::{Alert, Fact, Mode, NamedCause, Occasion, RulingKind, Status, Verdict};
use crate::report::chinese::Chinese;
use crate::report::date;
use crate::report::escape::Style;
use crate::report::translation::{Translation, look_line, took};

pub(super) fn line(fact: &Fact, s: Style) -> String {
    match fact {
        Fact::Opened { source, alerts, .. } => format!("{} 上报 {}", s.name(source), changed(alerts, s)),
        Fact::AlertsChanged { alerts } => format!("来源上报 {}", changed(alerts, s)),
        Fact::AlertsCounted { change } => {
            let (firing, resolved) = (change.firing.len(), change.resolved.len());
            let collects = if change.collecting.is_some() { "汇集没有单独事件的告警；" } else { "" };
            format!("{collects}另计数 {firing} 条触发、{resolved} 条恢复的告警")
        }
        Fact::HandedOver { alerts, to } => {
            let to = to.as_ref().map_or_else(|| "并入计数".into(), |to| format!("转由事件 {to} 处理"));
            format!("{to}：{}", handed_over(alerts, s))
        }
        Fact::TakenOver { alerts, from } => format!("接自事件 {from}：{}", handed_over(alerts, s)),
        Fact::Joined { alerts, object, source } => {
            let names: Vec<String> = alerts.iter().take(5).map(|name| s.name(name)).collect();
            let also = source.as_ref().map(|source| format!("来源 {} 也报告了此问题；", s.name(source)));
            let also = also.unwrap_or_default();
            format!("{also}归入本事件，因为涉及同一对象 {}：{}", s.name(object), names.join("、"))
        }
        Fact::BlockedBy { incident, object } => {
            format!("等待事件 {incident}（正在处理 {}），在此之前不作处置", s.name(object))
        }
        Fact::Unblocked { incident, outcome } => format!("事件 {incident} 已结束：{}", Chinese.outcome(*outcome)),
        Fact::Decided { decision } => {
            let by = Chinese.decided_by(decision.rule.as_deref(), s);
            // What the rule wanted waits: it was not the rule that held it.
            let mut text = match HoldReason::of(decision) {
                Some(HoldReason { by: incident, object, repaired: false }) => {
                    format!("{by}：稍后处置，tidegate 正等待事件 {incident}（正在处理 {}）", s.name(object))
                }
                Some(HoldReason { by: incident, object, repaired: true }) => {
                    format!("{by}：如仍需要再处置，事件 {incident} 已修复 {}，告警可能随即恢复", s.name(object))
                }
                None => match (silence_of(decision), &decision.verdict) {
                    (Some(silence), Verdict::Hold { until }) => {
                        format!("静默 {silence} 生效，处理推迟至 {}：{}", date(*until), s.say(&decision.reason))
                    }
                    _ => format!("{by}：{}。{}", verdict(&decision.verdict), s.say(&decision.reason)),
                },
            };
            if decision.mode == Mode::Observe {
                text.push_str("（观察模式）");
            }
            decision.faults.iter().for_each(|fault| text.push_str(&format!("；有规则出错：{}", s.say(fault))));
            text
        }
        Fact::Looked { purpose, call, ok, text, took_ms, refused } => {
            let purpose = self::purpose(purpose);
            if let Some(gate) = refused {
                let (gate, call) = (s.name(gate), s.name(&look_line(call)));
                return format!("{purpose}：门禁 {gate} 拒绝查看 {call}：{}", s.say(text));
            }
            let head = format!("{purpose}：{}（{}）", s.name(&look_line(call)), took(*took_ms));
            if *ok { head } else { format!("{head}，失败：{}", s.say(text)) }
        }
        Fact::Collected { causes, incomplete } => {
            let there = match incomplete {
                None => "证据已收集完毕".into(),
                Some(why) => format!("证据不完整（{}）", s.say(why)),
            };
            match causes.as_deref().unwrap_or_default() {
                [] => there,
                causes => format!("{there}，发现原因：{}", names(causes, "、")),
            }
        }
        Fact::Recalled { knowledge } => super::knowledge::recalled(knowledge),
        Fact::Planned { plugin, proposals, findings, error } => match error {
            Some(error) => format!("插件 {} 无法给出方案：{}", s.name(plugin), s.say(error)),
            None => {
                let found: Vec<String> = findings.iter().take(3).map(|finding| s.say(&finding.text)).collect();
                let found = if found.is_empty() { String::new() } else { format!("：{}", found.join("；")) };
                match proposals.len() {
                    0 => format!("插件 {} 没有可用的修复方案{found}", s.name(plugin)),
                    many => format!("插件 {} 给出 {many} 个动作{found}", s.name(plugin)),
                }
            }
        },
        Fact::Answered { answer, usage, original, .. } => {
            if let Some(reused) = original.as_ref().and_then(|original| original.reused.as_ref()) {
                let incident = s.name(&reused.incident.0);
                return format!("{}（沿用事件 {incident} 的回答，未再询问大模型）", answered(answer, s));
            }
            let by = original.as_ref().map_or(String::new(), |original| format!("{}，", s.say(&original.by)));
            format!("{}（{by}{}）", answered(answer, s), cost(usage))
        }
        Fact::ModelFailed { reason, .. } => format!("大模型不可用：{}", s.say(reason)),
        Fact::Proposed { action } => {
            let (tool, target) = (s.name(action.tool()), s.name(&action.target()));
            let origin = Chinese.origin(&action.origin, s);
            let why = if action.proposal.reason.is_empty() {
                String::new()
            } else {
                format!("：{}", s.say(&action.proposal.reason))
            };
            format!("{}：{origin} 提出 {tool}（{target}）{why}", action.id)
        }
        Fact::Prepared { action, before: Some(_) } => format!("{action}：已看到变更前的状态"),
        Fact::Prepared { action, before: None } => format!("{action}：无法看到变更前的状态"),
        Fact::Ruled { action, ruling } => {
            let said = match ruling.kind {
                RulingKind::Allow => "允许",
                RulingKind::Ask => "要求人工审批",
                RulingKind::Deny => "禁止",
            };
            let until = ruling.until.map(|until| format!("，截止 {}", date(until))).unwrap_or_default();
            let observe = if ruling.mode == Mode::Observe { "（观察模式，不执行）" } else { "" };
            format!("{action}：门禁 {} {said}{until}：{}{observe}", s.name(&ruling.rule), s.say(&ruling.reason))
        }
        Fact::Approved { action, person, via, comment, .. } => {
            format!("{action}：{} 通过 {} 批准{}", Chinese.person(person, s), s.name(via), quoted(comment, s))
        }
        Fact::Rejected { action, person, via, comment } => {
            format!("{action}：{} 通过 {} 拒绝{}", Chinese.person(person, s), s.name(via), quoted(comment, s))
        }
        Fact::BreakerOpened { key, because } => format!("熔断 {}：{}", s.name(key), s.say(because)),
        Fact::Expired { action } => format!("{action}：未在规定时间内获得批准，视为拒绝"),
        Fact::Intent { action, attempt, .. } => format!("{action}：开始执行（执行编号 {}）", s.name(attempt)),
        Fact::NotBegun { action, reason, awaits, retry_at, .. } => {
            let then = match (retry_at, awaits) {
                (None, _) => "不再尝试".into(),
                (Some(at), None) => format!("将于 {} 重试", date(*at)),
                (Some(at), Some(tool)) => format!("{} 可调用时重试，最迟 {}", s.name(tool), date(*at)),
            };
            format!("{action}：尚未开始：{}；{then}", s.say(reason))
        }
        Fact::Result { action, ok, text, took_ms, .. } => {
            let said = if *ok { "执行完成" } else { "执行失败" };
            format!("{action}：{said}（{}）：{}", took(*took_ms), s.say(text))
        }
        Fact::Uncertain { action, resolution, reason } => {
            let then = match resolution {
                Resolution::Repeat => "重复执行无害，将再次执行",
                Resolution::Happened => "已经生效",
                Resolution::DidNotHappen => "没有生效",
                Resolution::Person => "需要人工检查",
            };
            format!("{action}：已开始但没有应答；{then}：{}", s.say(reason))
        }
        Fact::Inspected { action, after: Some(_) } => format!("{action}：已看到变更后的状态"),
        Fact::Inspected { action, after: None } => format!("{action}：无法看到变更后的状态"),
        Fact::ClaimHeld { action } => format!("{action}：提出者给出的条件成立，单独不能作为证明"),
        Fact::Verified { action, ok, reason } => {
            let said = if *ok { "验证有效" } else { "验证无效" };
            format!("{action}：{said}：{}", s.say(reason))
        }
        Fact::Concluded { outcome, reason } => format!("结论：{}。{}", Chinese.outcome(*outcome), s.say(reason)),
        Fact::Reported { .. } => "报告已生成".into(),
        Fact::Told { occasion, deliveries } => {
            let targets: Vec<String> = deliveries.iter().map(|delivery| s.name(&delivery.target)).collect();
            let what = match occasion {
                Occasion::Approval => "请求审批",
                Occasion::Report => "发送报告",
                Occasion::Resolved => "通知已恢复",
                Occasion::Answered => "更新已结束的询问",
            };
            let instead = deliveries.iter().find_map(|delivery| delivery.instead_of.as_ref());
            let instead = instead.map_or_else(String::new, |of| format!("（代替消息 {}）", s.name(of)));
            format!("{what}：{}{instead}", targets.join("，"))
        }
        Fact::DeliveryFailed { delivery, reason, retry_at, .. } => {
            let then = retry_at.map_or_else(|| "不再重试".into(), |at| format!("将于 {} 重试", date(at)));
            format!("消息 {} 发送失败，{then}：{}", s.name(delivery), s.say(reason))
        }
        Fact::Delivered { delivery, .. } => format!("消息 {} 已送达", s.name(delivery)),
        Fact::ClockSetBack { by_ms } => {
            format!("时钟被拨回 {}：各项等待从现在起按原定时长重新计算", took(by_ms.unsigned_abs()))
        }
        Fact::DeliveryOvertaken { delivery, by } => {
            let why = match by {
                Overtaken::Answered => "问题已有答复",
                Overtaken::Expired => "问题已过期",
                Overtaken::Ended => "已不再需要答复",
                Overtaken::Later => "后来的消息内容更新",
            };
            format!("消息 {} 已过时，不再发送：{why}", s.name(delivery))
        }
        Fact::DeliveryRetried { delivery, person, reason } => {
            let person = Chinese.person(person, s);
            format!("{person} 要求重新发送消息 {}{}", s.name(delivery), quoted(reason, s))
        }
        Fact::Said { person, says, comment } => {
            let person = Chinese.person(person, s);
            let comment = if comment.is_empty() { String::new() } else { format!("：{}", s.say(comment)) };
            match says {
                IncidentCommand::Acknowledge => format!("{person}已接手处理{comment}"),
                IncidentCommand::Comment => format!("{person}备注{comment}"),
                IncidentCommand::Close => format!("{person}关闭本事件{comment}"),
                IncidentCommand::Rerun => format!("{person}要求按现行策略重新裁决{comment}"),
            }
        }
        Fact::Closed { reason } => format!("关闭：{}", s.say(reason)),
    }
}

fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Suppress => "抑制",
        Verdict::Remediate { .. } | Verdict::Plan { .. } => "修复",
        Verdict::Investigate => "调查",
        Verdict::Diagnose => "诊断",
        Verdict::Escalate => "交由人工处理",
        Verdict::Hold { .. } => "暂缓",
    }
}

/// What a look is for.
pub(super) fn purpose(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Evidence => "收集证据".into(),
        Purpose::Model => "应模型要求查看".into(),
        Purpose::Plan => "为规划查看".into(),
        Purpose::Gate { action } => format!("裁决 {action} 之前查看"),
        Purpose::Before { action } => format!("查看 {action} 将更改的对象"),
        Purpose::After { action } => format!("查看 {action} 更改后的对象"),
        Purpose::Verify { action } => format!("验证 {action}"),
    }
}

fn changed(alerts: &[Alert], s: Style) -> String {
    let firing = alerts.iter().filter(|alert| alert.status == Status::Firing).count();
    let names: std::collections::BTreeSet<&str> = alerts.iter().map(|alert| alert.name.as_str()).collect();
    let names: Vec<String> = names.into_iter().take(5).map(|name| s.name(name)).collect();
    let parts = [(firing, "触发"), (alerts.len() - firing, "恢复")];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, status)| format!("{count} 条告警{status}")).collect();
    format!("{}：{}", parts.join("，"), names.join("，"))
}

fn handed_over(alerts: &[Handover], s: Style) -> String {
    let one = |handover: &Handover| {
        let because = match &handover.because {
            HandoverReason::Worse { from, to } => format!("级别由 {from} 升为 {to}"),
            HandoverReason::BeganAnew { at } => format!("于 {} 重新触发", date(*at)),
        };
        format!("{} {because}", s.name(&handover.name))
    };
    let mut parts: Vec<String> = alerts.iter().take(5).map(one).collect();
    if alerts.len() > parts.len() {
        parts.push(format!("另有 {} 条", alerts.len() - parts.len()));
    }
    parts.join("，")
}

fn answered(answer: &ModelAnswer, s: Style) -> String {
    match answer {
        ModelAnswer::Look { calls } => format!("大模型要求查看 {} 项", calls.len()),
        ModelAnswer::Act { proposals, diagnosis } => {
            format!("大模型提出 {} 个动作{}", proposals.len(), cause(diagnosis, s))
        }
        ModelAnswer::Resolved { diagnosis } => format!("大模型认为已无事可做{}", cause(diagnosis, s)),
        ModelAnswer::Person { diagnosis } => format!("大模型请求人工处理{}", cause(diagnosis, s)),
    }
}

fn cause(diagnosis: &Diagnosis, s: Style) -> String {
    if diagnosis.root_cause.is_empty() { String::new() } else { format!("：{}", s.say(&diagnosis.root_cause)) }
}

fn cost(usage: &Usage) -> String {
    format!("{} + {} token，{}", usage.prompt_tokens, usage.completion_tokens, took(usage.took_ms))
}

fn quoted(comment: &str, s: Style) -> String {
    if comment.is_empty() { String::new() } else { format!("，并说明：{}", s.say(comment)) }
}

/// The names of causes, as policies match them.
fn names(causes: &[NamedCause], between: &str) -> String {
    causes.iter().map(|named| named.cause.as_str()).collect::<Vec<_>>().join(between)
}
