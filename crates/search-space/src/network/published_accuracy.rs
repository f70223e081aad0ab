//! ImageNet top-1 accuracies as published: those of the papers' tables, of torchvision's weights
//! (torchvision 0.29), of timm's (`results/results-imagenet.csv`) and of PaddleClas's
//! (`docs/en/models/PP-LCNet_en.md`, which repeats its paper). torchvision's schedules are those of
//! `references/classification/README.md`, and PaddleClas's those of
//! `ppcls/configs/ImageNet/PPLCNet/PPLCNet_x1_0.yaml`.

use serde::Serialize;

/// A published accuracy and its source.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PublishedAccuracy {
    /// ImageNet top-1 accuracy as a fraction, at the resolution of the published network: 256 px for
    /// MobileNetV4-Conv-Medium and -Large, 224 px for all others.
    pub top1: f64,
    /// The table of a paper, or a framework with the name of its weights.
    pub source: &'static str,
    /// The length of the training, if the source states it.
    pub schedule: Option<&'static str>,
}

impl PublishedAccuracy {
    const fn new(top1: f64, source: &'static str) -> Self {
        Self { top1, source, schedule: None }
    }

    const fn after(self, schedule: &'static str) -> Self {
        Self { schedule: Some(schedule), ..self }
    }
}

const V1_STEPS: &str = "300,000 steps of 1,024 images";

const LCNET: [PublishedAccuracy; 2] = [
    PublishedAccuracy::new(0.7132, "PaddleClas, PPLCNet_x1_0").after("360 epochs"),
    PublishedAccuracy::new(0.72096, "timm, lcnet_100.ra2_in1k"),
];
const MOBILENET_V1: [PublishedAccuracy; 1] =
    [PublishedAccuracy::new(0.706, "Howard 2017, Table 6")];
const MOBILENET_V2: [PublishedAccuracy; 4] = [
    PublishedAccuracy::new(0.720, "Sandler 2018, Table 4"),
    PublishedAccuracy::new(0.71878, "torchvision, IMAGENET1K_V1").after("300 epochs"),
    PublishedAccuracy::new(0.72154, "torchvision, IMAGENET1K_V2"),
    PublishedAccuracy::new(0.72976, "timm, mobilenetv2_100.ra_in1k"),
];
const MOBILENET_V3_LARGE: [PublishedAccuracy; 4] = [
    PublishedAccuracy::new(0.752, "Howard 2019, Table 3"),
    PublishedAccuracy::new(0.74042, "torchvision, IMAGENET1K_V1").after("600 epochs"),
    PublishedAccuracy::new(0.75274, "torchvision, IMAGENET1K_V2"),
    PublishedAccuracy::new(0.75766, "timm, mobilenetv3_large_100.ra_in1k"),
];
/// The released network, whose head is narrower than that of the paper.
const MOBILENET_V3_SMALL: [PublishedAccuracy; 2] = [
    PublishedAccuracy::new(0.67668, "torchvision, IMAGENET1K_V1").after("600 epochs"),
    PublishedAccuracy::new(0.67656, "timm, mobilenetv3_small_100.lamb_in1k"),
];
const MOBILENET_V3_SMALL_PAPER: [PublishedAccuracy; 1] =
    [PublishedAccuracy::new(0.674, "Howard 2019, Table 3")];
/// timm's README, in the notes of June 2024. The names of the weights have the number of epochs.
const MOBILENET_V4_CONV_SMALL: [PublishedAccuracy; 1] =
    [PublishedAccuracy::new(0.73756, "timm, mobilenetv4_conv_small.e2400_r224_in1k")
        .after("2,400 epochs")];
const MOBILENET_V4_CONV_MEDIUM: [PublishedAccuracy; 1] =
    [PublishedAccuracy::new(0.79928, "timm, mobilenetv4_conv_medium.e500_r256_in1k")
        .after("500 epochs")];
const MOBILENET_V4_CONV_LARGE: [PublishedAccuracy; 1] =
    [PublishedAccuracy::new(0.81862, "timm, mobilenetv4_conv_large.e500_r256_in1k")
        .after("500 epochs")];
const MNASNET_A1: [PublishedAccuracy; 2] = [
    PublishedAccuracy::new(0.752, "Tan 2019, Table 1"),
    PublishedAccuracy::new(0.75450, "timm, semnasnet_100.rmsp_in1k"),
];
const MNASNET_B1: [PublishedAccuracy; 3] = [
    PublishedAccuracy::new(0.745, "Tan 2019, Table 2"),
    PublishedAccuracy::new(0.73456, "torchvision, IMAGENET1K_V1"),
    PublishedAccuracy::new(0.74650, "timm, mnasnet_100.rmsp_in1k"),
];
const SHUFFLENET_V1: [[PublishedAccuracy; 1]; 5] = {
    const fn of(top1: f64) -> [PublishedAccuracy; 1] {
        [PublishedAccuracy::new(top1, "Zhang 2018, Table 2").after(V1_STEPS)]
    }
    [of(0.664), of(0.673), of(0.674), of(0.672), of(0.676)]
};
const SHUFFLENET_V2: [PublishedAccuracy; 1] = [PublishedAccuracy::new(0.694, "Ma 2018, Table 8")];
const SHUFFLENET_V2_TORCHVISION: [PublishedAccuracy; 1] =
    [PublishedAccuracy::new(0.69362, "torchvision, IMAGENET1K_V1")];

/// The published ImageNet accuracies of a published network without options, that of its paper
/// first. Empty if none is known.
pub fn published_accuracies(name: &str) -> &'static [PublishedAccuracy] {
    match name {
        "lcnet" => &LCNET,
        "mobilenet_v1" => &MOBILENET_V1,
        "mobilenet_v2" => &MOBILENET_V2,
        "mobilenet_v3_large" => &MOBILENET_V3_LARGE,
        "mobilenet_v3_small" => &MOBILENET_V3_SMALL,
        "mobilenet_v3_small_paper" => &MOBILENET_V3_SMALL_PAPER,
        "mobilenet_v4_conv_small" => &MOBILENET_V4_CONV_SMALL,
        "mobilenet_v4_conv_medium" => &MOBILENET_V4_CONV_MEDIUM,
        "mobilenet_v4_conv_large" => &MOBILENET_V4_CONV_LARGE,
        "mnasnet_a1" => &MNASNET_A1,
        "mnasnet_b1" => &MNASNET_B1,
        "shufflenet_v1_g1" => &SHUFFLENET_V1[0],
        "shufflenet_v1_g2" => &SHUFFLENET_V1[1],
        "shufflenet_v1_g3" => &SHUFFLENET_V1[2],
        "shufflenet_v1_g4" => &SHUFFLENET_V1[3],
        "shufflenet_v1_g8" => &SHUFFLENET_V1[4],
        "shufflenet_v2" => &SHUFFLENET_V2,
        "shufflenet_v2_torchvision" => &SHUFFLENET_V2_TORCHVISION,
        _ => &[],
    }
}
