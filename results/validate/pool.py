"""Errors of predictions over the files SPACE-ROUND.csv beside this script: python3 results/validate/pool.py"""

import csv
import pathlib
import statistics

FOLDER = pathlib.Path(__file__).parent
SPACES = ["mnasnet", "mobilenet_v3", "mixed"]
ROUNDS = [1, 2, 3]


def read(space, round_):
    with open(FOLDER / f"{space}-{round_}.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["genotype"]: (float(row["predicted_ms_1"]), float(row["measured_ms_1"])) for row in rows}


def line(name, errors):
    size = [abs(error) for error in errors]
    within = [100 * sum(e <= limit for e in size) / len(size) for limit in (0.05, 0.1)]
    print(
        f"{name:38} {len(errors):5} {100 * statistics.mean(size):6.2f} {100 * statistics.mean(errors):+6.2f} "
        f"{100 * max(size):6.1f} {within[0]:8.1f} {within[1]:9.1f}"
    )


pooled = {"each process": [], "median of the processes": [], "repeat floor": []}
print(f"{'':38} {'n':>5} {'MAPE':>6} {'bias':>6} {'worst':>6} {'5 % off':>8} {'10 % off':>9}   (%)")
for space in SPACES:
    rounds = [read(space, round_) for round_ in ROUNDS]
    median = lambda genotype, of: statistics.median(one[genotype][of] for one in rounds)
    errors = {
        "each process": [p / m - 1 for one in rounds for p, m in one.values()],
        "median of the processes": [median(g, 0) / median(g, 1) - 1 for g in rounds[0]],
        "repeat floor": [a[g][1] / b[g][1] - 1 for a, b in zip(rounds, rounds[1:]) for g in a],
    }
    for name, values in errors.items():
        pooled[name] += values
        line(f"{space}, {name}", values)
for name, values in pooled.items():
    line(f"pooled, {name}", values)
