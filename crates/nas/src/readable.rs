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

/// A RON file with these lines as comments before it.
pub(crate) fn commented(comment: &str, ron: &str) -> String {
    let line = |line: &str| format!("// {line}").trim_end().to_owned() + "\n";
    comment.lines().map(line).collect::<String>() + ron
}

#[cfg(test)]
mod tests {
    use search_space::published;

    use super::*;

    #[test]
    fn a_commented_file_is_read_as_the_same_network() {
        let network = published::network("mobilenet_v3_small").expect("ships");
        let comment = format!("76.0 % (estimate), at 15 ms\n\n{}", stages(&network));
        let text = commented(&comment, &network.to_ron());
        assert!(text.starts_with("// 76.0 % (estimate), at 15 ms\n//\n//"), "{text}");
        assert_eq!(Network::from_ron(&text).expect("valid"), network);
        assert!(text.lines().filter(|line| line.starts_with("//")).all(|line| line.len() <= 80));
    }
}
