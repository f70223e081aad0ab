//! A small data set that is quickly learned.

use std::path::Path;

const SIDE: usize = 28;
/// Number of classes that occur, one for each quadrant.
pub(crate) const CLASSES: usize = 4;

/// Writes images whose class is the quadrant that is bright, in the format of MNIST.
pub(crate) fn write_quadrants(folder: &Path) {
    let noise = |i: usize| (i.wrapping_mul(2_654_435_761) >> 7) % 96;
    for (split, images) in [("train", 1_200), ("t10k", 200)] {
        let count = (images as u32).to_be_bytes();
        let side = (SIDE as u32).to_be_bytes();
        let mut pixels = [&[0, 0, 8, 3], &count[..], &side, &side].concat();
        let mut labels = [&[0, 0, 8, 1], &count[..]].concat();
        for image in 0..images {
            let class = image % CLASSES;
            labels.push(class as u8);
            pixels.extend((0..SIDE * SIDE).map(|pixel| {
                let (row, column) = (pixel / SIDE, pixel % SIDE);
                let quadrant = 2 * (2 * row / SIDE) + 2 * column / SIDE;
                let bright = if quadrant == class { 96 } else { 0 };
                (bright + noise(image * 7_919 + pixel)) as u8
            }));
        }
        std::fs::write(folder.join(format!("{split}-images-idx3-ubyte")), pixels).unwrap();
        std::fs::write(folder.join(format!("{split}-labels-idx1-ubyte")), labels).unwrap();
    }
}
