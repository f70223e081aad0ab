"""Runs peer.py and `nas bench training` in turn; a line of CSV for each pair.

usage: measure.py NAS PAIRS > speed.csv
"""
import json, subprocess, sys, pathlib

nas, pairs = sys.argv[1], int(sys.argv[2])
here = pathlib.Path(__file__).parent
print("network,threads,torch_images_per_s,nas_images_per_s,torch_mb,nas_mb")
for net in ["mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_torchvision", "mobilenet_v1@width=0.5"]:
    for threads in "2", "1":
        for _ in range(pairs):
            peer = subprocess.run([sys.executable, here / "peer.py", net, threads], capture_output=True, text=True)
            torch, torch_mb = peer.stdout.split()
            name = net + (",classes=10" if "@" in net else "@classes=10")
            ours = subprocess.run(["/usr/bin/time", "-f", "%M", nas, "bench", "training", name, "--batch", "64",
                                   "--resolution", "64", "--threads", threads, "--steps", "8", "--json"],
                                  capture_output=True, text=True)
            speed = json.loads(ours.stdout)["images_per_s"]
            nas_mb = int(ours.stderr.split()[-1]) // 1024
            print(f"{net},{threads},{torch},{speed:.1f},{torch_mb},{nas_mb}", flush=True)
