//! Where one can go from every page. What is wanted less often stands behind a disclosure, so that a telephone has room.

use maud::{Markup, html};

use super::frame::{Frame, PageUser};

strings! {
    alerts: "Alerts", "告警";
    silences: "Silences", "静默";
    policies: "Policies", "策略";
    tools: "Tools", "工具";
    costs: "Costs", "费用";
    inspections: "Inspections", "巡检";
    people: "People", "人员";
    more: "More", "更多";
    main: "Main navigation", "主导航";
}

/// The links.
pub(super) fn navigation(frame: &Frame<'_>) -> Markup {
    let (known, words) = (frame.strings(), strings(frame.language));
    let first = [("/", known.now), ("/incidents", known.incidents), ("/silences", words.silences)];
    let (audits, administers) = match frame.who {
        PageUser::Single | PageUser::Shared => (true, true),
        PageUser::Person { audits, administers, .. } => (*audits, *administers),
        PageUser::Nobody => (false, false),
    };
    let whole = [
        ("/policies", words.policies),
        ("/tools", words.tools),
        ("/costs", words.costs),
        ("/inspections", words.inspections),
    ];
    let mut more = vec![("/alerts", words.alerts)];
    // Whoever is bound to places has no part in what is about the host as a whole.
    more.extend(whole.into_iter().filter(|_| !frame.is_bound()));
    more.extend(administers.then_some(("/people", words.people)));
    more.extend(audits.then_some(("/audit", known.audit.title)));
    let here = frame.here.split('?').next().unwrap_or_default();
    let link =
        |path: &str, name: &str| html! { a href=(path) aria-current=[(here == path).then_some("page")] { (name) } };
    html! {
        nav aria-label=(words.main) {
            @for (path, name) in first { (link(path, name)) }
            @if !more.is_empty() { details.menu #menu {
                summary { @if let Some((_, name)) = more.iter().find(|(path, _)| *path == here) { (name) } @else { (words.more) } }
                div { @for (path, name) in &more { (link(path, name)) } }
            } }
        }
    }
}
