//! ImageNet top-1 accuracies as published.

/// A published accuracy and its source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedAccuracy {
    /// ImageNet top-1 accuracy as a fraction.
    pub top1: f64,
    /// The paper or framework that published it.
    pub source: &'static str,
}

/// Returns the published ImageNet accuracy of a network at 224 px, or `None` if none is known.
pub fn published_accuracy(name: &str) -> Option<PublishedAccuracy> {
    let (top1, source) = match name {
        "mobilenet_v1" => (0.706, "Howard 2017, Table 6"),
        "mobilenet_v2" => (0.720, "Sandler 2018, Table 4"),
        "mobilenet_v3_large" => (0.752, "Howard 2019, Table 3"),
        "mobilenet_v3_small" => (0.67668, "torchvision"),
        "mobilenet_v3_small_paper" => (0.674, "Howard 2019, Table 3"),
        "mnasnet_a1" => (0.752, "Tan 2019, Table 1"),
        "mnasnet_b1" => (0.745, "Tan 2019, Table 2"),
        "shufflenet_v1_g1" => (0.664, "Zhang 2018, Table 2"),
        "shufflenet_v1_g2" => (0.673, "Zhang 2018, Table 2"),
        "shufflenet_v1_g3" => (0.674, "Zhang 2018, Table 2"),
        "shufflenet_v1_g4" => (0.672, "Zhang 2018, Table 2"),
        "shufflenet_v1_g8" => (0.676, "Zhang 2018, Table 2"),
        "shufflenet_v2" => (0.694, "Ma 2018, Table 8"),
        "shufflenet_v2_torchvision" => (0.69362, "torchvision"),
        _ => return None,
    };
    Some(PublishedAccuracy { top1, source })
}
