//! The command line of training and weights.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use training::fit::FitSettings;

use crate::args::NET_HELP;
use crate::device_option::DeviceArgs;
use crate::sizes;

/// The forms of `--data`.
pub(crate) const DATA_HELP: &str = "shapes (drawn; the default is shapes:classes=10,size=48), cifar10:DIR (binary version), \
    folder:DIR (train/CLASS/*, val/CLASS/*; or CLASS/*, of which a fifth is for testing) or mnist:DIR (idx, also \
    gzipped)";

/// Train a network, with an evaluation on the hold-out after each epoch and on the test images at the end
#[derive(Clone, clap::Args)]
#[command(after_help = "Examples:\n  nas train mobilenet_v2@width=0.5 --data cifar10:DIR \
    --train-stem-stride 1 --epochs 20\n  nas train best.ron --data folder:photos --weights \
    imported.safetensors --learning-rate 0.01\n  nas train best.ron --data folder:photos --out run \
    --resume\n\nThe output folder gets best.safetensors, last.safetensors, network.ron,\n\
    history.jsonl, training.svg, training.png, and checkpoint.safetensors, from which --resume\n\
    continues. With more --epochs than before, --resume extends the training: the learning\n\
    rate goes on as in a training of that many epochs, and falls to 0 at their end. The\n\
    weights are not those of a training that had as many epochs from the start.")]
pub(crate) struct TrainArgs {
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
    #[arg(long, value_name = "D", help = DATA_HELP)]
    pub(crate) data: String,
    /// Number of epochs [default: 30; with --resume that of the training]
    #[arg(long, value_name = "N", value_parser = sizes::epochs)]
    pub(crate) epochs: Option<u64>,
    /// Initial weights; a classifier for classes with other names starts from random ones [default:
    /// random]
    #[arg(long, value_name = "W")]
    pub(crate) weights: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,
    /// Share of the training images held out to choose the best epoch
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub(crate) hold_out: f64,
    /// Output folder [default: results/train-NET]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Continue the training in the output folder
    #[arg(long)]
    pub(crate) resume: bool,
}

/// How a network is trained.
#[derive(Clone, clap::Args)]
pub(crate) struct RecipeArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// Batch size: images per training step
    #[arg(long, value_name = "B", default_value_t = 64)]
    pub(crate) batch: usize,
    /// Resolution of training in pixels [default: the network's, but at most that of the images]
    #[arg(long, value_name = "R")]
    pub(crate) train_resolution: Option<usize>,
    /// Stride of the first convolution in training [default: the network's]
    #[arg(long, value_name = "S")]
    pub(crate) train_stem_stride: Option<usize>,
    /// Optimiser: sgd (Nesterov momentum 0.9) or rmsprop (as in TensorFlow: decay 0.9, momentum 0.9,
    /// eps 0.001)
    #[arg(long, value_enum, default_value_t = OptimiserKind::Sgd)]
    pub(crate) optimiser: OptimiserKind,
    /// Peak learning rate, reached by linear warm-up and followed by cosine decay to 0 [default: 0.1 x
    /// batch / 128 with sgd, 0.016 x batch / 256 with rmsprop]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) learning_rate: Option<f32>,
    /// Number of warm-up epochs [default: a twentieth of all epochs]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) warm_up_epochs: Option<f64>,
    /// Weight decay; not applied to biases and batch norms [default: 5e-4 with sgd, 1e-5 with rmsprop]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) weight_decay: Option<f32>,
    /// Label smoothing
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, default_value_t = 0.1)]
    pub(crate) label_smoothing: f32,
    /// Clip the global gradient norm [default: off]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) clip_norm: Option<f32>,
    /// Decay of the exponential moving average of the weights, which is what is saved; 0 turns it off
    /// [default: 0.999, or less for trainings of fewer than 50,000 steps]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) ema: Option<f32>,
    /// Cutout: side of the square that is blanked in every image, in pixels [default: off]
    #[arg(long, value_name = "PIXELS", value_parser = sizes::pixels)]
    pub(crate) cutout: Option<usize>,
}

