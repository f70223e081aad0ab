//! Checks the values of a search space.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::error::Invalid;
use crate::size_limits::{self, check_kernel, check_size};
use crate::space::genotype::Genotype;
use crate::space::{Choice, SeRule, SearchSpace};

/// Maximum number of options of a choice, as the text form of a genotype has one base-36 digit
/// each.
const OPTIONS: usize = 36;
const LAYERS: usize = 64;
/// Maximum number of genotypes that are sampled to find a legal network.
const DRAWS: usize = 1_000;

pub(crate) fn check(space: &SearchSpace) -> Result<(), Invalid> {
    if space.format != SearchSpace::FORMAT {
        return Err(Invalid::new("format", space.format, SearchSpace::FORMAT.to_string()));
    }
    check_options("resolution", space.resolution.len())?;
    check_options("width", space.width.len())?;
    space.width.iter().try_for_each(|&width| check_ratio("width", width))?;
    check_size("stages", space.stages.len(), size_limits::BLOCKS)?;
    for block in &space.stem {
        check_size("stem", block.stride(), size_limits::STRIDE)?;
    }
    for (index, stage) in space.stages.iter().enumerate() {
        let place = format!("stages[{index}]");
        check_size(&format!("{place}.out"), stage.out, size_limits::CHANNELS)?;
        check_size(&format!("{place}.stride"), stage.stride, size_limits::STRIDE)?;
        check_size(&format!("{place}.layers"), stage.layers, LAYERS)?;
        for (position, choice) in stage.choices.iter().enumerate() {
            let place = format!("{place}.{}", choice.name());
            check_options(&place, choice.len())?;
            check_choice(&place, choice)?;
            let twice = |other: &Choice| other.name() == choice.name();
            if stage.choices[..position].iter().any(twice) {
                return Err(Invalid::new(place, "a second list", "one list per property"));
            }
        }
    }
    check_some_network(space)
}

fn check_options(place: &str, options: usize) -> Result<(), Invalid> {
    check_size(place, options, OPTIONS).map_err(|_| {
        Invalid::new(place, format!("{options} options"), format!("1 to {OPTIONS} options"))
    })
}

fn check_choice(place: &str, choice: &Choice) -> Result<(), Invalid> {
    match choice {
        Choice::Kernel(options) => options.iter().try_for_each(|&k| check_kernel(place, k)),
        Choice::StartKernel(options) | Choice::MidKernel(options) => {
            options.iter().filter(|&&k| k != 0).try_for_each(|&k| check_kernel(place, k))
        }
        Choice::Expand(options) | Choice::Mid(options) | Choice::Width(options) => {
            options.iter().try_for_each(|&ratio| check_ratio(place, ratio))
        }
        Choice::Groups(options) => {
            options.iter().try_for_each(|&g| check_size(place, g, size_limits::CHANNELS))
        }
        Choice::Layers(options) => options.iter().try_for_each(|&n| check_size(place, n, LAYERS)),
        Choice::Se(options) => options.iter().try_for_each(|rule| match *rule {
            SeRule::None => Ok(()),
            SeRule::OfInput { ratio, .. } | SeRule::OfExpansion { ratio, .. } => {
                check_ratio(place, ratio)
            }
        }),
        Choice::Family(_) | Choice::Skip(_) | Choice::Act(_) => Ok(()),
    }
}

fn check_ratio(place: &str, ratio: f64) -> Result<(), Invalid> {
    if ratio > 0.0 && ratio <= 64.0 {
        Ok(())
    } else {
        Err(Invalid::new(place, ratio, "above 0, at most 64"))
    }
}

/// Checks that the space has a legal network. If the stem or the head is invalid, so is the network
/// of all first options, and its error is reported at once. Otherwise other genotypes are sampled,
/// and the error of that network is reported if none of them is legal.
fn check_some_network(space: &SearchSpace) -> Result<(), Invalid> {
    let first = Genotype(vec![0; space.option_counts().len()]);
    let error = match space.decode(&first)?.lower() {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    let Some(index) = block_index(&error.place).filter(|&index| index >= space.stem.len()) else {
        let place = error.place.replacen("blocks[", "stem[", 1);
        return Err(Invalid { place, ..error });
    };
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let legal = |genotype| space.decode(&genotype).is_ok_and(|network| network.lower().is_ok());
    let domain = space.domain();
    if std::iter::repeat_with(|| domain.sample(&mut rng)).take(DRAWS).any(legal) {
        return Ok(());
    }
    let place = format!("stages (genotype {first}, {}: block {index})", error.place);
    Err(Invalid { place, ..error })
}

fn block_index(place: &str) -> Option<usize> {
    place.strip_prefix("blocks[")?.split(']').next()?.parse().ok()
}
