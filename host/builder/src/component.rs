//! From a core module to a component.

/// Wraps a core module that carries its own interface description, as bindings generators leave
/// it, into a component. `Err` says why it cannot be one.
///
/// With the feature `foreign` the module may import WASI's first preview, as C's standard library does;
/// the component imports version 0.2 in its place.
pub fn componentize(core: &[u8]) -> Result<Vec<u8>, String> {
    let encoder = wit_component::ComponentEncoder::default().validate(true).module(core);
    #[cfg(feature = "foreign")]
    let encoder = encoder.and_then(|encoder| {
        use wasi_preview1_component_adapter_provider as preview1;
        let name = preview1::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
        encoder.adapter(name, preview1::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
    });
    encoder.and_then(|mut encoder| encoder.encode()).map_err(|error| format!("{error:#}"))
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
