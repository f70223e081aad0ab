//! Checks the values of a search space.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::error::Invalid;
use crate::size_limits::{self, check_kernel, check_size};
use crate::space::genotype::Genotype;
use crate::space::setting::Setting;
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
            let before = &stage.choices[..position];
            let sets = properties(choice);
            let twice = |other: &Choice| {
                other.name() == choice.name() || !properties(other).is_disjoint(&sets)
            };
            if before.iter().any(twice) {
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

/// The properties that the options of a choice set.
fn properties(choice: &Choice) -> BTreeSet<&'static str> {
    let settings = (0..choice.len()).flat_map(|option| choice.settings(option));
    settings.map(|setting| setting.property()).collect()
}

fn check_choice(place: &str, choice: &Choice) -> Result<(), Invalid> {
    for option in 0..choice.len() {
        let settings = choice.settings(option);
        for (position, setting) in settings.iter().enumerate() {
            check_setting(place, setting)?;
            let property = setting.property();
            if settings[..position].iter().any(|other| other.property() == property) {
                let found = format!("{property} twice in option {option}");
                return Err(Invalid::new(place, found, "each property once"));
            }
        }
    }
    Ok(())
}

fn check_setting(place: &str, setting: &Setting) -> Result<(), Invalid> {
    match *setting {
        Setting::Kernel(kernel) => check_kernel(place, kernel),
        Setting::StartKernel(0) | Setting::MidKernel(0) => Ok(()),
        Setting::StartKernel(kernel) | Setting::MidKernel(kernel) => check_kernel(place, kernel),
        Setting::Expand(ratio) | Setting::Mid(ratio) | Setting::Width(ratio) => {
            check_ratio(place, ratio)
        }
        Setting::Groups(groups) => check_size(place, groups, size_limits::CHANNELS),
        Setting::Layers(layers) => check_size(place, layers, LAYERS),
        Setting::Se(SeRule::OfInput { ratio, .. } | SeRule::OfExpansion { ratio, .. }) => {
            check_ratio(place, ratio)
        }
        Setting::Se(SeRule::None) | Setting::Family(_) | Setting::Skip(_) | Setting::Act(_) => {
            Ok(())
        }
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
