//! Known networks of the built-in spaces, with which searches are compared.

/// A genotype that follows from a paper or a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferenceGenotype {
    /// Name in figures.
    pub name: &'static str,
    /// Text form of the genotype.
    pub genotype: &'static str,
}

/// Reference genotypes of `mnasnet`. The uniform ones have the depths of EfficientNet-B0 and no
/// squeeze-and-excite.
const MNASNET: [ReferenceGenotype; 3] = [
    ReferenceGenotype { name: "EfficientNet-B0", genotype: "0001201121112021212121312001" },
    ReferenceGenotype { name: "uniform 3x3 expansion 4", genotype: "1000101010101020102010301000" },
    ReferenceGenotype { name: "uniform 5x5 expansion 6", genotype: "2100211021102120212021302100" },
];

/// The reference genotypes of a space. Empty for most spaces.
pub fn reference_genotypes(space: &str) -> &'static [ReferenceGenotype] {
    match space {
        "mnasnet" => &MNASNET,
        _ => &[],
    }
}
