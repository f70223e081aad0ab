//! Networks of other widths, whose blocks enclose those of all networks between them.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::{Axis, Invalid, Network, axes};

/// The number of networks with random widths, so that no two widths of a block go together.
const RANDOM: u64 = 12;
/// Widths as shares of the seed's. The least of all is that of the narrowest legal network.
const SHARES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// The seed, the network with all axes as narrow as possible, and networks with widths between
/// them. Which they are depends on the seed network alone.
///
/// # Errors
/// The seed cannot be lowered.
pub(crate) fn ladder(seed: &Network) -> Result<Vec<Network>, Invalid> {
    let axes: Vec<Axis> = axes(seed)?.into_iter().filter(Axis::can_be_adapted).collect();
    let narrowed = |share: &mut dyn FnMut() -> f64| {
        axes.iter()
            .fold(seed.clone(), |network, axis| axis.with_width(&network, axis.nearest(share())))
    };
    let random = (0..RANDOM).map(|index| {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        rng.set_stream(index);
        narrowed(&mut || SHARES[rng.random_range(0..SHARES.len())])
    });
    let all = [seed.clone(), narrowed(&mut || 0.0)].into_iter().chain(random);
    Ok(all.filter(|network| network.lower().is_ok()).collect())
}
