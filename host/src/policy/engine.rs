//! A rhai engine that can compute and nothing else: no clock, no sleep, no files, no output.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicBlobPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicMathPackage, BasicStringPackage, BitFieldPackage, LanguageCorePackage, LogicPackage, MoreStringPackage,
    Package,
};
use rhai::{Engine, EvalAltResult, Module, ModuleResolver, OptimizationLevel, Position, Scope, Shared, Token};

type SharedModule = Shared<Module>;

use super::evaluation::error;
use super::source::Source;
use super::{fuel, functions, view};
use crate::domain::text::truncate;

/// How deep functions may call each other.
const CALLS: usize = 24;
/// How deep an expression may be nested, at the top level and within functions.
const DEPTH: (usize, usize) = (48, 32);
const TEXT: usize = 64 << 10;
const ITEMS: usize = 4_096;
const PRINTED: usize = 1 << 10;

/// Builds an engine whose `import` finds these modules and nothing else.
pub(super) fn build(modules: &[Source]) -> Engine {
    let mut engine = Engine::new_raw();
    // The standard packages but the one that reads the clock.
    LanguageCorePackage::new().register_into_engine(&mut engine);
    ArithmeticPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    BitFieldPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicBlobPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    limit(&mut engine);
    forbid(&mut engine);
    engine.set_module_resolver(Modules::new(modules));
    view::register(&mut engine);
    functions::register(&mut engine);
    engine
}

fn limit(engine: &mut Engine) {
    engine.set_optimization_level(OptimizationLevel::Simple);
    engine.set_strict_variables(true);
    engine.set_max_call_levels(CALLS);
    engine.set_max_expr_depths(DEPTH.0, DEPTH.1);
    engine.set_max_string_size(TEXT);
    engine.set_max_array_size(ITEMS);
    engine.set_max_map_size(ITEMS);
    engine.set_max_variables(1_024);
    engine.set_max_modules(64);
    // `until` ends a silence; rhai keeps the word for a loop that policies can do without.
    #[expect(deprecated, reason = "rhai marks this as likely to change, and its version is pinned")]
    engine.on_parse_token(|token, _, _| match token {
        Token::Until => Token::Identifier(Box::new("until".into())),
        other => other,
    });
    engine.on_progress(|_| fuel::burn().map(Into::into));
    engine.on_print(|text| tracing::debug!(target: "policy", "{}", truncate(text, PRINTED)));
    engine.on_debug(|text, source, position| {
        tracing::debug!(target: "policy", source, %position, "{}", truncate(text, PRINTED));
    });
}

/// What would make a rule impure, or hold up its thread.
fn forbid(engine: &mut Engine) {
    engine.disable_symbol("eval");
    type Refused = Result<(), Box<EvalAltResult>>;
    let sleep = || error("a policy cannot sleep; return hold(\"5m\") to decide again later");
    engine.register_fn("sleep", move |_: i64| -> Refused { Err(sleep()) });
    engine.register_fn("sleep", move |_: f64| -> Refused { Err(sleep()) });
    let clock = || error("a policy reads no clock; the time of the decision is i.now");
    engine.register_fn("timestamp", move || -> Refused { Err(clock()) });
    let exit = || error("a policy cannot exit; return a verdict instead");
    engine.register_fn("exit", move || -> Refused { Err(exit()) });
    engine.register_fn("exit", move |_: rhai::Dynamic| -> Refused { Err(exit()) });
}

/// The modules that `import` can name: those that were read with the set. No file is opened here,
/// so no path can lead anywhere else.
struct Modules {
    texts: BTreeMap<String, String>,
    ready: Mutex<Ready>,
}

#[derive(Default)]
struct Ready {
    loaded: BTreeMap<String, SharedModule>,
    /// Those whose top level runs right now: importing one of them again would never end.
    running: BTreeSet<String>,
}

impl Modules {
    fn new(modules: &[Source]) -> Self {
        let plain = |name: &str| name.trim_end_matches(".rhai").to_string();
        let texts = modules.iter().map(|source| (plain(&source.name), source.text.clone())).collect();
        Self { texts, ready: Mutex::default() }
    }

    fn ready<T>(&self, work: impl FnOnce(&mut Ready) -> T) -> T {
        work(&mut self.ready.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn load(&self, engine: &Engine, name: &str, text: &str) -> Result<SharedModule, Box<EvalAltResult>> {
        let mut ast = engine.compile(text)?;
        ast.set_source(format!("{name}.rhai"));
        let module = Module::eval_ast_as_new(Scope::new(), &ast, engine)?;
        Ok(Arc::new(module))
    }
}

impl ModuleResolver for Modules {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<SharedModule, Box<EvalAltResult>> {
        let name = path.trim_end_matches(".rhai");
        let at = |message: String| Box::new(EvalAltResult::ErrorRuntime(message.into(), position));
        if let Some(module) = self.ready(|ready| ready.loaded.get(name).cloned()) {
            return Ok(module);
        }
        let Some(text) = self.texts.get(name) else {
            let known: Vec<&str> = self.texts.keys().map(String::as_str).collect();
            return Err(at(format!(
                "there is no module {path:?}; modules are the files in lib/ and those whose name begins with _, here: {}",
                if known.is_empty() { "none".to_string() } else { known.join(", ") }
            )));
        };
        if !self.ready(|ready| ready.running.insert(name.to_string())) {
            return Err(at(format!("module {path:?} imports itself, directly or through another")));
        }
        let loaded = self.load(engine, name, text);
        self.ready(|ready| ready.running.remove(name));
        let module =
            loaded.map_err(|error| Box::new(EvalAltResult::ErrorInModule(format!("{name}.rhai"), error, position)))?;
        self.ready(|ready| ready.loaded.insert(name.to_string(), module.clone()));
        Ok(module)
    }
}
