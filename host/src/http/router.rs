//! Every route, and what lies around all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware;

use super::answer::Failure;
use super::routes::{Routes, any, get, post};
use super::{
    Shared, access, admission, alertmanager, alerts, audit, chat, control, deliveries, etag, events, handling, health,
    incidents, inspections, link, mcp, once, openapi, pages, people, quotas, receive, recent_events, schedules, search,
    silences, targets, watch,
};

/// Every route.
///
/// # Errors
/// What the table of permissions does not say.
pub fn router(state: &Arc<Shared>) -> Result<Router, Vec<String>> {
    let senders = Routes::new()
        .route("/alert", post(receive::alert))
        .route("/alert/", post(receive::alert))
        .route("/v1/alerts/{source}", any(receive::source))
        .route("/v1/alerts/{source}/", any(receive::source))
        .route("/v1/alerts/{source}/{*below}", any(receive::below))
        .route("/api/v1/namespaces/{namespace}/events/{*subject}", post(events::posted))
        .route("/api/v2/alerts", post(alertmanager::pushed));
    let api = Routes::new()
        .route("/v1/openapi.json", get(openapi::serve))
        .route("/v1/incidents", get(incidents::all))
        .route("/v1/incidents/watch", get(watch::watch))
        .route("/v1/incidents/{id}", get(incidents::one))
        .route("/v1/incidents/{id}/report", get(incidents::written))
        .route("/v1/incidents/{id}/timeline", get(incidents::timeline))
        .route("/v1/incidents/{id}/evidence", get(incidents::evidence))
        .route("/v1/incidents/{id}/evidence/{number}", get(incidents::one_evidence))
        .route("/v1/incidents/{id}/actions/{action}/approve", post(control::approve))
        .route("/v1/incidents/{id}/actions/{action}/deny", post(control::deny))
        .route("/v1/incidents/{id}/acknowledge", post(handling::acknowledge))
        .route("/v1/incidents/{id}/comment", post(handling::comment))
        .route("/v1/incidents/{id}/close", post(handling::close))
        .route("/v1/incidents/{id}/rerun", post(handling::rerun))
        .route("/v1/incidents/{id}/similar", get(search::similar))
        .route("/v1/search", get(search::search))
        .route("/api/v1/events", get(recent_events::subjects))
        .route("/api/v1/events/{*subject}", get(recent_events::of_subject))
        .route("/v1/schedules", get(schedules::list))
        .route("/v1/schedules/{name}/run", post(schedules::run))
        .route("/v1/inspections", get(inspections::list))
        .route("/v1/inspections/{name}/run", post(inspections::run))
        .route("/v1/chat", get(chat::all).post(chat::ask))
        .route("/v1/chat/{id}", get(chat::one))
        .route("/v1/alerts", get(alerts::all))
        .route("/v1/silences", get(silences::all).post(silences::make))
        .route("/v1/silences/{id}", get(silences::one))
        .route("/v1/silences/{id}/expire", post(silences::expire))
        .route("/v1/silences/{id}/extend", post(silences::extend))
        .route("/api/v2/status", get(alertmanager::status).fallback(alertmanager::only_get))
        .route("/api/v2/receivers", get(alertmanager::receivers).fallback(alertmanager::only_get))
        .route("/api/v2/alerts", get(alertmanager::list).fallback(alertmanager::get_and_post))
        .route("/api/v2/alerts/groups", get(alertmanager::groups).fallback(alertmanager::only_get))
        .route(
            "/api/v2/silences",
            get(alertmanager::listed).post(alertmanager::set).fallback(alertmanager::get_and_post),
        )
        .route(
            "/api/v2/silence/{id}",
            get(alertmanager::get_one).delete(alertmanager::delete).fallback(alertmanager::delete_and_get),
        )
        .route("/api/v2/{*path}", any(alertmanager::nothing))
        .route("/api/v1/alerts", any(alertmanager::gone))
        .route("/api/v1/silences", any(alertmanager::gone))
        .route("/api/v1/status", any(alertmanager::gone))
        .route("/api/v1/receivers", any(alertmanager::gone))
        .route("/v1/pause", post(control::pause))
        .route("/v1/resume", post(control::resume))
        .route("/v1/deliveries", get(deliveries::all))
        .route("/v1/deliveries/retry", post(deliveries::retry))
        .route("/v1/targets/{name}/test", post(targets::test))
        .route("/v1/plugins", get(control::plugins))
        .route("/v1/plugins/{name}/reload", post(control::reload_plugin))
        .route("/v1/breakers", get(control::breakers))
        .route("/v1/breakers/reset", post(control::reset_breaker))
        .route("/v1/audit", get(audit::list::list))
        .route("/v1/people", get(people::list).post(people::make))
        .route("/v1/people/{name}", get(people::show).post(people::change))
        .route("/v1/people/{name}/tokens/{id}/revoke", post(people::revoke))
        .route("/v1/me", get(people::me::show))
        .route("/v1/me/sign-out", post(people::me::sign_out))
        .route("/v1/me/tokens", post(people::me::make_token))
        .route("/v1/me/tokens/{id}/revoke", post(people::me::revoke_token))
        .route("/v1/people/{name}/sign-out", post(people::sign_out))
        .layered(|api| {
            api.route_layer(middleware::from_fn_with_state(state.clone(), etag::tags))
                .route_layer(middleware::from_fn_with_state(state.clone(), once::once))
                .route_layer(middleware::from_fn_with_state(state.clone(), quotas::api))
        });
    let metrics = Routes::new()
        .route("/metrics", get(health::metrics))
        .layered(|metrics| metrics.route_layer(middleware::from_fn_with_state(state.clone(), quotas::probes)));
    let links = Routes::new().route("/approve/{incident}/{action}", get(link::show).post(link::answer));
    let mcp = Routes::new()
        .route("/mcp", any(mcp::serve))
        .route("/mcp/", any(mcp::serve))
        .layered(|mcp| mcp.route_layer(middleware::from_fn_with_state(state.clone(), quotas::api)));
    let all = Routes::new()
        .route("/healthz", get(health::alive))
        .route("/-/healthy", get(alertmanager::healthy))
        .route("/-/ready", get(alertmanager::ready))
        .route("/readyz", get(health::ready))
        .merge(senders)
        .merge(links)
        .merge(pages::router(state))
        .merge(api)
        .merge(mcp)
        .merge(metrics)
        .finish()?;
    let all = all
        .method_not_allowed_fallback(wrong_method)
        // In front of every handler, so that nobody gets past the table.
        .route_layer(middleware::from_fn_with_state(state.clone(), access::enforce))
        .fallback(nothing_here)
        // Around everything, what is not there too.
        .layer(middleware::from_fn_with_state(state.clone(), admission::admit))
        .with_state(Arc::clone(state));
    Ok(all)
}

async fn nothing_here(request: Request) -> Failure {
    let path = crate::domain::text::truncate(request.uri().path(), 100);
    Failure::not_found(format!(
        "there is nothing at {path}; pages begin at /, alerts go to /alert or /v1/alerts/SOURCE, events to /v1/alerts/events"
    ))
}

async fn wrong_method(request: Request) -> Failure {
    Failure::method(request.method().as_str(), &crate::domain::text::truncate(request.uri().path(), 100))
}
