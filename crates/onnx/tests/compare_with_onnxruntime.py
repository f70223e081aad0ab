"""Compares ONNX Runtime's logits with the engine's, for the cases that the example `cases` wrote.

    cargo run --release -p onnx --example cases -- DIR
    python3 crates/onnx/tests/compare_with_onnxruntime.py DIR
"""

import pathlib
import sys

import numpy
import onnxruntime

TOLERANCE = 1e-4  # The largest error that is accepted, relative to the largest logit.

folder = pathlib.Path(sys.argv[1])
files = sorted(folder.glob("*.onnx"))
worst = (0.0, None)
for file in files:
    case, form = file.stem.rsplit(".", 1)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    [shape] = [value.shape for value in session.get_inputs()]
    image = numpy.fromfile(folder / f"{case}.input", "<f4").reshape(1, *shape[1:])
    expected = numpy.fromfile(folder / f"{case}.logits", "<f4")
    copies = 3 if form == "dynamic" else 1
    [logits] = session.run(["logits"], {"input": numpy.repeat(image, copies, 0)})
    assert logits.shape == (copies, expected.size), (file, logits.shape)
    error = abs(logits - expected).max() / abs(expected).max()
    worst = max(worst, (float(error), file.name))
    if not error < TOLERANCE:
        print(f"{file.name}: {error:.2e}")
assert files, f"no ONNX files in {folder}"
print(f"{len(files)} files, largest relative error {worst[0]:.2e} ({worst[1]})")
sys.exit(not worst[0] < TOLERANCE)
