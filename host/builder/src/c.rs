//! The contract in C.

use std::fs;
use std::path::Path;

use wit_bindgen_c::Opts;
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

/// What stands before the names that are the world's, and what its files are called.
const NAME: &str = "plugin";

/// Writes what a plugin in C includes and is linked with into a folder: `plugin.h`, `plugin.c` and `plugin_component_type.o`,
/// made of the contract in `wit` for one of its worlds. Files that are as they should be keep their time.
///
/// # Errors
/// A sentence, where the contract cannot be read or the folder cannot be written.
pub fn c_bindings(wit: &Path, world: &str, out: &Path) -> Result<(), String> {
    let at = |path: &Path, error: String| format!("{}: {error}", path.display());
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).map_err(|error| at(wit, format!("{error:#}")))?;
    let world = resolve.select_world(&[package], Some(world)).map_err(|error| at(wit, format!("{error:#}")))?;
    let options = Opts { rename_world: Some(NAME.into()), ..Opts::default() };
    let mut files = Files::default();
    let generated = options.build().generate(&mut resolve, world, &mut files);
    generated.map_err(|error| at(wit, format!("no C can be made of it: {error:#}")))?;
    fs::create_dir_all(out).map_err(|error| at(out, error.to_string()))?;
    for (name, contents) in files.iter() {
        let path = out.join(name);
        crate::write_if_changed(&path, contents).map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/v0.1");

    #[test]
    fn every_kind_has_its_bindings() {
        let folder = std::env::temp_dir().join(format!("tidegate-c-{}", std::process::id()));
        for kind in ["source", "notifier", "remediation"] {
            let out = folder.join(kind);
            c_bindings(Path::new(WIT), &format!("{kind}-plugin"), &out).unwrap();
            let header = fs::read_to_string(out.join("plugin.h")).unwrap();
            assert!(header.contains(&format!("exports_tidegate_plugin_{kind}_")), "{header}");
            assert!(out.join("plugin.c").is_file() && out.join("plugin_component_type.o").is_file());
        }
        let error = c_bindings(Path::new(WIT), "poem", &folder).unwrap_err();
        assert!(error.contains("poem"), "{error}");
        let error = c_bindings(&folder.join("nowhere"), "source-plugin", &folder).unwrap_err();
        assert!(error.contains("nowhere"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }
}
