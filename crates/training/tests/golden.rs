//! Imports of state dicts written by PyTorch, compared with PyTorch's logits. The files are in
//! `shared/golden` beside the checkout or in the folder `NAS_GOLDEN`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use engine::Engine;
use search_space::published;
use training::{
    Backend, Framework, ImportSettings, Imported, Model, StateFile, TrainingError, WeightsFile,
    import, read_safetensors, write_weights,
};

const CASES: [(Framework, &str, &str); 4] = [
    (Framework::Timm, "mobilenet_v1@width=0.25", "timm_mobilenetv1_w025"),
    (Framework::Torchvision, "mobilenet_v2@width=0.35", "torchvision_mobilenet_v2_w035"),
    (Framework::Torchvision, "mobilenet_v3_small", "torchvision_mobilenet_v3_small"),
    (
        Framework::Torchvision,
        "shufflenet_v2_torchvision@width=0.5",
        "torchvision_shufflenet_v2_x0_5",
    ),
];

/// The folder of the files; without one, prints a line and returns `None`.
fn golden() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden");
    let folder = std::env::var_os("NAS_GOLDEN").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no {}", folder.display());
    None
}

/// `[batch, channels, height, width]` to `[batch, height, width, channels]`.
fn channels_last(values: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    let image = |planes: &[f32]| -> Vec<f32> {
        (0..channels * pixels).map(|at| planes[at % channels * pixels + at / channels]).collect()
    };
    values.chunks_exact(channels * pixels).flat_map(image).collect()
}

#[test]
fn logits_are_pytorchs() {
    let Some(folder) = golden() else { return };
    for (framework, name, file) in CASES {
        let bytes = std::fs::read(folder.join(format!("{file}.io.safetensors"))).unwrap();
        let (mut io, _) = read_safetensors(&bytes).unwrap();
        let (input, logits) = (io.remove("input").unwrap(), io.remove("logits").unwrap());
        let mut network = published::network(name).unwrap();
        network.input.resolution = input.shape[2];
        let state = StateFile::read(&folder.join(format!("{file}.safetensors"))).unwrap();
        let imported = import(&ImportSettings::new(framework), &network, &state).unwrap();
        let Imported { network, weights, .. } = imported;
        assert_eq!(network.classes, logits.shape[1]);
        // By way of a file, as users do it.
        let file = WeightsFile::read(&write_weights(&network, &weights).unwrap()).unwrap();
        let (network, weights) = file.fit(&network).unwrap();

        let graph = network.lower().unwrap();
        let images = channels_last(&input.values, 3, input.shape[2] * input.shape[3]);
        let stock = Backend::Stock { device: Device::Cpu, dtype: DType::F32 };
        let [fused, stock] = [Backend::Fused, stock].map(|backend| {
            let model = Model::new(&graph, backend, 0).unwrap();
            model.load(&weights).unwrap();
            model.logits(&images, 2).unwrap()
        });
        let mut engine = Engine::new(&graph, &weights, 1).unwrap();
        let each = images.chunks_exact(engine.image_len());
        let deployed: Vec<f32> = each.flat_map(|image| engine.run(image).to_vec()).collect();
        let largest = logits.values.iter().fold(0.0_f32, |largest, v| largest.max(v.abs()));
        for found in [fused, stock, deployed] {
            let off = found.iter().zip(&logits.values).map(|(a, b)| (a - b).abs());
            let off = off.fold(0.0_f32, f32::max) / largest;
            assert!(found.len() == logits.values.len() && off < 1e-4, "{name}: {off}");
        }
    }
}

/// An error lists everything that is wrong with a state dict.
#[test]
fn state_dicts_that_do_not_fit() {
    let Some(folder) = golden() else { return };
    let (framework, name, file) = CASES[1];
    let network = published::network(name).unwrap();
    let bytes = std::fs::read(folder.join(format!("{file}.safetensors"))).unwrap();
    let (mut state, _) = read_safetensors(&bytes).unwrap();
    let names: BTreeSet<String> = state.keys().cloned().collect();
    let weights: Vec<&String> = names.iter().filter(|n| n.ends_with("0.0.weight")).collect();
    let (missing, misshapen) = (weights[1], weights[2]);
    let tensor = state.remove(missing).unwrap();
    state.insert("extra".to_owned(), tensor);
    state.get_mut(misshapen).unwrap().shape = vec![1, 2, 3];
    let settings = ImportSettings::new(framework);
    let file = StateFile::of_tensors(state);
    let error: TrainingError = import(&settings, &network, &file).unwrap_err();
    let error = error.to_string();
    for part in [missing.as_str(), misshapen.as_str(), "extra"] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
}

/// The two ShuffleNetV2 of this project differ in their shortcuts.
#[test]
fn the_network_that_fits_is_named() {
    let Some(folder) = golden() else { return };
    let (framework, right, file) = CASES[3];
    let network = published::network("shufflenet_v2@width=0.5").unwrap();
    let state = StateFile::read(&folder.join(format!("{file}.safetensors"))).unwrap();
    let error = import(&ImportSettings::new(framework), &network, &state).unwrap_err().to_string();
    assert!(error.ends_with(&format!("hint: the file fits {right} of torchvision")), "{error}");
    assert!(error.lines().count() < 9, "{error}");
}
