//! Files of `torch.save`: a zip archive, or before PyTorch 1.6 a row of pickles and the storages.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use candle_core::{DType, Device};

use super::archive::{Member, members};
use super::pickle::{Id, Pickle, Value};
use crate::tensors::Tensor;

/// The first value of a file of PyTorch before 1.6, as little-endian bytes.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// How deep calls that rebuild a tensor may be nested.
const DEPTH: usize = 4;

/// A file of `torch.save`.
#[derive(Debug)]
pub(super) struct TorchFile {
    bytes: Vec<u8>,
    pub(super) pickle: Pickle,
    storages: Storages,
}

#[derive(Debug)]
enum Storages {
    /// Members of the archive by key.
    Members(HashMap<String, Member>),
    /// Ranges of the file by key.
    Ranges(HashMap<String, Range<usize>>),
}

/// A tensor of the file: a view of a storage.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredTensor {
    pub(super) shape: Vec<usize>,
    /// Distances of neighbours along each dimension, in elements.
    strides: Vec<usize>,
    /// The first element.
    offset: usize,
    /// The key of the storage.
    storage: String,
    element: Element,
}

/// The type of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Candle(DType),
    /// `int8`
    Signed,
    /// Types that weights do not have.
    Other,
}

impl Element {
    fn of_storage(class: &str) -> Self {
        Self::Candle(match class.strip_suffix("Storage").unwrap_or(class) {
            "Float" => DType::F32,
            "Double" => DType::F64,
            "Half" => DType::F16,
            "BFloat16" => DType::BF16,
            "Byte" | "Bool" => DType::U8,
            "Short" => DType::I16,
            "Int" => DType::I32,
            "Long" => DType::I64,
            "Char" => return Self::Signed,
            _ => return Self::Other,
        })
    }

    fn size(self) -> usize {
        match self {
            Self::Candle(dtype) => dtype.size_in_bytes(),
            Self::Signed | Self::Other => 1,
        }
    }
}

impl TorchFile {
    /// Whether the bytes begin as those of a file of `torch.save` do.
    pub(super) fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(b"\x80") || is_archive(bytes)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What was found instead of such a file.
    pub(super) fn read(bytes: Vec<u8>) -> Result<Self, String> {
        if is_archive(&bytes) { Self::read_archive(bytes) } else { Self::read_pickles(bytes) }
    }

    fn read_archive(bytes: Vec<u8>) -> Result<Self, String> {
        let all = members(&bytes)?;
        let folder = |name: &str| name.strip_suffix("data.pkl").map(str::to_owned);
        let is_folder = |name: &str| name.is_empty() || name.ends_with('/');
        let folders = all.iter().filter_map(|member| folder(&member.name));
        // macOS adds a folder of its own to what it packs.
        let folders = folders.filter(|name| is_folder(name) && !name.starts_with("__MACOSX"));
        let Some(folder) = folders.min_by_key(|name| name.matches('/').count()) else {
            return Err("a zip archive without data.pkl, which torch.save did not write".to_owned());
        };
        let named = |name: &str| {
            let name = format!("{folder}{name}");
            all.iter().find(|member| member.name == name)
        };
        if named("constants.pkl").is_some() {
            let what = "a TorchScript archive, of which torch.jit.load(FILE).state_dict() is the state dict";
            return Err(what.to_owned());
        }
        if let Some(order) = named("byteorder")
            && &*order.read(&bytes)? != b"little"
        {
            return Err("a checkpoint of a big-endian machine".to_owned());
        }
        let pickle =
            named("data.pkl").ok_or_else(|| "a zip archive without data.pkl".to_owned())?;
        let pickle = Pickle::read(&pickle.read(&bytes)?)?;
        let data = format!("{folder}data/");
        let storage = |member: &Member| {
            let key = member.name.strip_prefix(&data)?.to_owned();
            Some((key, member.clone()))
        };
        let storages = Storages::Members(all.iter().filter_map(storage).collect());
        Ok(Self { bytes, pickle, storages })
    }

