//! What a guest can do wrong, in whatever export it is called: a word and its arguments.

use std::hint::black_box;

mod imported;

/// What needs nothing but the guest's own code. What came of it where that did not end the call, and nothing for
/// an order that is none of these.
pub fn alone(order: &str) -> Option<String> {
    let (deed, argument) = order.split_once(' ').unwrap_or((order, ""));
    let number: usize = argument.parse().unwrap_or_default();
    Some(match deed {
        "spin" => spin(),
        "recurse" => deeper(0).to_string(),
        "hoard" => hoard(),
        "grow" => grow(),
        "panic" => panic!("as ordered"),
        "stop" => stop(),
        "reach" => reach(),
        "huge" => "x".repeat(number),
        "numbers" => numbers(),
        _ => return None,
    })
}

fn spin() -> ! {
    loop {
        black_box(());
    }
}

/// Not a loop in disguise: the result of the inner call is used after it.
#[inline(never)]
#[expect(unconditional_recursion, reason = "that is the attack")]
fn deeper(n: u64) -> u64 {
    let page = black_box([n; 64]);
    deeper(black_box(n + 1)).wrapping_add(page[(n % 64) as usize])
}

fn hoard() -> ! {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    loop {
        taken.push(black_box(vec![1; 1 << 20]));
    }
}

/// Takes what it is given and goes on with that: only the host knows that it wanted more.
fn grow() -> String {
    let mut pages = 0;
    while grow_by_one() {
        pages += 1;
    }
    format!("grew by {pages} pages")
}

#[cfg(target_arch = "wasm32")]
fn grow_by_one() -> bool {
    core::arch::wasm32::memory_grow(0, 1) != usize::MAX
}

#[cfg(target_arch = "wasm32")]
fn stop() -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn grow_by_one() -> bool {
    false
}

#[cfg(not(target_arch = "wasm32"))]
fn stop() -> ! {
    std::process::abort()
}

/// Reads at the end of the address space, where it has no memory.
fn reach() -> String {
    let end = black_box(0xffff_fff0usize) as *const u8;
    // SAFETY: there is none; that is the attack.
    unsafe { end.read_volatile() }.to_string()
}

/// What arithmetic makes of the ends of its ranges, as text.
fn numbers() -> String {
    let (nan, zero) = (black_box(f64::NAN), black_box(0.0f64));
    let floats = [nan, -nan, 1.0 / zero, -1.0 / zero, -zero, f64::MIN_POSITIVE / 2.0, f64::MAX * 2.0];
    let bits: Vec<String> = floats.iter().map(|float| format!("{float:?}={:x}", float.to_bits())).collect();
    format!("{} {} {}", bits.join(" "), black_box(i64::MIN).wrapping_neg(), black_box(u64::MAX).wrapping_add(1))
}
