//! The difference between two latency tables.

use search_space::{Network, PlacedUnit, SearchSpace, spearman};
use serde::Serialize;

use crate::measure::quantiles::{Quantiles, median};
use crate::table::validate::draw::random_networks;
use crate::table::{Table, file};

/// How the latencies of a table differ from those of another one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableDiff {
    /// Number of blocks that were measured for both tables.
    pub common: usize,
    /// The level ratio: the median over these blocks of the latency of the second table as a ratio to
    /// that of the first one.
    pub level_ratio: f64,
    /// Spearman's rank correlation of the latencies of these blocks. `None` if they are too few.
    pub spearman_of_blocks: Option<f64>,
    /// The predictions of random networks of a space; `None` without a space.
    pub networks: Option<NetworksDiff>,
    /// The blocks, those first that differ most once the level ratio is taken out.
    pub blocks: Vec<BlockDiff>,
}

/// How predictions for random networks compare.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NetworksDiff {
    /// Number of random networks that both tables can predict.
    pub count: usize,
    /// Spearman's rank correlation of their predictions. `None` if they are too few.
    pub spearman: Option<f64>,
}

/// A block that was measured for both tables.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BlockDiff {
    /// The block or head.
    #[serde(serialize_with = "file::as_text::serialize")]
    pub unit: PlacedUnit,
    /// Its latency in the first table.
    pub first: Quantiles,
    /// Its latency in the second table.
    pub second: Quantiles,
    /// The latency in the second table as a ratio to that in the first one, divided by the level
    /// ratio.
    pub ratio: f64,
}

/// Two tables have no block in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found no measured block that both tables have; expected: at least one")]
pub struct NoCommonBlocks;

/// Maximum number of random networks whose predictions are compared.
const NETWORKS: usize = 1_000;

impl Table {
    /// Compares this table with a second one: their blocks, those of `space` if there is one, and
    /// their predictions for random networks of that space.
    ///
    /// # Errors
    /// The tables have no measured block in common.
    pub fn diff(
        &self,
        second: &Self,
        space: Option<&SearchSpace>,
        seed: u64,
    ) -> Result<TableDiff, NoCommonBlocks> {
        let of_space: Option<Vec<PlacedUnit>> = space.map(SearchSpace::units);
        let is_wanted = |unit: &PlacedUnit| of_space.as_ref().is_none_or(|all| all.contains(unit));
        let entries = self.entries().into_iter().filter(|entry| is_wanted(&entry.unit));
        let both = |entry: &super::Entry| {
            Some((entry.unit, entry.latency, second.get(&entry.unit)?.latency))
        };
        let pairs: Vec<(PlacedUnit, Quantiles, Quantiles)> = entries.filter_map(both).collect();
        let ratio = |first: &Quantiles, second: &Quantiles| second.p50_ms / first.p50_ms;
        let mut ratios: Vec<f64> = pairs.iter().map(|(_, a, b)| ratio(a, b)).collect();
        let level_ratio = median(&mut ratios).ok_or(NoCommonBlocks)?;
        let block = |&(unit, first, second): &(PlacedUnit, Quantiles, Quantiles)| BlockDiff {
            unit,
            first,
            second,
            ratio: ratio(&first, &second) / level_ratio,
        };
        let mut blocks: Vec<BlockDiff> = pairs.iter().map(block).collect();
        let p50s = |of: fn(&BlockDiff) -> Quantiles| -> Vec<f64> {
            blocks.iter().map(|block| of(block).p50_ms).collect()
        };
        let spearman_of_blocks = spearman(&p50s(|block| block.first), &p50s(|block| block.second));
        blocks.sort_by(|a, b| b.ratio.ln().abs().total_cmp(&a.ratio.ln().abs()));
        let networks = space.map(|space| self.diff_networks(second, space, seed));
        Ok(TableDiff { common: blocks.len(), level_ratio, spearman_of_blocks, networks, blocks })
    }

    fn diff_networks(&self, second: &Self, space: &SearchSpace, seed: u64) -> NetworksDiff {
        // Latencies that were interpolated and kept count as well, as in all predictions.
        let in_both = |network: &Network| {
            second.predict_ms(network).ok()?;
            self.predict_ms(network).ok()
        };
        let drawn = random_networks(space, NETWORKS, seed, &in_both);
        let predictions = |table: &Self| -> Vec<f64> {
            drawn.iter().filter_map(|drawn| table.predict_ms(&drawn.network).ok()).collect()
        };
        let spearman = spearman(&predictions(self), &predictions(second));
        NetworksDiff { count: drawn.len(), spearman }
    }
}
