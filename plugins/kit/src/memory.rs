//! The memory of a plugin: Rust's own allocator, which begins with memory that the module has from its start.
//!
//! By itself it would ask for its first memory when it is first used. Each call has a fresh instance, so every call would
//! change the size of a memory and the host would change it back: twice the kernel takes the lock on all memory of the
//! process, and calls on other threads wait for it. What stays within [`FIRST`] costs none of that.

#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::memory_grow;
use core::cell::{Cell, UnsafeCell};
use core::ptr;

use dlmalloc::{Allocator, Dlmalloc};

/// Bytes from the start. Those that no call touches cost nothing.
const FIRST: usize = 12 * PAGE;

/// The unit in which a memory grows.
const PAGE: usize = 64 << 10;

#[repr(C, align(16))]
struct First(UnsafeCell<[u8; FIRST]>);

// SAFETY: a plugin has one thread.
unsafe impl Sync for First {}

static MEMORY: First = First(UnsafeCell::new([0; FIRST]));

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(Dlmalloc::new_with_allocator(Pages { begun: Cell::new(false) })));

struct Pages {
    begun: Cell<bool>,
}

// SAFETY: what it hands out is handed out once: the bytes of `MEMORY`, which nothing else names, then new pages. Nothing is taken back.
unsafe impl Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        if !self.begun.replace(true) && size <= FIRST {
            return (MEMORY.0.get().cast(), FIRST, 0);
        }
        let pages = size.div_ceil(PAGE);
        match memory_grow(0, pages) {
            usize::MAX => (ptr::null_mut(), 0, 0),
            before => (ptr::without_provenance_mut(before * PAGE), pages * PAGE, 0),
        }
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}

struct Heap(UnsafeCell<Dlmalloc<Pages>>);

// SAFETY: a plugin has one thread.
unsafe impl Sync for Heap {}

// SAFETY: `Dlmalloc` keeps what `GlobalAlloc` demands, for layouts handed on as they came; no method of it runs while another does,
// because a plugin has one thread and none of them calls back.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { (*self.0.get()).malloc(layout.size(), layout.align()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { (*self.0.get()).calloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { (*self.0.get()).free(memory, layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe { (*self.0.get()).realloc(memory, layout.size(), layout.align(), size) }
    }
}
