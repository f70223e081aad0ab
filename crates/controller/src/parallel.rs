//! Worker threads whose messages are handled on the calling thread.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// A worker's connection to the calling thread.
pub(crate) struct Worker<'a, Message> {
    sender: mpsc::Sender<Message>,
    halted: &'a AtomicBool,
}

impl<Message> Worker<'_, Message> {
    /// Sends a message to the calling thread. Returns `Break` once the worker should stop.
    pub(crate) fn emit(&self, message: Message) -> ControlFlow<()> {
        // Sending cannot fail, since the calling thread receives until all workers have ended.
        _ = self.sender.send(message);
        self.status()
    }

    /// Returns `Break` once the worker should stop.
    pub(crate) fn status(&self) -> ControlFlow<()> {
        match self.halted.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// Processes the items in order on at most `jobs` threads, one item per thread at a time. The
/// calling thread passes the messages of the workers to `on_message`. Once that returns `Break`, no
/// further item is started, and the workers are asked to stop.
pub(crate) fn run_parallel<Item: Sync, Message: Send>(
    items: &[Item],
    jobs: usize,
    work: &(dyn Fn(&Item, &Worker<'_, Message>) + Sync),
    on_message: &mut dyn FnMut(Message) -> ControlFlow<()>,
) {
    let (next, halted) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, messages) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(items.len()) {
            let (next, worker) = (&next, Worker { sender: sender.clone(), halted: &halted });
            scope.spawn(move || {
                while worker.status().is_continue()
                    && let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    work(item, &worker);
                }
            });
        }
        drop(sender);
        for message in messages {
            if on_message(message).is_break() {
                halted.store(true, Ordering::Relaxed);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn every_item_is_processed_once() {
        for jobs in [1, 3, 20] {
            let mut received = Vec::new();
            let work = |item: &usize, worker: &Worker<'_, usize>| _ = worker.emit(*item);
            run_parallel(&[4, 1, 3, 0, 2], jobs, &work, &mut |item| {
                received.push(item);
                ControlFlow::Continue(())
            });
            if jobs == 1 {
                assert_eq!(received, [4, 1, 3, 0, 2]);
            }
            received.sort_unstable();
            assert_eq!(received, [0, 1, 2, 3, 4]);
        }
        run_parallel(
            &[],
            2,
            &|_: &usize, _: &Worker<'_, ()>| unreachable!(),
            &mut |()| unreachable!(),
        );
    }

    /// Each worker waits for the other one.
    #[test]
    fn two_jobs_run_in_parallel() {
        let both = Barrier::new(2);
        let work = |_: &usize, worker: &Worker<'_, bool>| {
            both.wait();
            _ = worker.emit(true);
        };
        let mut received = 0;
        run_parallel(&[0, 1], 2, &work, &mut |_| {
            received += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(received, 2);
    }

    #[test]
    fn no_item_is_started_after_a_break() {
        let work = |item: &usize, worker: &Worker<'_, usize>| {
            _ = worker.emit(*item);
            // The callback returns `Break` for this message.
            while worker.status().is_continue() {
                std::thread::yield_now();
            }
        };
        let mut received = Vec::new();
        run_parallel(&[7, 8, 9], 1, &work, &mut |item| {
            received.push(item);
            ControlFlow::Break(())
        });
        assert_eq!(received, [7]);
    }
}
