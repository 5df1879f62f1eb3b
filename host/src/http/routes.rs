//! The only way to put a handler behind a path: each method of each path must stand in the table of permissions
//! (`access/table.rs`), or the server does not start.
//!
//! It looks like axum's own router and its `get`, `post` and `any`, so that a route is written as anywhere else.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{self, MethodRouter};

use super::Shared;
use super::access::table;

/// Handlers by method.
pub struct Methods {
    router: MethodRouter<Arc<Shared>>,
    named: Vec<&'static str>,
}

/// A handler for GET.
pub fn get<H: Handler<T, Arc<Shared>>, T: 'static>(handler: H) -> Methods {
    Methods { router: routing::get(handler), named: vec!["GET"] }
}

/// A handler for POST.
pub fn post<H: Handler<T, Arc<Shared>>, T: 'static>(handler: H) -> Methods {
    Methods { router: routing::post(handler), named: vec!["POST"] }
}

/// A handler for every method.
pub fn any<H: Handler<T, Arc<Shared>>, T: 'static>(handler: H) -> Methods {
    Methods { router: routing::any(handler), named: vec![table::ANY] }
}

impl Methods {
    /// Another handler, for POST.
    pub fn post<H: Handler<T, Arc<Shared>>, T: 'static>(self, handler: H) -> Self {
        self.with("POST", |router| router.post(handler))
    }

    /// Another handler, for DELETE.
    pub fn delete<H: Handler<T, Arc<Shared>>, T: 'static>(self, handler: H) -> Self {
        self.with("DELETE", |router| router.delete(handler))
    }

    /// What says that a method is not taken. It must do nothing else: it needs no more than to look.
    pub fn fallback<H: Handler<T, Arc<Shared>>, T: 'static>(self, handler: H) -> Self {
        Self { router: self.router.fallback(handler), ..self }
    }

    fn with(
        mut self,
        word: &'static str,
        add: impl FnOnce(MethodRouter<Arc<Shared>>) -> MethodRouter<Arc<Shared>>,
    ) -> Self {
        self.named.push(word);
        Self { router: add(self.router), ..self }
    }
}

/// Routes, each of which is known to the table or named as one that is not.
#[derive(Default)]
pub struct Routes {
    router: Router<Arc<Shared>>,
    named: Vec<(&'static str, &'static str)>,
}

impl Routes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts handlers behind a path.
    pub fn route(mut self, path: &'static str, methods: Methods) -> Self {
        self.named.extend(methods.named.into_iter().map(|method| (method, path)));
        Self { router: self.router.route(path, methods.router), ..self }
    }

    /// These and others.
    pub fn merge(mut self, other: Self) -> Self {
        self.named.extend(other.named);
        Self { router: self.router.merge(other.router), ..self }
    }

    /// Puts a layer around what is there so far.
    pub fn layered(self, add: impl FnOnce(Router<Arc<Shared>>) -> Router<Arc<Shared>>) -> Self {
        Self { router: add(self.router), ..self }
    }

    /// The router.
    ///
    /// # Errors
    /// A sentence for each route of which the table says nothing, and for each row of which there is no route.
    pub fn finish(self) -> Result<Router<Arc<Shared>>, Vec<String>> {
        let unknown = self.named.iter().filter(|(method, path)| table::row_exactly(method, path).is_none());
        let mut wrong: Vec<String> = unknown
            .map(|(method, path)| {
                format!("{method} {path} has no row in the table of permissions (http/access/table.rs)")
            })
            .collect();
        let idle = table::TABLE.iter().filter(|row| !self.named.contains(&(row.method, row.path)));
        wrong.extend(
            idle.map(|row| format!("the table of permissions has {} {}, and no route is there", row.method, row.path)),
        );
        if wrong.is_empty() { Ok(self.router) } else { Err(wrong) }
    }
}
