//! The search algorithms and their names.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

/// How genotypes are proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Regularised evolution (Real et al. 2019, Algorithm 1) with crossover.
    Evolution,
    /// Proximal policy optimisation of an LSTM controller (Tan et al. 2019, MnasNet, section 4.2).
    Ppo,
    /// Non-dominated sorting by accuracy and latency (Deb et al. 2002, NSGA-II).
    Nsga2,
    /// Bayesian optimisation: a Gaussian process and expected improvement (Jones et al. 1998; Kandasamy
    /// et al. 2018, NASBOT).
    Bayesian,
    /// Uniform sampling.
    Random,
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 5] =
        [Self::Evolution, Self::Ppo, Self::Nsga2, Self::Bayesian, Self::Random];
}

impl Display for Algorithm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::Evolution => "evolution",
            Algorithm::Ppo => "ppo",
            Algorithm::Nsga2 => "nsga2",
            Algorithm::Bayesian => "bayesian",
            Algorithm::Random => "random",
        })
    }
}

impl FromStr for Algorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|algorithm| algorithm.to_string() == text);
        known.ok_or_else(|| {
            let expected = Self::ALL.map(|algorithm| algorithm.to_string()).join(", ");
            format!("found {text}; expected: {expected}")
        })
    }
}
