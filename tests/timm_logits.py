"""Compares networks of timm, with random weights, with the same networks of nas: the number of
parameters, and the logits of the imported state dict in nas's engine, in the network as it is
trained, and in ONNX Runtime.

    pip install numpy onnxruntime safetensors timm torch
    cargo build --release && cargo build --release -p training --example logits
    python3 tests/timm_logits.py target/release lcnet_050=lcnet@width=0.5 lcnet_100=lcnet

Every pair TIMM=NET is compared at 160, 192 and 224 px and with 10 and 1000 classes. Nothing is
downloaded. The exit code is 1 if anything differs.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import onnxruntime
import timm
import torch
from safetensors.torch import load_file, save_file

TOLERANCE = 1e-4  # The largest error that is accepted, relative to the largest logit.


def random_model(name, classes):
    """A model of timm, none of whose statistics, scales and biases are those that it starts with."""
    model = timm.create_model(name, num_classes=classes).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, 0, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.normal_(module.bias, 0, 0.2)
        elif isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            torch.nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                torch.nn.init.normal_(module.bias, 0, 0.2)
    return model


def largest_error(found, expected):
    """The largest difference, relative to the largest logit."""
    assert found.shape == expected.shape, (found.shape, expected.shape)
    return float((found - expected).abs().max() / expected.abs().max())


def compare(binaries, timm_name, net, resolution, classes, folder):
    """Prints a line on one comparison and returns whether both are the same network."""
    def run(*arguments):
        command = [binaries / arguments[0], *map(str, arguments[1:])]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    separator = "," if "@" in net else "@"
    net = f"{net}{separator}resolution={resolution},classes={classes}"
    state, weights, image, logits, trained, graph = (
        folder / name
        for name in ["state.safetensors", "w", "x.safetensors", "y.safetensors", "z.safetensors", "net.onnx"]
    )
    model = random_model(timm_name, classes)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, state)
    x = torch.randn(2, 3, resolution, resolution)
    save_file({"input": x}, image)
    with torch.no_grad():
        expected = model(x)
    params = sum(parameter.numel() for parameter in model.parameters())
    counted = json.loads(run("nas", "describe", net, "--json"))["params"]
    run("nas", "import", "--from", "timm", net, state, "--weights", weights)
    run("nas", "infer", net, "--weights", weights, "--input", image, "--output", logits)
    run("nas", "export", net, "--weights", weights, "--onnx", graph)
    run("examples/logits", weights, image, trained)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    [name] = [value.name for value in session.get_inputs()]
    of_onnx = torch.cat([torch.from_numpy(session.run(None, {name: one[None].numpy()})[0]) for one in x])
    found = [load_file(logits)["logits"], load_file(trained)["logits"], of_onnx]
    errors = [largest_error(logits, expected) for logits in found]
    same = counted == params and max(errors) < TOLERANCE
    print(f"{'same' if same else 'DIFFERENT'}: {timm_name}, {net}: {counted:,} of {params:,} parameters, "
          f"largest relative error {errors[0]:.1e} in the engine, {errors[1]:.1e} as trained, "
          f"{errors[2]:.1e} in ONNX Runtime", flush=True)
    return same


def main(binaries, *pairs):
    torch.manual_seed(0)
    assert pairs, __doc__
    same = []
    for timm_name, net in (pair.split("=", 1) for pair in pairs):
        for resolution in [160, 192, 224]:
            for classes in [10, 1000]:
                with tempfile.TemporaryDirectory() as folder:
                    same.append(compare(pathlib.Path(binaries), timm_name, net, resolution, classes, pathlib.Path(folder)))
    print(f"{sum(same)} of {len(same)} comparisons are the same")
    sys.exit(not all(same))


main(*sys.argv[1:])
