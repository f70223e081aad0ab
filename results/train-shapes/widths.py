"""Trains MobileNetV2 at three widths and two seeds on `--data shapes`; a JSON line for each run.

usage: widths.py NAS EPOCHS OUT_FOLDER > widths.jsonl
"""
import json, subprocess, sys

nas, epochs, out = sys.argv[1:]
for seed in "0", "1":
    for width in "0.25", "0.5", "1":
        run = subprocess.run([nas, "train", f"mobilenet_v2@width={width},classes=10", "--data", "shapes",
                              "--epochs", epochs, "--threads", "1", "--seed", seed, "--quiet", "--json",
                              "--out", f"{out}/{width}-{seed}"], capture_output=True, text=True, check=True)
        result = json.loads(run.stdout)
        print(json.dumps({"width": width, "seed": seed} | {k: result[k] for k in
              ("top1", "hold_out_top1", "best_epoch", "images_per_s", "seconds")}), flush=True)
