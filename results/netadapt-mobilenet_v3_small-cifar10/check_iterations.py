"""Exports the network of every iteration of an adaptation and compares onnxruntime's logits with `nas infer`'s.

usage: check_iterations.py NAS FOLDER
"""
import pathlib, subprocess, sys, tempfile
import numpy as np, onnxruntime
from safetensors.numpy import load_file, save_file

nas, folder = sys.argv[1], pathlib.Path(sys.argv[2])
worst = 0.0
networks = sorted((folder / "iterations").glob("*.ron"))
with tempfile.TemporaryDirectory() as place:
    place = pathlib.Path(place)
    for ron in networks:
        weights = ron.with_suffix(".safetensors")
        onnx = place / "net.onnx"
        subprocess.run([nas, "export", ron, "--weights", weights, "--onnx", onnx, "--quiet"], check=True, capture_output=True)
        session = onnxruntime.InferenceSession(str(onnx), providers=["CPUExecutionProvider"])
        shape = [size if isinstance(size, int) else 1 for size in session.get_inputs()[0].shape]
        x = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        save_file({"input": x}, place / "x.safetensors")
        subprocess.run([nas, "infer", ron, "--weights", weights, "--input", place / "x.safetensors",
                        "--output", place / "y.safetensors", "--quiet"], check=True, capture_output=True)
        ours = next(iter(load_file(place / "y.safetensors").values()))
        theirs = session.run(None, {session.get_inputs()[0].name: x})[0]
        worst = max(worst, float(np.abs(ours - theirs).max() / np.abs(theirs).max()))
print(f"{len(networks)} networks; largest difference {worst:.1e} of the largest logit")
