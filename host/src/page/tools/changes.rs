//! What stands between the host and changes on `/tools`: pauses, breakers and budgets.

use maud::{Markup, html};

use super::super::forms;
use super::super::frame::Frame;
use super::super::parts::{line, table_head, time};
use crate::backend::operations::ToolsView;

strings! {
    stopped: "What is stopped", "已停止的执行";
    nothing: "Nothing is paused, and no breaker is open.", "没有暂停，也没有断开的熔断器。";
    everything: "everything", "全部";
    paused: "Paused:", "已暂停：";
    resume: "Resume", "恢复";
    who_resumes: "An operator lets go on what is stopped.", "需由 operator 恢复已停止的执行。";
    pause: "Pause everything", "全部暂停";
    pause_why: "While it is paused nothing is executed; what has begun goes to its end.", "暂停期间不执行任何操作；已开始的操作会完成。";
    breaker: "Breaker", "熔断器";
    open: "open: nothing of it gets through", "已断开：不放行";
    closed: "closed", "闭合";
    count: "Counted", "计数";
    reset: "Reset", "重置";
    reason: "Why", "原因";
    change: "Change it", "修改";
    budgets: "Budgets of gates", "门禁预算";
    no_budgets: "No budget has been spent lately.", "近期没有使用预算。";
    budget: "Budget", "预算";
    spent: "Spent", "已用";
    frees: "Frees next", "下次释放";
    unknown: "how much there is, is known with the next change", "总量在下一次变更时可知";
    restart: "This host was started since; what was spent is kept.", "本次启动后尚未再次核定；已用量保留。";
}

/// What somebody has seen of what is stopped.
pub fn version(view: &ToolsView) -> String {
    forms::version(&(&view.paused, &view.breakers))
}

/// Pauses and breakers, with a form for each.
pub(super) fn stopped(view: &ToolsView, resumes: bool, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let none = view.paused.is_empty() && !view.breakers.iter().any(|breaker| breaker.open);
    html! {
        section aria-labelledby="stopped" {
            h2 #stopped { (words.stopped) }
            @if none { p.empty { (words.nothing) } }
            @if !view.breakers.is_empty() {
                table.list {
                    (table_head(&[words.breaker, frame.strings().state, words.count]))
                    tbody {
                        @for breaker in &view.breakers {
                            tr {
                                td { code { (line(&breaker.key)) } br; span.small lang="en" { (line(&breaker.because)) } }
                                td { @if breaker.open { span.state.failed { "✖ " (words.open) } } @else { span.state { (words.closed) } } }
                                td { span.label { (words.count) ": " } (breaker.count) " / " (breaker.limit) }
                            }
                        }
                    }
                }
            }
            @for scope in &view.paused { p.banner.warn { (words.paused) " " @if scope.is_empty() { (words.everything) } @else { code { (line(scope)) } } } }
            details #change open[!none] {
                summary { (words.change) }
                form.answer #answer method="post" action="/tools" autocomplete="off" {
                    // The first button is the one that Enter presses: it does nothing.
                    button type="submit" disabled hidden {}
                    input type="hidden" name="version" value=(version(view));
                    (forms::person_field(frame, "person", ""))
                    label { (words.reason) input #reason name="reason" maxlength="1000" disabled[!frame.acts()]; }
                    p.small { (words.pause_why) }
                    @if !resumes { p.small #who-resumes { (words.who_resumes) } }
                    p.buttons.many {
                        @if resumes {
                            @for breaker in view.breakers.iter().filter(|breaker| breaker.count > 0) {
                                (forms::button(frame, "person", "", ("reset", &forms::version(&breaker.key)), &format!("{} {}", words.reset, line(&breaker.key))))
                            }
                            @for scope in &view.paused {
                                @let name = if scope.is_empty() { words.everything.to_string() } else { line(scope) };
                                (forms::button(frame, "person", "primary", ("resume", &forms::version(scope)), &format!("{} {name}", words.resume)))
                            }
                        }
                        @if !view.paused.iter().any(String::is_empty) { (forms::button(frame, "person", "deny", ("pause", ""), words.pause)) }
                    }
                }
            }
        }
    }
}

/// What changes have spent, and when that is free again.
pub(super) fn budgets(view: &ToolsView, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        section aria-labelledby="budgets" {
            h2 #budgets { (words.budgets) " " span.count { (view.budget_count) } }
            @if view.budgets.is_empty() { p.empty { (words.no_budgets) } } @else {
                table.list {
                    (table_head(&[words.budget, words.spent, words.frees]))
                    tbody {
                        @for budget in &view.budgets {
                            tr {
                                td { code { (line(&budget.key)) } }
                                td {
                                    span.label { (words.spent) ": " }
                                    @match budget.max {
                                        Some(max) => { span class=[(budget.spent >= max as usize).then_some("bad")] { (budget.spent) " / " (max) } },
                                        None => { (budget.spent) " " span.small title=(words.restart) { (words.unknown) } },
                                    }
                                }
                                td { @match budget.frees { Some(at) => (time(frame, at)), None => "–" } }
                            }
                        }
                    }
                }
                @if view.budget_count > view.budgets.len() { p { (frame.language.more(view.budget_count - view.budgets.len())) } }
            }
        }
    }
}
