"""Top-1 of an ONNX file in onnxruntime on the test images of FOLDER/val/CLASS/*.

usage: onnx_top1.py FILE.onnx FOLDER pillow|zune [LOGITS.npy]

Images are prepared as `nas` does, here in numpy: the largest square in the middle, a triangle filter
as wide as the step between output pixels (or one pixel where it enlarges), rounded to bytes, and
ImageNet's mean and deviation. Files are decoded by Pillow (libjpeg-turbo) or, JPEG alone, by zune-jpeg
0.5.15 as in `nas` (kornia_rs 0.2.0 has it). LOGITS.npy keeps the logits.
"""
import json, pathlib, sys
import numpy as np, onnxruntime
from PIL import Image

MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])

def triangle(old, new):
    """[new, old]: the share that each old pixel has in a new one."""
    ratio = old / new
    centre = (np.arange(new)[:, None] + 0.5) * ratio - 0.5
    weight = np.maximum(0, 1 - np.abs(np.arange(old) - centre) / max(ratio, 1))
    return weight / weight.sum(1, keepdims=True)

def decoded(path):
    if sys.argv[3] == "zune":
        import kornia_rs
        return kornia_rs.io.read_image_jpeg(str(path), "rgb")
    return np.asarray(Image.open(path).convert("RGB"))

def prepared(path, side):
    pixels = decoded(path)
    short = min(pixels.shape[:2])
    top, left = ((length - short) // 2 for length in pixels.shape[:2])
    pixels = pixels[top:top + short, left:left + short].astype(np.float32)
    if short != side:
        share = triangle(short, side)
        pixels = np.floor(share @ (share @ pixels.transpose(2, 0, 1)).swapaxes(1, 2) + 0.5).clip(0, 255).T
    return ((pixels.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
side = session.get_inputs()[0].shape[2]
folder = pathlib.Path(sys.argv[2])
classes = sorted(path.name for path in (folder / "train").iterdir() if path.is_dir())
files = [(path, label) for label, name in enumerate(classes) for path in sorted((folder / "val" / name).iterdir())]
logits = []
for start in range(0, len(files), 50):
    images = np.stack([prepared(path, side) for path, _ in files[start:start + 50]])
    logits.append(session.run(None, {"input": images.astype(np.float32)})[0])
logits = np.concatenate(logits)
hits = int((logits.argmax(1) == [label for _, label in files]).sum())
if len(sys.argv) > 4:
    np.save(sys.argv[4], logits)
print(json.dumps({"top1": hits / len(files), "hits": hits, "images": len(files), "side": side}))
