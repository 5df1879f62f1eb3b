//! What each method of each path wants of whoever calls it. A path that is not here is not served.

use crate::config::oidc::CALLBACK;
use crate::domain::Permission;

/// Who lets a request in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Anybody comes in, and learns or changes nothing that is anybody's.
    Open,
    /// A source, by what its sender proves.
    Source,
    /// A signed link; who answers by it is looked at where that is known.
    Link,
    /// A proof in `Authorization`; for looks also the session of a page.
    Api,
    /// A session, or the same proof; without any, the page that asks for one.
    Page,
}

/// What a request is about, and so who judges whether that is within the places of somebody whose role is bound to some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The host as a whole: whoever is bound to places has no part in it.
    Host,
    /// The incident that the path names: it must be within.
    Incident,
    /// The silence that the path names: all that it can cover must be within.
    Silence,
    /// Several things, or what the body names: the handler shows and takes only what is within.
    Several,
}

/// What one method of one path wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The method; [`ANY`] for all of them.
    pub method: &'static str,
    /// The path, as the router has it.
    pub path: &'static str,
    /// Who lets in.
    pub door: Door,
    /// What must be permitted.
    pub wants: Permission,
    /// What it is about.
    pub about: About,
}

/// All methods of a path.
pub const ANY: &str = "*";

use About::{Host, Incident, Several, Silence as Quiet};
use Door::{Api, Link, Open, Page, Source};
use Permission::{Administer, Approve, Audit, Chat, Handle, Look, Metrics, Operate, Pause, Silence};

const fn row(method: &'static str, path: &'static str, door: Door, wants: Permission, about: About) -> Row {
    Row { method, path, door, wants, about }
}

