//! Between candle's tensors and the kernels' slices.

use std::fmt::{Debug, Display};

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Device, Error, Layout, Result, Shape, Storage, Tensor,
};

/// An input that does not fit.
pub(super) fn refused(
    op: &str,
    input: &str,
    found: &dyn Debug,
    allowed: &(dyn Display + '_),
) -> Error {
    Error::Msg(format!("{op}: {input}: found {found:?}; allowed: {allowed}"))
}

/// An input as the kernels read it: contiguous, f32, on the CPU, not empty.
pub(super) fn readable(op: &str, input: &str, x: &Tensor) -> Result<Tensor> {
    if x.dtype() != DType::F32 {
        return Err(refused(op, input, &x.dtype(), &"F32"));
    }
    if !x.device().is_cpu() {
        return Err(refused(op, input, &x.device().location(), &"Cpu"));
    }
    if x.elem_count() == 0 {
        return Err(refused(op, input, &x.dims(), &"dimensions of 1 and more"));
    }
    x.contiguous()
}

/// A readable map and its `[batch, height, width, channels]`.
pub(super) fn map(op: &str, input: &str, x: &Tensor) -> Result<(Tensor, [usize; 4])> {
    match *x.dims() {
        [batch, height, width, channels] => {
            Ok((readable(op, input, x)?, [batch, height, width, channels]))
        }
        _ => Err(refused(op, input, &x.dims(), &"[batch, height, width, channels]")),
    }
}

/// A readable tensor of this shape.
pub(super) fn of_shape(op: &str, input: &str, x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    match x.dims() == shape {
        true => readable(op, input, x),
        false => Err(refused(op, input, &x.dims(), &format!("{shape:?}"))),
    }
}

/// The elements of a storage that [`readable`] has seen.
pub(crate) fn elements<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let values = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => Err(Error::Msg("found a tensor that is not contiguous".to_owned())),
    }
}

/// As [`elements`], to be overwritten.
pub(crate) fn elements_mut<'a>(
    storage: &'a mut CpuStorage,
    layout: &Layout,
) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => Err(Error::Msg("found a tensor that is not contiguous in f32".to_owned())),
    }
}

/// As [`elements`] of a tensor's storage.
pub(super) fn elements_of<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => elements(storage, layout),
        _ => Err(Error::Msg("found a tensor that is not on the CPU".to_owned())),
    }
}

/// A tensor of these elements.
pub(super) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(values, shape.into(), &Device::Cpu)
}

/// An op of one tensor as functions of slices: `forward(x, out)` and `backward(x, out_gradient,
/// x_gradient)`. What they write starts as zeros.
pub(super) struct Unary<F, B> {
    pub(super) name: &'static str,
    pub(super) out: Shape,
    pub(super) forward: F,
    pub(super) backward: B,
}

// A kernel of ours for a GPU would be the `cuda_fwd` of this and the other ops.
impl<F, B> CustomOp1 for Unary<F, B>
where
    F: Fn(&[f32], &mut [f32]),
    B: Fn(&[f32], &[f32], &mut [f32]),
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut out = vec![0.0; self.out.elem_count()];
        (self.forward)(elements(x, layout)?, &mut out);
        Ok((CpuStorage::F32(out), self.out.clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let gradient = gradient.contiguous()?;
        let ((x_at, x_layout), (at, layout)) =
            (x.storage_and_layout(), gradient.storage_and_layout());
        let mut x_gradient = vec![0.0; x.elem_count()];
        let x_elements = elements_of(&x_at, x_layout)?;
        (self.backward)(x_elements, elements_of(&at, layout)?, &mut x_gradient);
        Ok(Some(tensor(x_gradient, x.shape())?))
    }
}

/// As [`Unary`] of two tensors: `backward` writes the gradients of both.
pub(super) struct Binary<F, B> {
    pub(super) name: &'static str,
    pub(super) out: Shape,
    pub(super) forward: F,
    pub(super) backward: B,
}

impl<F, B> CustomOp2 for Binary<F, B>
where
    F: Fn(&[f32], &[f32], &mut [f32]),
    B: Fn([&[f32]; 2], &[f32], [&mut [f32]; 2]),
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let mut out = vec![0.0; self.out.elem_count()];
        (self.forward)(elements(a, a_layout)?, elements(b, b_layout)?, &mut out);
        Ok((CpuStorage::F32(out), self.out.clone()))
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let ((a_at, a_layout), (b_at, b_layout)) = (a.storage_and_layout(), b.storage_and_layout());
        let (at, layout) = gradient.storage_and_layout();
        let inputs = [elements_of(&a_at, a_layout)?, elements_of(&b_at, b_layout)?];
        let mut gradients = inputs.map(|input| vec![0.0; input.len()]);
        let [of_a, of_b] = &mut gradients;
        (self.backward)(inputs, elements_of(&at, layout)?, [of_a, of_b]);
        let [of_a, of_b] = gradients;
        // candle takes no gradient of an input that it does not track.
        let wanted = |x: &Tensor, gradient| x.track_op().then(|| tensor(gradient, x.shape()));
        Ok((wanted(a, of_a).transpose()?, wanted(b, of_b).transpose()?))
    }
}
