//! A candle model that mixes this crate's ops with candle's own, trained on drawn shapes.
//!
//!     cargo run --release -p training --example own_model
//!
//! The model does not use a graph of this project. Its variables come from a `VarBuilder`;
//! convolutions with their batch norms come from [`training::ops`]; the residual sum, the
//! classifier and the loss are candle's; and the optimiser is [`training::Sgd`]. Set
//! `CANDLE_NUM_THREADS=1` in the environment, so that candle's own thread pool does not compete
//! with the model.

use std::error::Error;
use std::thread;

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::ops::sigmoid;
use candle_nn::{Init, Linear, Module, ModuleT, Optimizer, VarBuilder, VarMap, linear, loss};
use dataset::{Augment, Batch, BatchSettings, Dataset, HoldOut, Order, batches};
use training::ops::{
    Activation, BatchNorm, Conv2d, conv2d, conv2d_norm_act, global_avg_pool, multiply,
    norm_act_eval,
};
use training::{Sgd, SgdConfig};

const RESOLUTION: usize = 32;
const EPOCHS: u64 = 6;
const LEARNING_RATE: f64 = 0.1;
const MOMENTUM: f64 = 0.1;
const DENSE: Conv2d = Conv2d { stride: 1, groups: 1 };
/// Input, inner and output channels of each block, and its stride.
const BLOCKS: [([usize; 3], usize); 4] =
    [([16, 32, 24], 1), ([24, 96, 48], 2), ([48, 144, 48], 1), ([48, 144, 48], 1)];

/// Convolution, batch norm and activation, with running statistics for inference.
struct ConvNormAct {
    conv: Conv2d,
    act: Activation,
    filters: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Var,
    running_var: Var,
}

impl ConvNormAct {
    /// `filters` is `[out, in / groups, kernel, kernel]`.
    fn new(vb: &VarBuilder, filters: [usize; 4], conv: Conv2d, act: Activation) -> Result<Self> {
        let [out, _, kernel, _] = filters;
        let stdev = (2.0 / (out / conv.groups * kernel * kernel) as f64).sqrt();
        let normal = Init::Randn { mean: 0.0, stdev };
        let zeros = Tensor::zeros(out, DType::F32, &Device::Cpu)?;
        Ok(Self {
            conv,
            act,
            filters: vb.get_with_hints(&filters[..], "filters", normal)?,
            weight: vb.get_with_hints(out, "weight", Init::Const(1.0))?,
            bias: vb.get_with_hints(out, "bias", Init::Const(0.0))?,
            running_mean: Var::from_tensor(&zeros)?,
            running_var: Var::from_tensor(&zeros.ones_like()?)?,
        })
    }
}

impl ModuleT for ConvNormAct {
    fn forward_t(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        let norm = BatchNorm { weight: &self.weight, bias: &self.bias, eps: 1e-5 };
        if !train {
            let y = conv2d(x, &self.filters, None, self.conv)?;
            return norm_act_eval(&y, norm, &self.running_mean, &self.running_var, self.act);
        }
        let (y, batch) = conv2d_norm_act(x, &self.filters, self.conv, norm, self.act)?;
        for (running, now) in [(&self.running_mean, batch.mean), (&self.running_var, batch.var)] {
            let before = running.as_detached_tensor();
            running.set(&((before * (1.0 - MOMENTUM))? + (now * MOMENTUM)?)?)?;
        }
        Ok(y)
    }
}

/// An inverted residual: a pointwise, a depthwise and a pointwise convolution, squeeze-and-excite
/// between the last two, and a residual sum if input and output have the same shape.
struct Block {
    expand: ConvNormAct,
    depthwise: ConvNormAct,
    squeeze: Linear,
    excite: Linear,
    project: ConvNormAct,
}

impl Block {
    fn new(vb: &VarBuilder, [from, wide, to]: [usize; 3], stride: usize) -> Result<Self> {
        let unit = |name, filters, conv, act| ConvNormAct::new(&vb.pp(name), filters, conv, act);
        let depthwise = Conv2d { stride, groups: wide };
        Ok(Self {
            expand: unit("expand", [wide, from, 1, 1], DENSE, Activation::HardSwish)?,
            depthwise: unit("depthwise", [wide, 1, 5, 5], depthwise, Activation::HardSwish)?,
            squeeze: linear(wide, wide / 4, vb.pp("squeeze"))?,
            excite: linear(wide / 4, wide, vb.pp("excite"))?,
            project: unit("project", [to, wide, 1, 1], DENSE, Activation::Linear)?,
        })
    }
}

