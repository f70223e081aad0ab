//! Files with state dicts: safetensors files, and checkpoints of `torch.save` in the forms that
//! training scripts leave behind.

mod archive;
mod choose;
mod claims;
pub(crate) mod other_files;
mod pickle;
mod torch_file;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

pub(crate) use choose::Chosen;
pub use choose::StateDictSource;
pub use claims::ModelClaims;
use other_files::{OtherFile, looks_like_safetensors};
use pickle::{Id, Value};
use torch_file::{StoredTensor, TorchFile};

use crate::error::TrainingError;
use crate::tensor_file::{bad_file, read_safetensors};
use crate::tensors::{Shapes, Tensor, Tensors};

/// How many dicts may lie around a state dict.
const DEPTH: usize = 4;

/// A file with one or more state dicts.
#[derive(Debug)]
pub struct StateFile {
    content: Content,
    dicts: Vec<StateDict>,
    module: Option<Module>,
    claims: ModelClaims,
}

#[derive(Debug)]
enum Content {
    Safetensors(Tensors),
    Torch(TorchFile),
}

/// A pickled network, whose tensors cannot be read.
#[derive(Debug)]
struct Module {
    /// Its class with the Python module.
    class: String,
    /// The keys that lead to it.
    path: Vec<String>,
}

/// The form of a file with state dicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFileFormat {
    /// A safetensors file.
    Safetensors,
    /// A file of `torch.save`.
    Torch,
    /// A file of `torch.save` before PyTorch 1.6, which is no zip archive.
    TorchBefore16,
}

impl StateFileFormat {
    /// The name in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Torch => "torch",
            Self::TorchBefore16 => "torch-before-1.6",
        }
    }

    /// The framework that wrote the file, for screens.
    pub fn words(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Torch => "PyTorch",
            Self::TorchBefore16 => "PyTorch before 1.6",
        }
    }
}

/// A dict of a file that has tensors.
#[derive(Debug)]
struct StateDict {
    /// The keys that lead to it; empty if it is the whole file.
    path: Vec<String>,
    shapes: Shapes,
    stored: BTreeMap<String, StoredTensor>,
}

impl StateFile {
    /// Reads a safetensors file or a file of `torch.save`; the content decides which it is.
    ///
    /// # Errors
    /// [`TrainingError::File`]: a file that cannot be read, that is of another format or damaged, or
    /// that has no state dict.
    pub fn read(path: &Path) -> Result<Self, TrainingError> {
        let bytes = std::fs::read(path).map_err(|error| bad_file(error, EXPECTED))?;
        if looks_like_safetensors(&bytes) {
            let file = Self::of_tensors(read_safetensors(&bytes)?.0);
            return Ok(Self { claims: ModelClaims::of_name(path), ..file });
        }
        if !TorchFile::begins(&bytes) {
            let OtherFile { found, remedy } = OtherFile::of(&bytes);
            return Err(bad_file(found, format!("{EXPECTED}; {remedy}")));
        }
        let file = TorchFile::read(bytes).map_err(|found| bad_file(found, EXPECTED))?;
        let mut walk = Walk { file: &file, seen: HashSet::new(), dicts: Vec::new(), module: None };
        walk.visit(file.pickle.root, &mut Vec::new());
        let Walk { dicts, module, .. } = walk;
        if dicts.is_empty() {
            let nothing = || bad_file("a file of torch.save without tensors by name", EXPECTED);
            return Err(module.map_or_else(nothing, |module| module.refused()));
        }
        let claims = ModelClaims::of_name(path).or(ModelClaims::of_checkpoint(&file.pickle));
        Ok(Self { content: Content::Torch(file), dicts, module, claims })
    }

    /// A file whose only state dict is `tensors`.
    pub fn of_tensors(tensors: Tensors) -> Self {
        let shapes = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shape.clone()));
        let dict =
            StateDict { path: Vec::new(), shapes: shapes.collect(), stored: BTreeMap::new() };
        let content = Content::Safetensors(tensors);
        Self { content, dicts: vec![dict], module: None, claims: ModelClaims::default() }
    }

    /// The form of the file.
    pub fn format(&self) -> StateFileFormat {
        match &self.content {
            Content::Safetensors(_) => StateFileFormat::Safetensors,
            Content::Torch(file) if file.is_before_1_6() => StateFileFormat::TorchBefore16,
            Content::Torch(_) => StateFileFormat::Torch,
        }
    }

    /// What the checkpoint says of the network that it belongs to.
    pub fn claims(&self) -> &ModelClaims {
        &self.claims
    }

    /// The elements of a tensor.
    fn tensor(&self, dict: &StateDict, name: &str) -> Result<Tensor, TrainingError> {
        let tensor = match &self.content {
            Content::Safetensors(tensors) => tensors.get(name).cloned(),
            Content::Torch(file) => {
                let read =
                    |stored| file.elements(stored).map_err(|found| bad_file(found, EXPECTED));
                dict.stored.get(name).map(read).transpose()?
            }
        };
        tensor.ok_or_else(|| bad_file(format!("no tensor {name}"), EXPECTED))
    }
}

const EXPECTED: &str = "a state dict in a safetensors file or saved by torch.save";

/// The search for dicts with tensors in a file of `torch.save`.
struct Walk<'a> {
    file: &'a TorchFile,
    seen: HashSet<Id>,
    dicts: Vec<StateDict>,
    module: Option<Module>,
}

impl Walk<'_> {
    fn visit(&mut self, id: Id, path: &mut Vec<String>) {
        let pickle = &self.file.pickle;
        if path.len() > DEPTH || !self.seen.insert(id) {
            return;
        }
        if self.module.is_none() {
            let class = self.class_of_module(id);
            self.module = class.map(|class| Module { class, path: path.clone() });
        }
        let mut stored = BTreeMap::new();
        let mut inner = Vec::new();
        for &(key, value) in pickle.entries(id).unwrap_or_default() {
            let Some(key) = pickle.text(key) else { continue };
            match self.file.tensor(value) {
                Some(tensor) => _ = stored.insert(key.to_owned(), tensor),
                None => inner.push((key.to_owned(), value)),
            }
        }
        if !stored.is_empty() {
            let shapes = stored.iter().map(|(name, tensor)| (name.clone(), tensor.shape.clone()));
            self.dicts.push(StateDict { path: path.clone(), shapes: shapes.collect(), stored });
        }
        for (key, value) in inner {
            path.push(key);
            self.visit(value, path);
            path.pop();
        }
    }

    /// The class of a pickled `torch.nn.Module`: an object whose state has modules.
    fn class_of_module(&self, id: Id) -> Option<String> {
        let pickle = &self.file.pickle;
        let &Value::Call { of, state: Some(state), .. } = pickle.get(id) else { return None };
        pickle.entry(state, "_modules")?;
        let class = match pickle.get(of) {
            // Before 1.6: ("module", class, file, source).
            &Value::Persistent(id) => *pickle.list(id)?.get(1)?,
            _ => of,
        };
        let (module, name) = pickle.global(class)?;
        Some(format!("{module}.{name}"))
    }
}

impl Module {
    fn refused(&self) -> TrainingError {
        let keys: String = self.path.iter().map(|key| format!("[\"{key}\"]")).collect();
        bad_file(
            format!("a whole pickled network ({})", self.class),
            format!(
                "its state dict, as Python saves it: torch.save(torch.load(FILE, \
                 weights_only=False){keys}.state_dict(), \"state_dict.pth\")"
            ),
        )
    }
}