impl RecipeArgs {
    /// The defaults, with a resolution of training.
    pub(crate) fn with_resolution(train_resolution: Option<usize>) -> Self {
        let device = DeviceArgs { device: "cpu".to_owned() };
        let FitSettings { batch, label_smoothing, .. } = FitSettings::default();
        Self {
            device,
            batch,
            train_resolution,
            train_stem_stride: None,
            optimiser: OptimiserKind::Sgd,
            learning_rate: None,
            warm_up_epochs: None,
            weight_decay: None,
            label_smoothing,
            clip_norm: None,
            ema: None,
            cutout: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptimiserKind {
    Sgd,
    Rmsprop,
}

/// Evaluate weights on the test images of a data set
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  nas eval best.ron --weights best.safetensors --data cifar10:DIR\n\n\
    Classes are matched by name, and images are prepared as for the training of the weights."
)]
pub(crate) struct EvalArgs {
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
    /// Weights written by nas train or nas import
    #[arg(long, value_name = "W")]
    pub(crate) weights: PathBuf,
    #[arg(long, value_name = "D", help = DATA_HELP)]
    pub(crate) data: String,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// Resolution of the images in pixels [default: that of training]
    #[arg(long, value_name = "R")]
    pub(crate) train_resolution: Option<usize>,
    /// Stride of the first convolution [default: that of training]
    #[arg(long, value_name = "S")]
    pub(crate) train_stem_stride: Option<usize>,
}

/// Compute the logits of images in a safetensors file
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  nas infer best.ron --weights best.safetensors --input x.safetensors \
    --output y.safetensors\n\nThe logits are computed by the inference engine that searches measure, at the\nresolution of the \
    images."
)]
pub(crate) struct InferArgs {
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
    /// Weights written by nas train or nas import
    #[arg(long, value_name = "W")]
    pub(crate) weights: PathBuf,
    /// File with the tensor `input` [batch, channels, height, width], normalised as in training
    #[arg(long, value_name = "X")]
    pub(crate) input: PathBuf,
    /// File to write, with the tensor `logits` [batch, classes]
    #[arg(long, value_name = "Y")]
    pub(crate) output: PathBuf,
    /// Keep the stem stride of NET, whatever that of the training was
    #[arg(long)]
    pub(crate) deployed: bool,
}

/// Import weights saved by torchvision or timm
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  nas import --from torchvision mobilenet_v2 mobilenet_v2-7ebf99e0.pth \
    --weights v2.safetensors\n  nas import --from timm mobilenet_v1 model.safetensors --weights \
    v1.safetensors\n  nas import --from torchvision mobilenet_v2@classes=5 headless.pth --fresh-classifier \
    --weights start.safetensors\n\nThe number of classes is that of the file. A checkpoint may have the \
    state dict under a key, and a prefix such as module. before its names: both are found and \
    printed. Averaged weights (EMA) are preferred.\n\nNetworks that serve: of torchvision \
    mobilenet_v2, mobilenet_v3_small and mobilenet_v3_large (not dilated), mnasnet and \
    shufflenet_v2; of timm lcnet, mobilenetv1 to mobilenetv4_conv, mnasnet and semnasnet. The \
    tf_ networks of timm have the same tensors, but they pad as TensorFlow does, which nas cannot \
    compute. A config.json of timm or Hugging Face beside the file is read: it may give the eps of \
    batch norms, and a file that it does not agree with is refused."
)]
pub(crate) struct ImportArgs {
    /// Framework that built the network: decides the names of tensors and the batch norm settings
    #[arg(long, value_enum, value_name = "F")]
    pub(crate) from: FrameworkKind,
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
    /// State dict: a safetensors file, or one written by torch.save
    pub(crate) file: PathBuf,
    /// Weights file to write
    #[arg(long, value_name = "W")]
    pub(crate) weights: PathBuf,
    /// Key of the state dict in the file [default: that of averaged weights, or the only one]
    #[arg(long, value_name = "KEY")]
    pub(crate) state_key: Option<String>,
    /// Start the classifier from random weights, for the classes of NET and for training
    #[arg(long)]
    pub(crate) fresh_classifier: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FrameworkKind {
    Torchvision,
    Timm,
}

/// Time the work of nas itself
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
    /// Batch size: images per step
    #[arg(long, value_name = "B", default_value_t = 64)]
    pub(crate) batch: usize,
    /// Resolution of the images in pixels [default: the network's]
    #[arg(long, value_name = "R")]
    pub(crate) resolution: Option<usize>,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// Number of timed steps
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = sizes::timed_steps)]
    pub(crate) steps: usize,
}

/// Download data sets
#[derive(Subcommand)]
pub(crate) enum DataCommand {
    Fetch(FetchArgs),
}

/// Download a data set, check its SHA-256 and unpack it; continues an interrupted download
#[derive(clap::Args)]
#[command(after_help = "Example:\n  nas data fetch cifar10 --out data\n  nas train mobilenet_v2 \
    --data cifar10:data --train-stem-stride 1")]
pub(crate) struct FetchArgs {
    /// Name of the data set
    #[arg(value_enum)]
    pub(crate) name: DataName,
    /// Folder below which the data set gets its own folder
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) out: PathBuf,
    /// URL of a mirror of the archive [default: that of its authors]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataName {
    /// 60,000 photos of 32 x 32 pixels in 10 classes, 170 MB
    Cifar10,
}
