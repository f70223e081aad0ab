//! Conversion between candle's tensors and the kernels' slices.

use std::fmt::{Debug, Display};

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Device, Error, Layout, Result, Shape,
    Storage, Tensor,
};

/// The error for an input that does not fit.
pub(super) fn refused(
    op: &str,
    input: &str,
    found: &dyn Debug,
    expected: &(dyn Display + '_),
) -> Error {
    Error::Msg(format!("{op}: {input}: found {found:?}; expected: {expected}"))
}

/// An input as the kernels read it: contiguous, f32, on the CPU and not empty.
pub(super) fn readable(op: &str, input: &str, x: &Tensor) -> Result<Tensor> {
    if x.dtype() != DType::F32 {
        return Err(refused(op, input, &x.dtype(), &"F32"));
    }
    if !x.device().is_cpu() {
        return Err(refused(op, input, &x.device().location(), &"Cpu"));
    }
    if x.elem_count() == 0 {
        return Err(refused(op, input, &x.dims(), &"dimensions of at least 1"));
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

/// The elements of a contiguous f32 tensor in CPU storage.
pub(crate) fn elements<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let values = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => Err(Error::Msg("found a tensor that is not contiguous".to_owned())),
    }
}

/// As [`elements`], mutable.
pub(crate) fn elements_mut<'a>(
    storage: &'a mut CpuStorage,
    layout: &Layout,
) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => Err(Error::Msg("found a tensor that is not contiguous in f32".to_owned())),
    }
}

/// As [`elements`], for a storage that may be on any device.
pub(super) fn elements_of<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => elements(storage, layout),
        _ => Err(Error::Msg("found a tensor that is not on the CPU".to_owned())),
    }
}

/// A tensor on the CPU with these elements.
pub(super) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(values, shape.into(), &Device::Cpu)
}

/// The elements of an op's inputs.
pub(super) type Slices<'a, const N: usize> = [&'a [f32]; N];
/// Empty vectors, with capacity for all elements, for the gradients of those inputs that candle
/// tracks.
pub(super) type Gradients<'a, const N: usize> = [Option<&'a mut Vec<f32>>; N];

/// An op of `N` tensors as functions of slices, which append all elements of their results.
pub(super) struct SliceOp<const N: usize, F, B> {
    pub(super) name: &'static str,
    pub(super) out: Shape,
    /// Computes the output from the inputs.
    pub(super) forward: F,
    /// Computes the gradients of the tracked inputs from the inputs and the gradient of the output.
    pub(super) backward: B,
}

impl<const N: usize, F, B> SliceOp<N, F, B>
where
    B: Fn(Slices<'_, N>, &[f32], Gradients<'_, N>),
{
    fn pull_back(&self, inputs: [&Tensor; N], gradient: &Tensor) -> Result<[Option<Tensor>; N]> {
        let gradient = gradient.contiguous()?;
        let (at, layout) = gradient.storage_and_layout();
        let storages = inputs.map(Tensor::storage_and_layout);
        let mut slices: Slices<'_, N> = [&[]; N];
        for (slice, (at, layout)) in slices.iter_mut().zip(&storages) {
            *slice = elements_of(at, layout)?;
        }
        // candle ignores the gradient of an input that it does not track.
        let mut gradients =
            inputs.map(|x| x.track_op().then(|| Vec::with_capacity(x.elem_count())));
        let to = gradients.each_mut().map(Option::as_mut);
        (self.backward)(slices, elements_of(&at, layout)?, to);
        let mut tensors = [const { None }; N];
        for ((to, values), input) in tensors.iter_mut().zip(gradients).zip(inputs) {
            *to = values.map(|values| tensor(values, input.shape())).transpose()?;
        }
        Ok(tensors)
    }
}

/// Implements candle's trait for this number of inputs. A GPU kernel of this project would be its
/// `cuda_fwd`, with a `backward` over tensors.
macro_rules! custom_op {
    ($trait:ident, $count:literal: $($storage:ident $layout:ident $input:ident),*) => {
        impl<F, B> $trait for SliceOp<$count, F, B>
        where
            F: Fn(Slices<'_, $count>, &mut Vec<f32>),
            B: Fn(Slices<'_, $count>, &[f32], Gradients<'_, $count>),
        {
            fn name(&self) -> &'static str {
                self.name
            }

            fn cpu_fwd(
                &self,
                $($storage: &CpuStorage, $layout: &Layout),*
            ) -> Result<(CpuStorage, Shape)> {
                let mut out = Vec::with_capacity(self.out.elem_count());
                (self.forward)([$(elements($storage, $layout)?),*], &mut out);
                Ok((CpuStorage::F32(out), self.out.clone()))
            }

            #[allow(unused_parens)]
            fn bwd(
                &self,
                $($input: &Tensor,)*
                _: &Tensor,
                gradient: &Tensor,
            ) -> Result<($(custom_op!(gradient of $input)),*)> {
                let [$($input),*] = self.pull_back([$($input),*], gradient)?;
                Ok(($($input),*))
            }
        }
    };
    (gradient of $input:ident) => { Option<Tensor> };
}

custom_op!(CustomOp1, 1: a_at a_layout a);
custom_op!(CustomOp2, 2: a_at a_layout a, b_at b_layout b);
custom_op!(CustomOp3, 3: a_at a_layout a, b_at b_layout b, c_at c_layout c);
