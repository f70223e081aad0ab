//! Networks as a person reads them: one line a stage.

use search_space::{Network, StageSummary};

use crate::screen::{grouped, table};

/// The stages of a network as a table.
pub(crate) fn stages(network: &Network) -> String {
    let cells = |stage: &StageSummary| {
        let StageSummary { block, layers, channels, resolution } = stage;
        vec![grouped(layers), block.clone(), grouped(channels), format!("{resolution} px")]
    };
    let rows = network.stages().iter().map(cells).collect();
    table(&["layers", "block", "channels", "output"], &["block"], rows)
}
