//! Ctrl-C: long work stops at the next point where it can be resumed.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C asks long work to stop; a second one ends the process.
pub(crate) fn listen() {
    let heard = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
        eprintln!("\nstopping; Ctrl-C again to stop at once");
    };
    // Without a handler Ctrl-C ends the process, and what is stored is safe all the same.
    _ = ctrlc::set_handler(heard);
}

/// Whether to go on.
pub(crate) fn check() -> ControlFlow<()> {
    if INTERRUPTED.load(Ordering::Relaxed) {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}
