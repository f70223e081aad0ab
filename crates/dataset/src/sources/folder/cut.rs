//! Cutting test images from the training images of a folder that has none.

use std::collections::BTreeSet;

use crate::image::hash;
use crate::store::Sample;

/// The share of the images that becomes the test images: a fifth.
const TEST_SHARE: f64 = 0.2;

/// The training and the test images. The image alone decides, so that equal images are on the same
/// side, except for a class that would have no image on one side.
///
/// The hold-out is cut from the training images by the same hash, so this one is hashed once more:
/// the two cuts are independent.
pub(super) fn cut(samples: Vec<Sample>, classes: usize) -> (Vec<Sample>, Vec<Sample>) {
    // In the order in which larger and larger shares would take the images.
    let mut orders: Vec<BTreeSet<(u64, u64)>> = vec![BTreeSet::new(); classes];
    for Sample { label, hash: of_image, .. } in &samples {
        orders[*label as usize].insert((hash(&of_image.to_le_bytes()), *of_image));
    }
    let mut test: BTreeSet<u64> = BTreeSet::new();
    for order in orders {
        let within = |rank: u64| (rank as f64) < TEST_SHARE * 2_f64.powi(64);
        let count = order.iter().filter(|(rank, _)| within(*rank)).count();
        // Of two different images or more, at least one is for testing and one for training. A
        // single one is for training.
        let count = count.max(1).min(order.len().saturating_sub(1));
        test.extend(order.iter().take(count).map(|(_, hash)| hash));
    }
    samples.into_iter().partition(|sample| !test.contains(&sample.hash))
}
