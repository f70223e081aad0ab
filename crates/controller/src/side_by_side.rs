//! Work on several things at a time, whose news the calling thread hears.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// The calling thread, as seen from the work.
pub struct Caller<'a, News> {
    sender: mpsc::Sender<News>,
    halted: &'a AtomicBool,
}

impl<News> Caller<'_, News> {
    /// Tells something, and whether to go on.
    pub fn tell(&self, news: News) -> ControlFlow<()> {
        // The caller hears until all work has ended.
        _ = self.sender.send(news);
        self.goes_on()
    }

    /// Whether to go on.
    pub fn goes_on(&self) -> ControlFlow<()> {
        match self.halted.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// Works on all items in their order, at most `jobs` of them at a time, each on one thread. What the work
/// tells is given to `hear` on the calling thread; once that breaks, no item is begun, and
/// those that are being worked on are told not to go on.
pub fn side_by_side<Item: Sync, News: Send>(
    items: &[Item],
    jobs: usize,
    work: &(dyn Fn(&Item, &Caller<'_, News>) + Sync),
    hear: &mut dyn FnMut(News) -> ControlFlow<()>,
) {
    let (next, halted) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, all_news) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(items.len()) {
            let (next, caller) = (&next, Caller { sender: sender.clone(), halted: &halted });
            scope.spawn(move || {
                while caller.goes_on().is_continue()
                    && let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    work(item, &caller);
                }
            });
        }
        drop(sender);
        for news in all_news {
            if hear(news).is_break() {
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
    fn every_item_is_worked_on_once() {
        for jobs in [1, 3, 20] {
            let mut heard = Vec::new();
            let work = |item: &usize, caller: &Caller<'_, usize>| _ = caller.tell(*item);
            side_by_side(&[4, 1, 3, 0, 2], jobs, &work, &mut |item| {
                heard.push(item);
                ControlFlow::Continue(())
            });
            if jobs == 1 {
                assert_eq!(heard, [4, 1, 3, 0, 2]);
            }
            heard.sort_unstable();
            assert_eq!(heard, [0, 1, 2, 3, 4]);
        }
        side_by_side(
            &[],
            2,
            &|_: &usize, _: &Caller<'_, ()>| unreachable!(),
            &mut |()| unreachable!(),
        );
    }

    /// Each waits for the other.
    #[test]
    fn two_jobs_work_side_by_side() {
        let both = Barrier::new(2);
        let work = |_: &usize, caller: &Caller<'_, bool>| {
            both.wait();
            _ = caller.tell(true);
        };
        let mut heard = 0;
        side_by_side(&[0, 1], 2, &work, &mut |_| {
            heard += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(heard, 2);
    }

    #[test]
    fn nothing_is_begun_after_a_break() {
        let work = |item: &usize, caller: &Caller<'_, usize>| {
            _ = caller.tell(*item);
            // The caller breaks once it has heard that.
            while caller.goes_on().is_continue() {
                std::thread::yield_now();
            }
        };
        let mut heard = Vec::new();
        side_by_side(&[7, 8, 9], 1, &work, &mut |item| {
            heard.push(item);
            ControlFlow::Break(())
        });
        assert_eq!(heard, [7]);
    }
}
