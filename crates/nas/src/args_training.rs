//! The command line of training and weights.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::args::NET_HELP;
use crate::device_option::DeviceArgs;

/// What data may be.
pub(crate) const DATA_HELP: &str = "shapes (drawn, as in shapes:classes=20,size=64), cifar10:DIR (binary version), \
    folder:DIR (train/CLASS/*, val/CLASS/*) or mnist:DIR (idx)";

/// Train a network; it is evaluated on a hold-out after each epoch, and on the test images at the end
#[derive(Clone, clap::Args)]
#[command(after_help = "Examples:\n  nas train mobilenet_v2@width=0.5 --data cifar10:DIR \
    --train-stem-stride 1 --epochs 20\n  nas train best.ron --data folder:photos --weights \
    imported.safetensors --learning-rate 0.01\n  nas train best.ron --data folder:photos --out run \
    --resume\n\nThe output folder gets best.safetensors, last.safetensors, network.ron,\n\
    history.jsonl, training.svg, training.png, and checkpoint.safetensors, from which --resume\n\
    goes on.")]
pub(crate) struct TrainArgs {
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
    #[arg(long, value_name = "D", help = DATA_HELP)]
    pub(crate) data: String,
    /// Times that the training images are seen
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) epochs: u64,
    /// Start from these weights; a classifier of other classes starts afresh [default: random]
    #[arg(long, value_name = "W")]
    pub(crate) weights: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,
    /// Share of the training images that chooses the best epoch, and is not trained on
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub(crate) hold_out: f64,
    /// Output folder [default: results/train-NET]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Continue the run of the output folder
    #[arg(long)]
    pub(crate) resume: bool,
}

/// How a network is trained.
#[derive(Clone, clap::Args)]
pub(crate) struct RecipeArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// Images of a training step
    #[arg(long, value_name = "B", default_value_t = 64)]
    pub(crate) batch: usize,
    /// Height and width in training [default: the network's, but not more than the images']
    #[arg(long, value_name = "R")]
    pub(crate) train_resolution: Option<usize>,
    /// Stride of the first convolution in training [default: the network's]
    #[arg(long, value_name = "S")]
    pub(crate) train_stem_stride: Option<usize>,
    /// sgd (Nesterov momentum 0.9) or rmsprop (TensorFlow's, decay 0.9, momentum 0.9, eps 0.001)
    #[arg(long, value_enum, default_value_t = OptimiserKind::Sgd)]
    pub(crate) optimiser: OptimiserKind,
    /// The highest learning rate; it rises to it and falls to 0 along a cosine [default: for a batch
    /// of 128 0.1 with sgd, for one of 256 0.016 with rmsprop, and in proportion]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) learning_rate: Option<f32>,
    /// Epochs in which the learning rate rises [default: a twentieth of all]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) warm_up_epochs: Option<f64>,
    /// Decay of weights, not of biases and batch norms [default: 5e-4 with sgd, 1e-5 with rmsprop]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) weight_decay: Option<f32>,
    /// Share of a target that is spread over all classes
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, default_value_t = 0.1)]
    pub(crate) label_smoothing: f32,
    /// Cut the norm over all gradients down to this [default: leave it]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) clip_norm: Option<f32>,
    /// Decay of the moving average of the weights, which is what is kept; 0 for none [default: 0.999,
    /// less where the average would reach back over more than a fiftieth of all steps]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) ema: Option<f32>,
    /// Side of the square that is cut out of every image, in pixels [default: none]
    #[arg(long, value_name = "PIXELS")]
    pub(crate) cutout: Option<usize>,
}

/// How gradients become steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptimiserKind {
    Sgd,
    Rmsprop,
}

/// Evaluate weights on the test images of a data set
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  nas eval best.ron --weights best.safetensors --data cifar10:DIR"
)]
pub(crate) struct EvalArgs {
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
    /// Weights that nas train or nas import wrote
    #[arg(long, value_name = "W")]
    pub(crate) weights: PathBuf,
    #[arg(long, value_name = "D", help = DATA_HELP)]
    pub(crate) data: String,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// Height and width of the images [default: as the weights were trained]
    #[arg(long, value_name = "R")]
    pub(crate) train_resolution: Option<usize>,
    /// Stride of the first convolution [default: as the weights were trained]
    #[arg(long, value_name = "S")]
    pub(crate) train_stem_stride: Option<usize>,
}

/// Compute the logits of images in a safetensors file
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  nas infer best.ron --weights best.safetensors --input x.safetensors \
    --output y.safetensors\n\nThe engine that searches measure computes them, at the images' own size."
)]
pub(crate) struct InferArgs {
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
    /// Weights that nas train or nas import wrote
    #[arg(long, value_name = "W")]
    pub(crate) weights: PathBuf,
    /// A file with `input` [batch, channels, height, width], normalised as in training
    #[arg(long, value_name = "X")]
    pub(crate) input: PathBuf,
    /// The file to write: `logits` [batch, classes]
    #[arg(long, value_name = "Y")]
    pub(crate) output: PathBuf,
}

/// Take over weights that PyTorch's torchvision or timm saved
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  nas import --from torchvision mobilenet_v2 mobilenet_v2-7ebf99e0.pth \
    --weights v2.safetensors\n  nas import --from timm mobilenet_v1 model.safetensors --weights \
    v1.safetensors\n\nThe classes are those of the file."
)]
pub(crate) struct ImportArgs {
    /// Who built the network: decides names and batch norms
    #[arg(long, value_enum, value_name = "F")]
    pub(crate) from: FrameworkKind,
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
    /// A state dict: safetensors, or what torch.save wrote
    pub(crate) file: PathBuf,
    /// The weights file to write
    #[arg(long, value_name = "W")]
    pub(crate) weights: PathBuf,
}

/// Who built a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FrameworkKind {
    Torchvision,
    Timm,
}

/// Time this tool's own work
#[derive(Subcommand)]
pub(crate) enum BenchCommand {
    Training(BenchTrainingArgs),
}

/// Time training steps: forward, loss, backward, SGD; the median after 3 warm-up steps
#[derive(clap::Args)]
#[command(after_help = "Example:\n  nas bench training mobilenet_v2@classes=10 --batch 64 \
    --resolution 64 --threads 2")]
pub(crate) struct BenchTrainingArgs {
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
    /// Images of a step
    #[arg(long, value_name = "B", default_value_t = 64)]
    pub(crate) batch: usize,
    /// Height and width of the images [default: the network's]
    #[arg(long, value_name = "R")]
    pub(crate) resolution: Option<usize>,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// Timed steps
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) steps: usize,
}

/// Get data sets
#[derive(Subcommand)]
pub(crate) enum DataCommand {
    Fetch(FetchArgs),
}

/// Download a data set, check its SHA-256 and unpack it; a broken download goes on where it ended
#[derive(clap::Args)]
#[command(after_help = "Example:\n  nas data fetch cifar10 --out data\n  nas train mobilenet_v2 \
    --data cifar10:data --train-stem-stride 1")]
pub(crate) struct FetchArgs {
    /// Which data set
    #[arg(value_enum)]
    pub(crate) name: DataName,
    /// The folder in which the data set gets a folder of its own
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) out: PathBuf,
    /// Where else the archive is: a mirror [default: where its authors keep it]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
}

/// A data set that can be downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataName {
    /// 60,000 photos of 32 x 32 pixels in 10 classes, 170 MB
    Cifar10,
}
