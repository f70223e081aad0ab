//! The search: its problem, reward, algorithms, phases and winners.

mod acceptance;
pub mod algorithm;
mod baselines;
mod budget;
mod comparison;
mod coordinate_descent;
mod elasticity;
mod final_comparison;
mod front;
mod front_share;
mod hypervolume;
mod latency_range;
mod limits;
mod outcome;
mod pareto;
mod problem;
pub(crate) mod reward;
mod run;
mod segments;
mod settings;
pub(crate) mod trial;
mod unmet_limits;
mod winner;

pub use acceptance::{Acceptance, Margin, MarginError};
pub use baselines::{
    BaselineError, FAMILIES, Family, FamilyWidths, FinalNetworks, NamedBaseline, OnBaseline,
    Wanted, families_at, random_networks_at,
};
pub use budget::{BudgetCounts, BudgetCountsError, ShortBudget, UnitCosts};
pub use comparison::{
    Quartiles, best_accuracies, hypervolumes, improvements, quartiles, trial_counts,
};
pub use elasticity::{Elasticity, elasticity};
pub use final_comparison::{
    ComparedNetwork, PairedDifference, RIVALS, Verdict, compared, rivals, scratch_trainings,
};
pub use front_share::{FrontShare, FrontShareError};
pub use hypervolume::Hypervolume;
pub use latency_range::{Binding, Range, least_cost, range};
pub use limits::{Cost, LimitError, Limits};
pub use outcome::{Found, FoundForTarget, Meets, Outcome, Reference};
pub use pareto::pareto_front;
pub use problem::{Candidate, LatencyOf, Problem};
pub use reward::{Exponent, Reward, RewardError, Target};
pub use run::{random_comparison, search};
pub use settings::{Goal, SearchError, SearchSettings};
pub use trial::{Phase, Trial};
pub use unmet_limits::{UnmetLimit, UnmetLimits, check_limits};
pub use winner::{
    MAX_MEASURED, TrialLatency, Winner, Winners, best_by_accuracy, best_by_reward,
    best_under_target, netadapt_seed, winners,
};