    fn read_pickles(bytes: Vec<u8>) -> Result<Self, String> {
        const ENDS: &str = "a checkpoint that is cut off, perhaps an interrupted download";
        let mut at = 0;
        let mut next = || {
            let pickle = Pickle::read(&bytes[at..])?;
            at += pickle.len;
            Ok::<_, String>(pickle)
        };
        let magic = next()?;
        if *magic.get(magic.root) != Value::Long(MAGIC.to_vec()) {
            return Err("a pickle that torch.save did not write".to_owned());
        }
        let _protocol = next()?;
        let system = next()?;
        let order = system.entry(system.root, "little_endian").map(|id| system.get(id));
        if order == Some(&Value::Bool(false)) {
            return Err("a checkpoint of a big-endian machine".to_owned());
        }
        let (pickle, keys) = (next()?, next()?);
        let sizes: HashMap<&str, usize> = pickle
            .persistent()
            .filter_map(|id| {
                let (key, element) = storage(&pickle, id)?;
                Some((key, element.size()))
            })
            .collect();
        let mut ranges = HashMap::new();
        for &key in keys.list(keys.root).unwrap_or_default() {
            let count =
                bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).ok_or(ENDS)?;
            let count = usize::try_from(u64::from_le_bytes(count)).map_err(|_| ENDS)?;
            let key = keys.text(key).unwrap_or_default();
            let len = count.checked_mul(sizes.get(key).copied().unwrap_or(1)).ok_or(ENDS)?;
            let start = at + 8;
            at = start.checked_add(len).filter(|&end| end <= bytes.len()).ok_or(ENDS)?;
            ranges.insert(key.to_owned(), start..at);
        }
        Ok(Self { bytes, pickle, storages: Storages::Ranges(ranges) })
    }

    /// Whether the file is of PyTorch before 1.6.
    pub(super) fn is_before_1_6(&self) -> bool {
        matches!(self.storages, Storages::Ranges(_))
    }

    /// The tensor at `id`, if the value is one.
    pub(super) fn tensor(&self, id: Id) -> Option<StoredTensor> {
        let &Value::Call { of, args, .. } = self.pickle.get(id) else { return None };
        self.rebuilt(of, args, DEPTH)
    }

    fn rebuilt(&self, of: Id, args: Id, depth: usize) -> Option<StoredTensor> {
        let (module, name) = self.pickle.global(of)?;
        let args = self.pickle.list(args)?;
        let depth = depth.checked_sub(1)?;
        match (module, name) {
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => self.view(args),
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                let &Value::Call { of, args, .. } = self.pickle.get(*args.first()?) else {
                    return None;
                };
                self.rebuilt(of, args, depth)
            }
            ("torch._tensor" | "torch.tensor", "_rebuild_from_type" | "_rebuild_from_type_v2") => {
                self.rebuilt(*args.first()?, *args.get(2)?, depth)
            }
            _ => None,
        }
    }

    /// A tensor from the arguments storage, offset, shape and strides.
    fn view(&self, args: &[Id]) -> Option<StoredTensor> {
        let &[persistent, offset, shape, strides, ..] = args else { return None };
        let &Value::Persistent(persistent) = self.pickle.get(persistent) else { return None };
        let (key, element) = storage(&self.pickle, persistent)?;
        let sizes = |id| -> Option<Vec<usize>> {
            self.pickle.list(id)?.iter().map(|&id| self.pickle.size(id)).collect()
        };
        let (shape, strides) = (sizes(shape)?, sizes(strides)?);
        // Before 1.6, a storage could be part of another: (its key, its first element, its size).
        let part = self.pickle.list(persistent)?.get(5).and_then(|&id| self.pickle.list(id));
        let part = part.and_then(|part| self.pickle.size(*part.get(1)?)).unwrap_or(0);
        let offset = self.pickle.size(offset)?.checked_add(part)?;
        (shape.len() == strides.len()).then(|| StoredTensor {
            shape,
            strides,
            offset,
            storage: key.to_owned(),
            element,
        })
    }

    /// Reads the elements of a tensor in row-major order.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn elements(&self, tensor: &StoredTensor) -> Result<Tensor, String> {
        let StoredTensor { shape, strides, offset, storage, element } = tensor;
        let key = storage;
        let lacks = || format!("a checkpoint without all elements of the storage {key}");
        let count = shape.iter().try_fold(1_usize, |count, &dim| count.checked_mul(dim));
        let count = count.ok_or_else(lacks)?;
        if count == 0 {
            return Ok(Tensor { shape: shape.clone(), values: Vec::new() });
        }
        let storage = match &self.storages {
            Storages::Members(members) => members.get(key).ok_or_else(lacks)?.read(&self.bytes)?,
            Storages::Ranges(ranges) => {
                Cow::Borrowed(&self.bytes[ranges.get(key).ok_or_else(lacks)?.clone()])
            }
        };
        let last = shape.iter().zip(strides).try_fold(0_usize, |last, (&dim, &stride)| {
            last.checked_add((dim - 1).checked_mul(stride)?)
        });
        let range = || {
            let start = offset.checked_mul(element.size())?;
            let len = last?.checked_add(1)?.checked_mul(element.size())?;
            Some(start..start.checked_add(len)?)
        };
        // A tensor may repeat its elements, but not without bounds.
        if count > storage.len().max(self.bytes.len()) {
            return Err(format!("a tensor of {count} elements in a smaller file"));
        }
        let used = range().and_then(|range| storage.get(range)).ok_or_else(lacks)?;
        let values = to_f32(used, *element)?;
        let mut place = vec![0; shape.len()];
        let mut gathered = Vec::with_capacity(count);
        for _ in 0..count {
            let at =
                place.iter().zip(strides).map(|(&index, &stride)| index * stride).sum::<usize>();
            gathered.push(values[at]);
            for (index, &dim) in place.iter_mut().zip(shape).rev() {
                *index += 1;
                if *index < dim {
                    break;
                }
                *index = 0;
            }
        }
        Ok(Tensor { shape: shape.clone(), values: gathered })
    }
}

fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK") || (!bytes.starts_with(b"\x80") && members(bytes).is_ok())
}

/// Key and element type of the storage that a persistent id ("storage", class, key, device, size, ...)
/// names.
fn storage(pickle: &Pickle, persistent: Id) -> Option<(&str, Element)> {
    let &[kind, class, key, ..] = pickle.list(persistent)? else { return None };
    let (_, class) = pickle.global(class)?;
    (pickle.text(kind)? == "storage").then_some(())?;
    Some((pickle.text(key)?, Element::of_storage(class)))
}

fn to_f32(bytes: &[u8], element: Element) -> Result<Vec<f32>, String> {
    let dtype = match element {
        Element::Signed => return Ok(bytes.iter().map(|&byte| f32::from(byte as i8)).collect()),
        Element::Other => return Err("a tensor of other elements than floats or integers".into()),
        Element::Candle(dtype) => dtype,
    };
    let count = bytes.len() / dtype.size_in_bytes();
    let tensor = candle_core::Tensor::from_raw_buffer(bytes, dtype, &[count], &Device::Cpu);
    let values = tensor.and_then(|tensor| tensor.to_dtype(DType::F32)?.to_vec1());
    values.map_err(|error| crate::error::TrainingError::from(error).to_string())
}