/// The table. Where the door is open, a source's or a link's, it is not asked for a permission.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    // Probes and what every browser loads.
    row("GET",    "/healthz",                                        Open,   Look,    Host),
    row("GET",    "/readyz",                                         Open,   Look,    Host),
    row("GET",    "/-/healthy",                                      Open,   Look,    Host),
    row("GET",    "/-/ready",                                        Open,   Look,    Host),
    row("GET",    "/s/{file}",                                       Open,   Look,    Host),
    row("GET",    "/sign-in",                                        Open,   Look,    Host),
    row("POST",   "/sign-in",                                        Open,   Look,    Host),
    row("GET",    "/oidc/sign-in",                                   Open,   Look,    Host),
    row("GET",    CALLBACK,                                          Open,   Look,    Host),
    row("POST",   "/language",                                       Open,   Look,    Host),
    // What senders send.
    row("POST",   "/alert",                                          Source, Look,    Host),
    row("POST",   "/alert/",                                         Source, Look,    Host),
    row(ANY,      "/v1/alerts/{source}",                             Source, Look,    Host),
    row(ANY,      "/v1/alerts/{source}/",                            Source, Look,    Host),
    row(ANY,      "/v1/alerts/{source}/{*below}",                    Source, Look,    Host),
    row("POST",   "/api/v1/namespaces/{namespace}/events/{*subject}", Source, Look,   Host),
    row("POST",   "/api/v2/alerts",                                  Source, Look,    Host),
    // Signed links.
    row("GET",    "/approve/{incident}/{action}",                    Link,   Look,    Incident),
    row("POST",   "/approve/{incident}/{action}",                    Link,   Approve, Incident),
    // Pages.
    row("GET",    "/",                                               Page,   Look,    Several),
    row("GET",    "/incidents",                                      Page,   Look,    Several),
    row("GET",    "/i/{id}",                                         Page,   Look,    Incident),
    row("GET",    "/i/{id}/journal.json",                            Page,   Look,    Incident),
    row("GET",    "/i/{id}/{action}",                                Page,   Look,    Incident),
    row("POST",   "/i/{id}/{action}",                                Page,   Approve, Incident),
    row("POST",   "/i/{id}",                                         Page,   Handle,  Incident),
    row("GET",    "/alerts",                                         Page,   Look,    Several),
    // What is of no place: rules and what they did everywhere, tool servers of all clusters, what all of it has cost, and what
    // looks at whole clusters.
    row("GET",    "/policies",                                       Page,   Look,    Host),
    row("GET",    "/policies/explain",                               Page,   Look,    Host),
    row("POST",   "/policies/explain",                               Page,   Look,    Host),
    row("GET",    "/tools",                                          Page,   Look,    Host),
    row("POST",   "/tools",                                          Page,   Pause,   Host),
    row("GET",    "/costs",                                          Page,   Look,    Host),
    row("GET",    "/inspections",                                    Page,   Look,    Host),
    row("GET",    "/silences",                                       Page,   Look,    Several),
    row("GET",    "/silences/new",                                   Page,   Look,    Several),
    row("POST",   "/silences/new",                                   Page,   Silence, Several),
    row("GET",    "/silences/{id}",                                  Page,   Look,    Quiet),
    row("POST",   "/silences/{id}",                                  Page,   Silence, Quiet),
    row("GET",    "/live",                                           Page,   Look,    Several),
    row("GET",    "/audit",                                          Page,   Audit,   Host),
    row("GET",    "/me",                                             Page,   Look,    Several),
    row("POST",   "/me",                                             Page,   Look,    Several),
    row("GET",    "/people",                                         Page,   Administer, Host),
    row("POST",   "/people",                                         Page,   Administer, Host),
    row("POST",   "/sign-out",                                       Page,   Look,    Several),
    // The API describes itself, and programs read the record.
    row("GET",    "/v1/openapi.json",                                Api,    Look,    Several),
    row(ANY,      "/mcp",                                            Api,    Look,    Several),
    row(ANY,      "/mcp/",                                           Api,    Look,    Several),
    // Incidents.
    row("GET",    "/v1/incidents",                                   Api,    Look,    Several),
    row("GET",    "/v1/incidents/watch",                             Api,    Look,    Several),
    row("GET",    "/v1/incidents/{id}",                              Api,    Look,    Incident),
    row("GET",    "/v1/incidents/{id}/report",                       Api,    Look,    Incident),
    row("GET",    "/v1/incidents/{id}/timeline",                     Api,    Look,    Incident),
    row("GET",    "/v1/incidents/{id}/evidence",                     Api,    Look,    Incident),
    row("GET",    "/v1/incidents/{id}/evidence/{number}",            Api,    Look,    Incident),
    // It tells of other incidents, too.
    row("GET",    "/v1/incidents/{id}/similar",                      Api,    Look,    Host),
    row("POST",   "/v1/incidents/{id}/actions/{action}/approve",     Api,    Approve, Incident),
    row("POST",   "/v1/incidents/{id}/actions/{action}/deny",        Api,    Approve, Incident),
    row("POST",   "/v1/incidents/{id}/acknowledge",                  Api,    Handle,  Incident),
    row("POST",   "/v1/incidents/{id}/comment",                      Api,    Handle,  Incident),
    row("POST",   "/v1/incidents/{id}/close",                        Api,    Handle,  Incident),
    row("POST",   "/v1/incidents/{id}/rerun",                        Api,    Handle,  Incident),
    row("GET",    "/v1/search",                                      Api,    Look,    Host),
    row("GET",    "/v1/alerts",                                      Api,    Look,    Several),
    // Events, schedules, inspections, conversations.
    row("GET",    "/api/v1/events",                                  Api,    Look,    Host),
    row("GET",    "/api/v1/events/{*subject}",                       Api,    Look,    Host),
    row("GET",    "/v1/schedules",                                   Api,    Look,    Host),
    row("POST",   "/v1/schedules/{name}/run",                        Api,    Operate, Host),
    row("GET",    "/v1/inspections",                                 Api,    Look,    Host),
    row("POST",   "/v1/inspections/{name}/run",                      Api,    Operate, Host),
    row("GET",    "/v1/chat",                                        Api,    Look,    Host),
    row("POST",   "/v1/chat",                                        Api,    Chat,    Host),
    row("GET",    "/v1/chat/{id}",                                   Api,    Look,    Host),
    // Silences.
    row("GET",    "/v1/silences",                                    Api,    Look,    Several),
    row("POST",   "/v1/silences",                                    Api,    Silence, Several),
    row("GET",    "/v1/silences/{id}",                               Api,    Look,    Quiet),
    row("POST",   "/v1/silences/{id}/expire",                        Api,    Silence, Quiet),
    row("POST",   "/v1/silences/{id}/extend",                        Api,    Silence, Quiet),
    // Alertmanager's API.
    row("GET",    "/api/v2/status",                                  Api,    Look,    Several),
    row("GET",    "/api/v2/receivers",                               Api,    Look,    Several),
    row("GET",    "/api/v2/alerts",                                  Api,    Look,    Several),
    row("GET",    "/api/v2/alerts/groups",                           Api,    Look,    Several),
    row("GET",    "/api/v2/silences",                                Api,    Look,    Several),
    row("POST",   "/api/v2/silences",                                Api,    Silence, Several),
    row("GET",    "/api/v2/silence/{id}",                            Api,    Look,    Quiet),
    row("DELETE", "/api/v2/silence/{id}",                            Api,    Silence, Quiet),
    row(ANY,      "/api/v2/{*path}",                                 Api,    Look,    Several),
    row(ANY,      "/api/v1/alerts",                                  Api,    Look,    Several),
    row(ANY,      "/api/v1/silences",                                Api,    Look,    Several),
    row(ANY,      "/api/v1/status",                                  Api,    Look,    Several),
    row(ANY,      "/api/v1/receivers",                               Api,    Look,    Several),
    // The host itself.
    row("POST",   "/v1/pause",                                       Api,    Pause,   Host),
    row("POST",   "/v1/resume",                                      Api,    Operate, Host),
    row("GET",    "/v1/deliveries",                                  Api,    Look,    Host),
    row("POST",   "/v1/deliveries/retry",                            Api,    Operate, Host),
    row("POST",   "/v1/targets/{name}/test",                         Api,    Operate, Host),
    row("GET",    "/v1/plugins",                                     Api,    Look,    Host),
    row("POST",   "/v1/plugins/{name}/reload",                       Api,    Operate, Host),
    row("GET",    "/v1/breakers",                                    Api,    Look,    Host),
    row("POST",   "/v1/breakers/reset",                              Api,    Operate, Host),
    row("GET",    "/v1/audit",                                       Api,    Audit,   Host),
    row("GET",    "/v1/people",                                      Api,    Administer, Host),
    row("POST",   "/v1/people",                                      Api,    Administer, Host),
    row("GET",    "/v1/people/{name}",                               Api,    Administer, Host),
    row("POST",   "/v1/people/{name}",                               Api,    Administer, Host),
    row("POST",   "/v1/people/{name}/sign-out",                      Api,    Administer, Host),
    row("POST",   "/v1/people/{name}/tokens/{id}/revoke",            Api,    Administer, Host),
    // What is one's own.
    row("GET",    "/v1/me",                                          Api,    Look,    Several),
    row("POST",   "/v1/me/sign-out",                                 Api,    Look,    Several),
    row("POST",   "/v1/me/tokens",                                   Api,    Look,    Several),
    row("POST",   "/v1/me/tokens/{id}/revoke",                       Api,    Look,    Several),
    row("GET",    "/metrics",                                        Api,    Metrics, Host),
];

/// The row of a method and a path as the router has them; HEAD is GET without a body.
pub fn row_of(method: &str, path: &str) -> Option<&'static Row> {
    let method = if method == "HEAD" { "GET" } else { method };
    let of_path = || TABLE.iter().filter(|row| row.path == path);
    let exact = of_path().find(|row| row.method == method || row.method == ANY);
    // A method that nobody takes is answered so to whoever may look.
    exact.or_else(|| of_path().find(|row| row.wants == Permission::Look)).or_else(|| of_path().next())
}

/// The row that says exactly this; for routes that are made.
pub fn row_exactly(method: &str, path: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.method == method && row.path == path)
}
