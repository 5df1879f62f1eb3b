//! Pages in Chinese.

use super::audit::strings;
use super::sign_in;
use super::texts::{Strings, Texts};
use crate::domain::requirement::ApprovalRefusal;

pub(super) struct Chinese;

static WORDS: Strings = Strings {
    actions: "处理动作",
    again: "重试",
    alerts: "告警",
    all: "全部",
    all_incidents: "全部事件",
    annotations: "详情",
    answer_as: "您的答复身份：",
    any: "任意",
    approve: "批准",
    asked_of: "询问：",
    audit: &strings::CHINESE,
    besides: "其他参数：",
    change: "变更内容",
    changed: "内容有变化。",
    circumstances: "当前情况",
    claimed_before: "当前状态仅为提出者的说法，tidegate 尚未查看。",
    comment: "备注（可选）",
    comment_required: "备注（必填：此操作不可撤销）",
    delivered: "已送达",
    deliveries: "通知",
    deny: "拒绝",
    due: "待发送",
    elsewhere: "以下参数指向别处",
    every: "全部",
    every_object: "所有匹配的对象，数量不限",
    failed: "失败",
    filter: "筛选",
    findings: "发现的问题",
    forbidden: "不允许此操作",
    forbidden_help: "未做任何变更。",
    given_up: "已放弃：",
    goes_on_in: "后续事件",
    guess: "这是大模型的推测，并非查证结果。",
    has_changed: "内容在您查看之后已发生变化。",
    host: "tidegate 自身",
    host_well: "一切正常。",
    if_not: "若未成功",
    if_not_asked: "将询问是否撤销，并通知人工处理",
    if_not_person: "保持现状，并通知人工处理",
    if_not_restored: "恢复原状，并通知人工处理",
    in_journal: "此姓名将记入日志。",
    incident: "事件",
    incidents: "事件",
    invalid: "无法识别该请求",
    invalid_help: "未做任何变更。请返回重试。",
    kind: "类型",
    last_day: "24 小时内开始并已结束：",
    left: "待人工处理",
    live: "实时",
    live_ones: "未结束",
    look: "查看",
    look_at: "查看",
    looks: "已查看的内容",
    looks_only: "仅可查看",
    looks_only_why: "您只能查看，不能答复。具有 responder 角色的人可以答复。",
    may_it: "是否允许 tidegate 执行此操作？",
    missed: "新增或有变化的事件：",
    more_filters: "更多筛选",
    name: "名称",
    named_by_alert: "由告警给出",
    nameless: "答复需要填写姓名。",
    namespace: "命名空间",
    newest: "最新事件",
    no_actions: "没有提出任何动作，未做任何变更。",
    no_deliveries: "未通知任何人。",
    no_looks: "未查看任何内容：决策不需要。",
    no_questions: "没有等待您处理的问题",
    no_questions_why: "当门禁需要对变更进行审批时，问题会显示在这里。",
    no_report: "事件处理结束后生成报告。",
    nobody_needed: "没有需要人工处理的事件",
    nobody_yet: "暂无",
    not_found: "此处没有内容",
    not_found_help: "地址可能已失效：已关闭的事件到期后会被清除。",
    not_ready: "tidegate 目前不接收告警，也不执行任何操作：",
    not_seen: "尚未查看当前状态。",
    not_sent: "未发送",
    not_taken: "您的答复未被接受。请重新查看以下内容。",
    nothing_filtered: "没有符合筛选条件的事件。",
    nothing_live: "没有正在处理的事件：全部已结束。",
    nothing_yet: "尚无事件。",
    now: "当前",
    objects: "对象",
    observes: "观察模式：不做任何变更。批准会被记录，但不会执行。",
    older: "更早",
    opened: "开始",
    other_language: "English",
    other_question: "关于同一对象还有其他待答复的问题：",
    outcome: "处理结果",
    pages: "页面",
    paused: "执行已暂停：恢复之前不执行任何操作。",
    paused_in_part: "已暂停：",
    plain_http: "仅在 https 或本机访问时才能保持会话，否则会以明文传输。",
    plugin: "插件",
    policies_refused: "新策略未生效，仍使用之前的策略：",
    raw_journal: "原始日志",
    read_report: "阅读报告",
    refused_by: "被门禁拒绝：",
    report: "报告",
    rule: "规则",
    said_yes: "已批准的人",
    says: "告警内容",
    seen: "tidegate 查看于",
    sender_token: "此令牌只能发送告警。",
    server: "服务器（集群）",
    severity: "严重性",
    shared_user: "您使用的是共享凭证：答复时填写的姓名会记为未经证实。",
    show: "显示",
    sign_in: "登录",
    sign_in_by: &sign_in::CHINESE,
    sign_in_how: "请输入您本人的令牌（由 tidegate token new 或 tidegate user section 生成）。它将在每次答复时证明您的身份。",
    sign_out: "退出",
    sign_out_everywhere: "在所有设备上退出",
    signed_in_as: "已登录：",
    signed_out: "您已退出登录。请重新登录。",
    silence: "若无人答复",
    since: "始于",
    single_user: "本机上的任何人都可以在此操作：未配置 [users]，因此答复时的姓名未经证实。",
    skip: "跳到内容",
    source: "来源",
    stale: "已过时，最后更新",
    state: "状态",
    story: "经过",
    text: "文字",
    to_answer: "去答复",
    to_newest: "最新",
    token: "令牌",
    too_often: "错误次数过多，请一分钟后再试。",
    tried_again: "未送达，将重试",
    unavailable: "tidegate 暂时无法响应",
    unavailable_help: "已记录的内容不会丢失。请稍后重试。",
    unclear: "答复既不是批准也不是拒绝。",
    undo_call: "撤销调用：",
    unknown_objects: "数量未知",
    unproven: "此姓名未经证实，日志会注明。",
    updated: "最近变化",
    waits_for: "等待",
    was: "原为",
    was_nothing: "原先没有",
    whole_answers: "完整结果",
    whole_call: "完整调用",
    whole_check: "完整判据：",
    will_be: "将变为",
    will_be_nothing: "将被移除",
    without_filter: "清除筛选",
    wrong_token: "没有人使用此令牌。请检查。",
    yes_in_enforce: "执行模式：批准后立即执行。",
    yes_in_observe: "观察模式：批准后不会执行任何操作。",
    your_name: "您的姓名",
};

