//! Lane 0.1: the generated types of `wit/v0.1` and their way to the host's own types.

mod convert;
mod exports;
mod imports;

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use super::super::imports::State;
use super::super::kind::Kind;
use generated::tidegate::plugin as wit;

pub(in crate::plugin) use exports::{Notifier, Remediation, Source};

/// One world with everything, so that all kinds share one set of types. What a plugin really
/// imports and exports is checked before it is linked.
mod generated {
    wasmtime::component::bindgen!({
        inline: "
            package tidegate:host@0.1.0;
            world everything {
                import tidegate:plugin/types@0.1.0;
                import tidegate:plugin/log@0.1.0;
                import tidegate:plugin/settings@0.1.0;
                import tidegate:plugin/http-client@0.1.0;
                import tidegate:plugin/signer@0.1.0;
                import tidegate:plugin/state@0.1.0;
                import tidegate:plugin/tools@0.1.0;
                import tidegate:plugin/mail@0.1.0;
                import tidegate:plugin/bus@0.1.0;
                export tidegate:plugin/source@0.1.0;
                export tidegate:plugin/notifier@0.1.0;
                export tidegate:plugin/remediation@0.1.0;
                export tidegate:plugin/reversal@0.1.0;
                export tidegate:plugin/probe@0.1.0;
            }
        ",
        path: "../wit/v0.1",
        imports: {
            "tidegate:plugin/log.write": trappable,
            "tidegate:plugin/http-client.send": async,
            "tidegate:plugin/state": async | trappable,
            "tidegate:plugin/mail.send": async,
            "tidegate:plugin/bus.publish": async,
            "tidegate:plugin/tools.look": async,
            "tidegate:plugin/tools.look-all": async | trappable,
        },
        exports: { default: async },
    });
}

/// A linker with what the kind may import.
pub(in crate::plugin) fn linker(engine: &Engine, kind: Kind) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::<State>::new(engine);
    for interface in kind.imports() {
        match *interface {
            "types" => wit::types::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state),
            "log" => wit::log::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state),
            "settings" => wit::settings::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state),
            "http-client" => wit::http_client::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state),
            "signer" => wit::signer::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state),
            "state" => wit::state::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state),
            "mail" => wit::mail::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state),
            "bus" => wit::bus::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state),
            "tools" => wit::tools::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state),
            // Interfaces that hold only types need nothing from a linker.
            _ => Ok(()),
        }?;
    }
    Ok(linker)
}
