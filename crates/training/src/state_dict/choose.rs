//! Which state dict of a file is taken, and the prefix of its tensors' names.

use std::collections::{BTreeMap, BTreeSet};

use super::{StateDict, StateFile};
use crate::error::TrainingError;
use crate::tensors::{Shapes, Tensor};

/// Modules that wrap others and appear in the names of their tensors: `DataParallel`,
/// `torch.compile`, FSDP and activation checkpointing.
const WRAPPERS: [&str; 4] =
    ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];

/// Words of keys under which training scripts store averaged weights.
const AVERAGED: [&str; 5] = ["ema", "swa", "averaged", "average", "avg"];

/// The tensor in which `torch.optim.swa_utils.AveragedModel` counts.
const COUNT_OF_AVERAGED: &str = "n_averaged";

/// Where in a file a state dict was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateDictSource {
    /// The keys that lead to it, joined by dots; empty if it is the whole file.
    pub key: String,
    /// What stands before every name, such as `module.`; empty in most files.
    pub prefix: String,
    /// Whether its weights are averages over training steps.
    pub is_average: bool,
    /// The keys of the other state dicts of the same network.
    pub other_keys: Vec<String>,
    /// Number of tensors without the prefix, which are not used.
    pub outside: usize,
}

/// A state dict of a file that was chosen for a framework's network.
pub(crate) struct Chosen<'a> {
    file: &'a StateFile,
    dict: &'a StateDict,
    /// The names in the file by the names without prefix and wrappers.
    names: BTreeMap<String, String>,
    pub(crate) source: StateDictSource,
}

impl StateFile {
    /// Chooses the state dict that has one of the tensors `anchors`, with any prefix: the one of the
    /// key `key`, or else averaged weights, or else the only one.
    ///
    /// # Errors
    /// [`TrainingError::File`]: no such state dict, or several that are equally good.
    pub(crate) fn choose(
        &self,
        anchors: &[&str],
        key: Option<&str>,
    ) -> Result<Chosen<'_>, TrainingError> {
        let mut found: Vec<Chosen<'_>> =
            self.dicts.iter().flat_map(|dict| self.chosen(dict, anchors)).collect();
        let labels: Vec<String> = found.iter().map(|chosen| chosen.source.label()).collect();
        if let Some(key) = key {
            if !found.is_empty() && !found.iter().any(|chosen| chosen.source.matches(key)) {
                let labels = labels.join(", ");
                return Err(TrainingError::setting("state_key", &key, format!("one of {labels}")));
            }
            found.retain(|chosen| chosen.source.matches(key));
        } else if found.iter().any(|chosen| chosen.source.is_average) {
            found.retain(|chosen| chosen.source.is_average);
        }
        if found.len() > 1 {
            let several: Vec<String> = found.iter().map(|chosen| chosen.source.label()).collect();
            let expected = format!("one of them: {}", several.join(", "));
            return Err(TrainingError::setting("state_key", &"several state dicts", expected));
        }
        let Some(mut chosen) = found.pop() else { return Err(self.no_anchor(anchors)) };
        let label = chosen.source.label();
        chosen.source.other_keys = labels.into_iter().filter(|other| *other != label).collect();
        Ok(chosen)
    }

    /// The state dicts that begin in `dict`, one for each prefix of an anchor.
    fn chosen<'a>(&'a self, dict: &'a StateDict, anchors: &[&str]) -> Vec<Chosen<'a>> {
        let mut originals: BTreeMap<String, String> = BTreeMap::new();
        for name in dict.shapes.keys() {
            originals.entry(unwrapped(name)).or_insert_with(|| name.clone());
        }
        let prefix_of = |name: &String| -> Option<String> {
            let before = anchors.iter().find_map(|anchor| name.strip_suffix(anchor))?;
            (before.is_empty() || before.ends_with('.')).then(|| before.to_owned())
        };
        let prefixes: BTreeSet<String> = originals.keys().filter_map(prefix_of).collect();
        let chosen = prefixes.into_iter().map(|prefix| {
            let within = originals.iter().filter_map(|(name, original)| {
                Some((name.strip_prefix(&prefix)?.to_owned(), original.clone()))
            });
            let names: BTreeMap<String, String> =
                within.filter(|(name, _)| name != COUNT_OF_AVERAGED).collect();
            let first = anchors.iter().find_map(|anchor| Some((names.get(*anchor)?, anchor)));
            let shown = first.and_then(|(original, anchor)| original.strip_suffix(anchor));
            let key = dict.path.join(".");
            let source = StateDictSource {
                is_average: dict.shapes.contains_key(COUNT_OF_AVERAGED)
                    || is_averaged(&key)
                    || is_averaged(&prefix),
                key,
                prefix: shown.unwrap_or(&prefix).to_owned(),
                other_keys: Vec::new(),
                outside: if prefix.is_empty() { 0 } else { originals.len() - names.len() },
            };
            Chosen { file: self, dict, names, source }
        });
        chosen.collect()
    }

    fn no_anchor(&self, anchors: &[&str]) -> TrainingError {
        if let Some(module) = &self.module {
            return module.refused();
        }
        let names: Vec<&String> = self.dicts.iter().flat_map(|dict| dict.shapes.keys()).collect();
        let shown: Vec<&str> = names.iter().take(5).map(|name| name.as_str()).collect();
        let more = if names.len() > shown.len() { ", ..." } else { "" };
        let tensors = if names.len() == 1 { "tensor" } else { "tensors" };
        let found = format!("{} {tensors} ({}{more})", names.len(), shown.join(", "));
        TrainingError::NoStateDict {
            found,
            expected: format!("a tensor {}", anchors.join(", or ")),
        }
    }
}

impl Chosen<'_> {
    /// The shapes of the tensors by their names without the prefix.
    pub(crate) fn shapes(&self) -> Shapes {
        let shape = |(name, original): (&String, &String)| {
            Some((name.clone(), self.dict.shapes.get(original)?.clone()))
        };
        self.names.iter().filter_map(shape).collect()
    }

    /// Reads the elements of a tensor by its name without the prefix.
    ///
    /// # Errors
    /// [`TrainingError::File`]: elements that the file lacks or that are no numbers.
    pub(crate) fn tensor(&self, name: &str) -> Result<Tensor, TrainingError> {
        let original = self.names.get(name).map_or(name, String::as_str);
        self.file.tensor(self.dict, original)
    }
}

impl StateDictSource {
    /// Key and prefix, by which the state dict is chosen.
    fn label(&self) -> String {
        let wrapped =
            self.prefix.split('.').all(|part| part.is_empty() || WRAPPERS.contains(&part));
        let prefix = if wrapped { "" } else { self.prefix.trim_end_matches('.') };
        match (self.key.is_empty(), prefix.is_empty()) {
            (true, true) => "the whole file".to_owned(),
            (true, false) => prefix.to_owned(),
            (false, true) => self.key.clone(),
            (false, false) => format!("{}.{prefix}", self.key),
        }
    }

    fn matches(&self, key: &str) -> bool {
        self.key == key || self.label() == key
    }
}

/// A name without the modules that wrap others.
fn unwrapped(name: &str) -> String {
    let parts = name.split('.').filter(|part| !WRAPPERS.contains(part));
    parts.collect::<Vec<_>>().join(".")
}

fn is_averaged(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| AVERAGED.contains(&word.to_ascii_lowercase().as_str()))
}
