"""Kills `nas train` at random moments, goes on with --resume, and lets the last start finish.

usage: killed.py KILLS LONGEST SEED NAS train NET ... --out DIR   (a start lives 1 to LONGEST seconds)
"""
import pathlib, random, subprocess, sys

kills, longest, seed, command = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
history = pathlib.Path(command[command.index("--out") + 1], "history.jsonl")
moments = random.Random(seed)
for kill in range(kills):
    process = subprocess.Popen(command + (["--resume"] if kill else []))
    after = moments.uniform(1, longest)
    try:
        process.wait(after)
        sys.exit(f"the run had ended before kill {kill + 1}")
    except subprocess.TimeoutExpired:
        process.kill()  # SIGKILL
    epochs = len(history.read_text().splitlines()) if history.exists() else 0
    print(f"kill {kill + 1}: after {after:.1f} s, exit {process.wait()}, {epochs} epochs done", flush=True)
sys.exit(subprocess.run(command + ["--resume"]).returncode)
