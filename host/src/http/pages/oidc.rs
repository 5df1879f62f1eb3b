//! `/oidc/…`: a browser goes to the provider and comes back. The way there is a link, so that forms of pages go nowhere but here.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::sessions::cookies;
use super::shown;
use super::sign::{self, is_on_this_machine, opened, set_named};
use crate::config::SignInRefusal;
use crate::domain::Permission;
use crate::http::Shared;
use crate::http::audit::IdentifiedAs;
use crate::http::oidc::{Arrived, Failed};
use crate::http::refusals::Refused;
use crate::page::{self, PageUser, ProviderButton, SignIn};
use crate::secret::Secret;

/// The cookie that binds a sign-in to a browser while it is at the provider: over TLS, and on this machine itself.
const COOKIES: (&str, &str) = ("__Host-tidegate-oidc", "tidegate-oidc");
/// For as long as a sign-in lasts.
const KEPT: &str = "; Max-Age=600";

/// What the page that asks who it is says of the provider.
pub fn button(state: &Shared) -> Option<ProviderButton> {
    state.oidc.as_ref().map(|oidc| ProviderButton { name: oidc.name().to_string(), away: oidc.is_away() })
}

/// `GET /oidc/sign-in`: goes to the provider.
pub async fn begin(State(state): State<Arc<Shared>>, headers: HeaderMap, uri: Uri) -> Response {
    let to = sign::goes_on(&uri);
    let Some(oidc) = &state.oidc else { return sign::say(&state, &headers, StatusCode::NOT_FOUND, SignIn::Asked, &to) };
    match oidc.begin(&to, state.clock.now()).await {
        Ok(begun) => {
            let mut response = elsewhere(&begun.to);
            set_named(&mut response, is_on_this_machine(&headers), COOKIES, &begun.cookie, KEPT);
            response
        }
        Err(failed) => refused(&state, &headers, of(&failed), &to),
    }
}

/// `GET /oidc/callback`: comes back from it.
pub async fn back(State(state): State<Arc<Shared>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let query = request.uri().query().unwrap_or_default().to_string();
    let local = is_on_this_machine(&headers);
    let mut response = arrived(&state, &headers, &query).await;
    // Whatever came of it, that was it.
    set_named(&mut response, local, COOKIES, "", "; Max-Age=0");
    response
}

async fn arrived(state: &Arc<Shared>, headers: &HeaderMap, query: &str) -> Response {
    let Some(oidc) = &state.oidc else { return sign::say(state, headers, StatusCode::NOT_FOUND, SignIn::Asked, "/") };
    let name = if is_on_this_machine(headers) { COOKIES.1 } else { COOKIES.0 };
    let cookie = cookies(headers).find(|(known, _)| *known == name).map(|(_, value)| value);
    let Arrived { identity, to, hint } = match oidc.finish(query, cookie, state.clock.now()).await {
        Ok(arrived) => arrived,
        Err(failed) => return refused(state, headers, of(&failed), "/"),
    };
    let (name, person) = (identity.name.clone(), state.callers.identified(&identity));
    let refused = |said, to: &str| {
        let mut response = refused(state, headers, said, to);
        person.clone().map(|person| response.extensions_mut().insert(IdentifiedAs(person)));
        response
    };
    let caller = match state.callers.by_provider(&identity) {
        Ok(caller) => caller,
        Err(why) => {
            let said = match why {
                SignInRefusal::Disabled => SignIn::KeptOut(name),
                SignInRefusal::Nameless => SignIn::Unproven("it gives a name without letters".into()),
            };
            return refused(said, &to);
        }
    };
    if !caller.access().may(Permission::Look) {
        let groups = identity.groups.map(|groups| groups.into_iter().collect());
        return refused(SignIn::NoRole { name, groups }, &to);
    }
    // Whoever is to be kept out can be named from now on, also by a command.
    state.callers.saw(&caller, state.clock.now());
    let keeping = Arc::clone(state);
    if let Ok(Err(error)) = tokio::task::spawn_blocking(move || keeping.callers.visitors().save()).await {
        tracing::warn!(error, "who was here could not be written down");
    }
    opened(state, headers, caller, Some(Secret::new(hint)), &to)
}

/// After somebody has signed out here: the page that goes on to the provider, if it has a place for that. It is a page and no
/// redirect, because browsers hold the redirect of a form to where forms may go.
pub fn goodbye(state: &Shared, headers: &HeaderMap, hint: &str) -> Option<Response> {
    let oidc = state.oidc.as_ref()?;
    let there = oidc.end_session(hint, state.clock.now())?;
    let uri = Uri::from_static("/sign-in");
    let mut response = shown(state, headers, &uri, &PageUser::Nobody, StatusCode::OK, |frame| {
        page::signed_out(oidc.name(), &there, frame)
    });
    if let Ok(value) = HeaderValue::from_str(&format!("0; url={there}")) {
        response.headers_mut().insert(header::REFRESH, value);
    }
    Some(response)
}

fn of(failed: &Failed) -> SignIn {
    match failed {
        Failed::Unbound => SignIn::Unbound,
        Failed::Denied(why) => SignIn::Denied(why.clone()),
        Failed::Unproven(why) => SignIn::Unproven(why.clone()),
        Failed::Unreachable(why) => SignIn::Away(why.clone()),
    }
}

/// The page that asks who it is, with what came of the attempt.
fn refused(state: &Shared, headers: &HeaderMap, said: SignIn, to: &str) -> Response {
    let status = match said {
        SignIn::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    };
    let reason = said.reason();
    let mut response = sign::say(state, headers, status, said, to);
    response.extensions_mut().insert(Refused(reason));
    response
}

/// Goes on at an address of another host, which the configuration names.
fn elsewhere(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    let headers = [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}
