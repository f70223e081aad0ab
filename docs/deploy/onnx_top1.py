"""Top-1 accuracy of an ONNX file that nas exported, on a folder with one folder of images for each
class. Class names and preprocessing are read from the metadata of the file.

    pip install numpy onnxruntime pillow
    python onnx_top1.py net.onnx photos/val
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def prepared(path, how):
    """The image in a file as the input of the network."""
    known = ["convert", "crop", "resize", "rescale", "normalize"], "center_square", "bilinear", True
    assert (how["steps"], how["crop"], how["interpolation"], how["antialias"]) == known
    image = ImageOps.exif_transpose(Image.open(path)).convert(how["channel_order"])
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    height, width = how["size"]
    # Pillow's filter is antialiasing, and leaves an image of this size as it is.
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, np.float64).reshape(height, width, -1)
    low, high = how["value_range"]
    values = (low + pixels / 255 * (high - low) - how["mean"]) / how["std"]
    return values.transpose(2, 0, 1)[None].astype(np.float32)


def main(network, folder):
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    names, how = json.loads(metadata["class_names"]), json.loads(metadata["preprocessing"])
    endings = {".jpg", ".jpeg", ".png", ".webp"}
    files = [path for path in sorted(Path(folder).rglob("*")) if path.suffix.lower() in endings]
    correct = 0
    for path in files:
        logits = session.run(None, {session.get_inputs()[0].name: prepared(path, how)})[0]
        correct += names[logits.argmax()] == path.relative_to(folder).parts[0]
    print(f"top-1 {100 * correct / len(files):.2f} % of {len(files)} images")


main(*sys.argv[1:])
