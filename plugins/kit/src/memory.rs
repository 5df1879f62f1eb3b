//! The memory of a plugin: what the module has from its start is handed out in a row; Rust's own allocator has the rest.
//!
//! Each call has a fresh instance, which ends with the call: what a call of usual size asks for lies in one row and is given back only
//! where it was the last, so that neither taking nor giving back looks for anything. What goes beyond [`FIRST`] comes from
//! an allocator that uses memory again.
//!
//! An allocator by itself would ask for its first memory when it is first used: every call would change the size of a memory and the
//! host would change it back. Twice the kernel would take the lock on all memory of the process, and calls on other threads wait for it.
//! What stays within [`FIRST`] costs none of that.

#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::memory_grow;
use core::cell::{Cell, UnsafeCell};
use core::ptr;

use dlmalloc::{Allocator, Dlmalloc};

/// Bytes from the start that are handed out in a row. Those that no call touches cost nothing.
const FIRST: usize = 12 * PAGE;

/// The unit in which a memory grows.
const PAGE: usize = 64 << 10;

#[repr(C, align(16))]
struct First(UnsafeCell<[u8; FIRST]>);

// SAFETY: a plugin has one thread.
unsafe impl Sync for First {}

static MEMORY: First = First(UnsafeCell::new([0; FIRST]));

#[global_allocator]
static HEAP: Heap = Heap { used: Cell::new(0), rest: UnsafeCell::new(Dlmalloc::new_with_allocator(Pages)) };

struct Pages;

// SAFETY: what it hands out is handed out once: pages that are new. Nothing is taken back.
unsafe impl Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
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

struct Heap {
    /// How many bytes of `MEMORY` are handed out.
    used: Cell<usize>,
    rest: UnsafeCell<Dlmalloc<Pages>>,
}

// SAFETY: a plugin has one thread.
unsafe impl Sync for Heap {}

impl Heap {
    /// Where in `MEMORY` this lies; nothing where it came from the rest.
    #[inline]
    fn offset(memory: *mut u8) -> Option<usize> {
        let offset = memory.addr().wrapping_sub(MEMORY.0.get().addr());
        (offset < FIRST).then_some(offset)
    }

    /// The next bytes of the row, where they suffice.
    #[inline]
    fn next(&self, layout: Layout) -> Option<*mut u8> {
        if layout.align() > align_of::<First>() {
            return None;
        }
        let from = self.used.get().next_multiple_of(layout.align());
        let to = from.checked_add(layout.size()).filter(|to| *to <= FIRST)?;
        self.used.set(to);
        Some(MEMORY.0.get().cast::<u8>().wrapping_add(from))
    }
}

// SAFETY: what `MEMORY` gives is aligned as `First` is, and none of its bytes is handed out twice before it was given back, because `used`
// only grows but for what was handed out last. `Dlmalloc` keeps what `GlobalAlloc` demands, for layouts handed on as they came, and is never
// given what is not its own. No method runs while another does, because a plugin has one thread and none of them calls back.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.next(layout) {
            Some(memory) => memory,
            None => unsafe { (*self.rest.get()).malloc(layout.size(), layout.align()) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        match Self::offset(memory) {
            Some(offset) if offset + layout.size() == self.used.get() => self.used.set(offset),
            Some(_) => {}
            None => unsafe { (*self.rest.get()).free(memory, layout.size(), layout.align()) },
        }
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(offset) = Self::offset(memory) else {
            return unsafe { (*self.rest.get()).realloc(memory, layout.size(), layout.align(), size) };
        };
        if offset + layout.size() == self.used.get() && size <= FIRST - offset {
            self.used.set(offset + size);
            return memory;
        }
        if size <= layout.size() {
            return memory;
        }
        // SAFETY: the caller warrants that the new size, rounded up to this alignment, is no overflow.
        let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !moved.is_null() {
            // SAFETY: both are as long as what is copied, and what is new overlaps nothing that is still handed out.
            unsafe { ptr::copy_nonoverlapping(memory, moved, layout.size()) };
        }
        moved
    }
}
