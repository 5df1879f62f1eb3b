//! From a core module to a component.

/// Wraps a core module that carries its own interface description, as bindings generators leave
/// it, into a component. `Err` says why it cannot be one.
pub fn componentize(core: &[u8]) -> Result<Vec<u8>, String> {
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(core)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::componentize;

    #[test]
    fn what_is_no_module_is_refused_with_a_reason() {
        let reason = componentize(b"not wasm at all").unwrap_err();
        assert!(!reason.is_empty());
    }
}