impl ModuleT for Block {
    fn forward_t(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        let y = self.depthwise.forward_t(&self.expand.forward_t(x, train)?, train)?;
        let squeezed = self.squeeze.forward(&global_avg_pool(&y)?)?.relu()?;
        let y = multiply(&y, &sigmoid(&self.excite.forward(&squeezed)?)?)?;
        let y = self.project.forward_t(&y, train)?;
        if x.dims() == y.dims() { x + y } else { Ok(y) }
    }
}

/// A stem, blocks and a head.
struct OwnModel {
    stem: ConvNormAct,
    blocks: Vec<Block>,
    head: ConvNormAct,
    classifier: Linear,
}

impl OwnModel {
    fn new(vb: &VarBuilder, classes: usize) -> Result<Self> {
        let halved = Conv2d { stride: 2, groups: 1 };
        let unit = |name, filters, conv| {
            ConvNormAct::new(&vb.pp(name), filters, conv, Activation::HardSwish)
        };
        let block = |(index, (channels, stride))| {
            Block::new(&vb.pp(format!("block{index}")), channels, stride)
        };
        Ok(Self {
            stem: unit("stem", [16, 3, 3, 3], halved)?,
            blocks: BLOCKS.into_iter().enumerate().map(block).collect::<Result<_>>()?,
            head: unit("head", [128, 48, 1, 1], DENSE)?,
            classifier: linear(128, classes, vb.pp("classifier"))?,
        })
    }
}

impl ModuleT for OwnModel {
    fn forward_t(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        let stem = self.stem.forward_t(images, train)?;
        let x = self.blocks.iter().try_fold(stem, |x, block| block.forward_t(&x, train))?;
        let x = self.head.forward_t(&x, train)?;
        self.classifier.forward(&global_avg_pool(&x)?.flatten_from(1)?)
    }
}

fn tensors(batch: &Batch) -> Result<(Tensor, Tensor)> {
    let count = batch.labels.len();
    let shape = (count, RESOLUTION, RESOLUTION, 3);
    let images = Tensor::from_slice(&batch.images, shape, &Device::Cpu)?;
    Ok((images, Tensor::from_slice(&batch.labels, count, &Device::Cpu)?))
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let source = format!("shapes:size={RESOLUTION},train=6000,test=1000").parse()?;
    let data = Dataset::load(&source, HoldOut::NONE, thread::available_parallelism()?.get())?;
    let variables = VarMap::new();
    let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let model = OwnModel::new(&vb, data.classes.len())?;
    let config = SgdConfig { learning_rate: LEARNING_RATE, momentum: 0.9, weight_decay: 5e-4 };
    let mut sgd = Sgd::new(variables.all_vars(), config)?;
    let (augment, order) = (Augment::NONE, Order::Shuffled);
    let settings = BatchSettings { batch: 32, resolution: RESOLUTION, augment, order, seed: 0 };
    for epoch in 0..EPOCHS {
        sgd.set_learning_rate(LEARNING_RATE * (1.0 - epoch as f64 / EPOCHS as f64));
        let (mut sum, mut steps) = (0.0, 0);
        for batch in batches(&data.train, &settings, epoch)? {
            let (images, labels) = tensors(&batch?)?;
            let loss = loss::cross_entropy(&model.forward_t(&images, true)?, &labels)?;
            sgd.backward_step(&loss)?;
            (sum, steps) = (sum + loss.to_scalar::<f32>()?, steps + 1);
        }
        println!("epoch {}: loss {:.3}", epoch + 1, sum / steps as f32);
    }
    let (mut correct, mut images) = (0.0, 0);
    let settings = BatchSettings { order: Order::Sequential, ..settings };
    for batch in batches(&data.test, &settings, 0)? {
        let (batch, labels) = tensors(&batch?)?;
        let predicted = model.forward_t(&batch, false)?.argmax(D::Minus1)?;
        correct += predicted.eq(&labels)?.to_dtype(DType::F32)?.sum_all()?.to_scalar::<f32>()?;
        images += labels.elem_count();
    }
    println!("{:.1} % of {images} test images correct", 100.0 * correct / images as f32);
    Ok(())
}