impl Texts for Chinese {
    fn strings(&self) -> &'static Strings {
        &WORDS
    }

    fn ago(&self, seconds: i64) -> String {
        format!("{}前", self.span(seconds))
    }

    fn left(&self, seconds: i64) -> String {
        format!("剩余 {}", self.span(seconds))
    }

    fn span(&self, seconds: i64) -> String {
        match seconds.max(0) {
            seconds @ 0..60 => format!("{seconds} 秒"),
            seconds @ 60..3600 => format!("{} 分钟", seconds / 60),
            seconds @ 3600..172_800 => format!("{} 小时", seconds / 3600),
            seconds => format!("{} 天", seconds / 86_400),
        }
    }

    fn questions(&self, count: usize) -> String {
        format!("有 {count} 个问题等待您答复")
    }

    fn need_person(&self, count: usize, more: bool) -> String {
        if more {
            format!("{count} 个以上事件需要人工处理")
        } else {
            format!("{count} 个事件需要人工处理")
        }
    }

    fn works_on(&self, count: usize) -> String {
        if count == 0 {
            "tidegate 没有正在处理的事件".into()
        } else {
            format!("tidegate 正在处理 {count} 个事件")
        }
    }

    fn nothing_holds(&self, text: &str, looked_at: usize) -> String {
        format!("此范围内最新的 {looked_at} 个事件都不包含“{text}”。")
    }

    fn looked_at(&self, count: usize) -> String {
        format!("在 {count} 个事件中查找")
    }

    fn silence_means_no(&self, until: &str) -> String {
        format!("{until} 之前无人答复即视为拒绝。")
    }

    fn attempts(&self, count: u32) -> String {
        format!("此前已尝试 {count} 次。")
    }

    fn lines(&self, count: usize) -> String {
        format!("{count} 行")
    }

    fn type_to_approve(&self, word: &str) -> String {
        format!("如要批准，请输入 {word}")
    }

    fn not_typed(&self, word: &str) -> String {
        format!("如要批准，请输入 {word}；不可撤销的操作还需说明理由。")
    }

    fn refusal(&self, refusal: &ApprovalRefusal) -> String {
        let why = match refusal {
            ApprovalRefusal::Unproven { gate } => format!("门禁 {gate} 只接受能证明身份的人批准"),
            ApprovalRefusal::Proposer { name, gate } => format!("此操作由 {name} 提出，门禁 {gate} 要求由他人批准"),
            ApprovalRefusal::NotAsked { name, gate, groups } => {
                format!("门禁 {gate} 询问的是 {}，{name} 不在其中", groups.join("、"))
            }
        };
        format!("您可以拒绝。您的批准不会计入：{why}。")
    }
}
