//! Ctrl-C: long operations stop at the next point from which they can be resumed.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on, Ctrl-C asks long operations to stop, and a second Ctrl-C ends the process.
pub(crate) fn listen() {
    let on_interrupt = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
        errln!("\nstopping; press Ctrl-C again to stop at once");
    };
    // Without a handler, Ctrl-C ends the process, and the files are consistent all the same.
    _ = ctrlc::set_handler(on_interrupt);
}

/// Whether to continue; breaks after Ctrl-C.
pub(crate) fn check() -> ControlFlow<()> {
    if INTERRUPTED.load(Ordering::Relaxed) {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}
