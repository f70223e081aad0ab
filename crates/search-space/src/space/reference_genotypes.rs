//! Known networks of the published spaces, to compare searches with.

/// A genotype that a paper or a rule gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferenceGenotype {
    /// What it is called in figures.
    pub name: &'static str,
    /// Its text form.
    pub genotype: &'static str,
}

/// Of `mnasnet`. The uniform ones have EfficientNet-B0's depths and no squeeze-and-excite.
const MNASNET: [ReferenceGenotype; 3] = [
    ReferenceGenotype { name: "EfficientNet-B0", genotype: "0001201121112021212121312001" },
    ReferenceGenotype { name: "uniform e4-k3", genotype: "1000101010101020102010301000" },
    ReferenceGenotype { name: "uniform e6-k5", genotype: "2100211021102120212021302100" },
];

/// The reference genotypes of a published space; none of other spaces.
pub fn reference_genotypes(space: &str) -> &'static [ReferenceGenotype] {
    match space {
        "mnasnet" => &MNASNET,
        _ => &[],
    }
}
