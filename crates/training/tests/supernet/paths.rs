//! Strictly fair paths.

use proptest::prelude::*;
use training::supernet::strictly_fair_paths;

proptest! {
    #[test]
    fn every_option_is_used_equally_often(
        counts in prop::collection::vec(1_u8..7, 0..9),
        seed in any::<u64>(),
        update in any::<u64>(),
    ) {
        let paths = strictly_fair_paths(&counts, seed, update, |_| true).unwrap();
        let longest = counts.iter().copied().max().unwrap_or(1);
        prop_assert_eq!(paths.len(), usize::from(longest));
        for (choice, &options) in counts.iter().enumerate() {
            let uses = |option: u8| paths.iter().filter(|path| path.0[choice] == option).count();
            let least = paths.len() / usize::from(options);
            let most = paths.len().div_ceil(usize::from(options));
            prop_assert!((0..options).all(|option| (least..=most).contains(&uses(option))));
        }
        prop_assert_eq!(&strictly_fair_paths(&counts, seed, update, |_| true).unwrap(), &paths);
    }

    /// Over many updates, the options of two choices meet equally often.
    #[test]
    fn choices_are_independent(seed in any::<u64>()) {
        let mut met = [[0_u32; 3]; 3];
        for update in 0..600 {
            for path in strictly_fair_paths(&[3, 3], seed, update, |_| true).unwrap() {
                met[usize::from(path.0[0])][usize::from(path.0[1])] += 1;
            }
        }
        // A mean of 200 with a standard deviation of 11.5.
        prop_assert!(met.iter().flatten().all(|&count| (130..=270).contains(&count)), "{met:?}");
    }
}

#[test]
fn networks_that_cannot_be_computed_are_drawn_again() {
    let legal = |path: &search_space::Genotype| path.0[0] != path.0[1];
    for update in 0..50 {
        let paths = strictly_fair_paths(&[3, 3], 1, update, legal).unwrap();
        assert!(paths.iter().all(legal));
    }
    assert_eq!(strictly_fair_paths(&[2, 2], 1, 0, |_| false), None);
}
