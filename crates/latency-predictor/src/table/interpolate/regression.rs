//! Linear regression with coefficients that are not negative.

/// The strength with which coefficients that the data do not determine are held to the prior ones.
const RIDGE: f64 = 1e-3;
/// The maximum number of sweeps over the coefficients.
const SWEEPS: usize = 500;
/// The change of a coefficient, as a share of the latency, below which the sweeps end.
const CHANGE: f64 = 1e-7;

/// An observation: what the latency grows with, and the latency.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    pub(crate) costs: Vec<f64>,
    pub(crate) ms: f64,
    pub(crate) weight: f64,
}

/// Fits `ms = sum of coefficient x cost` with coefficients of at least 0, minimising the weighted sum
/// of squared relative errors by coordinate descent. Before the data are considered, each
/// coefficient is assumed to be the same. Returns the latency at `at`.
pub(crate) fn fit(observations: &[Observation], at: &[f64]) -> f64 {
    let total: f64 = observations.iter().map(|one| one.weight).sum();
    let count = at.len();
    let mean = |value: &dyn Fn(&Observation) -> f64| {
        observations.iter().map(|one| one.weight * value(one)).sum::<f64>() / total
    };
    // Variables are shares of the latency: each cost is scaled by its mean cost per millisecond.
    let scales: Vec<f64> = (0..count).map(|k| mean(&|one| one.costs[k] / one.ms)).collect();
    let used: Vec<usize> = (0..count).filter(|&k| scales[k] > 0.0).collect();
    let share = |one: &Observation, k: usize| one.costs[k] / one.ms / scales[k];
    let products: Vec<Vec<f64>> = used
        .iter()
        .map(|&a| used.iter().map(|&b| mean(&|one| share(one, a) * share(one, b))).collect())
        .collect();
    let sums: Vec<f64> = used.iter().map(|&k| mean(&|one| share(one, k))).collect();
    let all: f64 = used.iter().map(|&k| scales[k]).sum();
    let prior: Vec<f64> = used.iter().map(|&k| scales[k] / all).collect();
    let mut shares = prior.clone();
    for _ in 0..SWEEPS {
        let mut change = 0.0_f64;
        for k in 0..used.len() {
            let others: f64 =
                (0..used.len()).filter(|&j| j != k).map(|j| products[k][j] * shares[j]).sum();
            let best = (sums[k] - others + RIDGE * prior[k]) / (products[k][k] + RIDGE);
            let best = best.max(0.0);
            change = change.max((best - shares[k]).abs());
            shares[k] = best;
        }
        if change < CHANGE {
            break;
        }
    }
    used.iter().zip(shares).map(|(&k, share)| share * at[k] / scales[k]).sum()
}
