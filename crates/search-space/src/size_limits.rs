//! Upper bounds on sizes. A larger value is most likely a typing error, and products of such values
//! could overflow.

use crate::error::Invalid;

pub(crate) const CHANNELS: usize = 65_536;
pub(crate) const CLASSES: usize = 1_000_000;
pub(crate) const RESOLUTION: usize = 8_192;
pub(crate) const KERNEL: usize = 31;
pub(crate) const STRIDE: usize = 4;
pub(crate) const BLOCKS: usize = 1_000;
/// Elements of one feature map or one weight tensor: 4 GiB of f32.
pub(crate) const ELEMENTS: usize = 1 << 30;

/// Checks that `value` lies in `1..=max`.
pub(crate) fn check_size(place: &str, value: usize, max: usize) -> Result<(), Invalid> {
    if (1..=max).contains(&value) {
        Ok(())
    } else {
        Err(Invalid::new(place, value, format!("1 to {max}")))
    }
}

/// Checks that `value` is odd and lies in `1..=KERNEL`. Padding is k/2 on all sides, so an even
/// kernel would change the size of the feature map.
pub(crate) fn check_kernel(place: &str, value: usize) -> Result<(), Invalid> {
    if value % 2 == 1 && value <= KERNEL {
        Ok(())
    } else {
        Err(Invalid::new(place, value, format!("an odd kernel size from 1 to {KERNEL}")))
    }
}

/// Checks that `divisor` divides `value`, which the error calls `what`.
pub(crate) fn check_divides(
    place: &str,
    divisor: usize,
    value: usize,
    what: &str,
) -> Result<(), Invalid> {
    if divisor > 0 && value.is_multiple_of(divisor) {
        Ok(())
    } else {
        Err(Invalid::new(place, divisor, format!("a divisor of {what} ({value})")))
    }
}
