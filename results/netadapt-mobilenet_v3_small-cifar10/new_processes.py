"""The latency of every iteration by new processes, as a ratio to the seed's, beside the run's own and the table's.

    python3 new_processes.py NAS RUN [ROUNDS]

RUN is the output folder of `nas netadapt`. The network of each iteration and the seed are measured in turn, each by a
process of its own; the ratio is the median over the rounds. Prints CSV.
"""

import csv
import json
import pathlib
import statistics
import subprocess
import sys


def latency(nas, network):
    command = [nas, "latency", str(network), "--measure", "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found["measured"]["p50_ms"], found["predicted_ms"]


def main():
    nas, run = sys.argv[1], pathlib.Path(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    with open(run / "trajectory.csv", newline="") as file:
        iterations = {int(line["iteration"]): float(line["measured_ms"]) for line in csv.DictReader(file)}
    seed = run / "iterations" / "000.ron"
    print("iteration,run,table,new_processes,run_off_percent,table_off_percent")
    for iteration, run_ms in iterations.items():
        if iteration == 0:
            continue
        ratios = []
        for _ in range(rounds):
            (seed_ms, seed_table_ms) = latency(nas, seed)
            (ms, table_ms) = latency(nas, run / "iterations" / f"{iteration:03}.ron")
            ratios.append(ms / seed_ms)
        ratio, in_run, table = statistics.median(ratios), run_ms / iterations[0], table_ms / seed_table_ms
        off = [100 * (value / ratio - 1) for value in (in_run, table)]
        print(f"{iteration},{in_run:.4f},{table:.4f},{ratio:.4f},{off[0]:+.1f},{off[1]:+.1f}", flush=True)


main()
