//! Compiled files, and the one place where a closure of a policy is called.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::{AST, Dynamic, Engine, EvalAltResult, FnPtr, GlobalRuntimeState, NativeCallContext, Position};

use super::fuel::{self, Limits};
use super::source::Source;

/// The engine and what was compiled with it.
pub(super) struct Code {
    pub engine: Engine,
    pub files: Vec<File>,
    /// What files import.
    pub modules: Vec<Source>,
}

/// One policy file.
pub(super) struct File {
    pub name: Arc<str>,
    pub ast: AST,
    /// Its functions and imports as its top level left them.
    pub globals: GlobalRuntimeState,
}

/// A closure of a file.
#[derive(Clone, Debug)]
pub(super) struct Func {
    pub file: usize,
    pub closure: FnPtr,
    /// How many arguments it takes.
    pub params: usize,
}

/// The functions that a file defines, with the numbers of their parameters.
pub(super) type Defined = HashMap<String, Vec<usize>>;

/// Lists a file's functions.
pub(super) fn defined(ast: &AST) -> Defined {
    let mut defined = Defined::new();
    for function in ast.iter_functions() {
        defined.entry(function.name.to_string()).or_default().push(function.params.len());
    }
    defined
}

impl Func {
    /// Finds the closure's definition in its file.
    pub fn find(file: usize, defined: &Defined, closure: FnPtr) -> Result<Self, String> {
        let bound = closure.curry().len();
        let params = defined.get(closure.fn_name()).into_iter().flatten();
        match params.filter_map(|params| params.checked_sub(bound)).max() {
            Some(params) => Ok(Self { file, closure, params }),
            None if closure.is_anonymous() => {
                Err("is a closure from a module; wrap it, such as |i| names::is_system(i)".into())
            }
            None => Err(format!("names the function `{}`, which this file does not define", closure.fn_name())),
        }
    }
}

impl Code {
    /// Calls a closure with the first of these arguments that it takes. The error is a sentence
    /// with the line.
    pub fn call(&self, func: &Func, mut arguments: Vec<Dynamic>) -> Result<Dynamic, String> {
        let Some(file) = self.files.get(func.file) else {
            return Err("its file is gone".into());
        };
        arguments.truncate(func.params);
        if arguments.len() < func.params {
            return Err(format!("its closure takes {} arguments, but gets {}", func.params, arguments.len()));
        }
        let context =
            NativeCallContext::new_with_all_fields(&self.engine, "policy", None, &file.globals, Position::NONE);
        let run = || func.closure.call_raw(&context, None, arguments);
        // rhai does not panic as far as anybody knows; if it does, one rule fails and not the host.
        let outcome = catch_unwind(AssertUnwindSafe(|| fuel::run(Limits::CLOSURE, run)));
        match outcome {
            Ok(Ok(value)) => Ok(value.flatten()),
            Ok(Err(error)) => Err(sentence(&error, &file.name)),
            Err(_) => Err("the evaluation panicked".into()),
        }
    }
}

/// What went wrong and on which line, without the frames in between.
pub(super) fn sentence(error: &EvalAltResult, file: &str) -> String {
    let (message, line, module) = explain(error);
    let file = module.as_deref().unwrap_or(file);
    match line {
        Some(line) => format!("{message} ({file}:{line})"),
        None => message,
    }
}

/// Message, line, and the module that the line is of where it is not the file's own.
pub(super) fn explain(error: &EvalAltResult) -> (String, Option<usize>, Option<String>) {
    let line = error.position().line();
    match error {
        EvalAltResult::ErrorInFunctionCall(_, source, inner, _) => {
            let (message, within, module) = explain(inner);
            let module = module.or_else(|| within.and(Some(source.clone()).filter(|source| !source.is_empty())));
            (message, within.or(line), module)
        }
        EvalAltResult::ErrorInModule(source, inner, _) => {
            let (message, within, module) = explain(inner);
            (message, within.or(line), module.or_else(|| within.and(Some(source.clone()))))
        }
        EvalAltResult::ErrorTerminated(why, _) => (why.to_string(), line, None),
        EvalAltResult::ErrorRuntime(value, _) => (value.to_string(), line, None),
        EvalAltResult::ErrorParsing(why, at) => (why.to_string(), at.line(), None),
        other => {
            // The line is said apart from the sentence.
            let text = other.to_string();
            let at = format!(" ({})", other.position());
            (text.strip_suffix(&at).unwrap_or(&text).to_string(), line, None)
        }
    }
}
