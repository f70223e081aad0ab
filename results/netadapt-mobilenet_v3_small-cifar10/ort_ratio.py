"""Medians of onnxruntime (1 thread) on ONNX files, in turns.

usage: ort_ratio.py A.onnx B.onnx ...
"""
import statistics, sys, time
import numpy as np, onnxruntime

def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

sessions = [session(path) for path in sys.argv[1:]]
feeds = []
for s in sessions:
    shape = [size if isinstance(size, int) else 1 for size in s.get_inputs()[0].shape]
    feeds.append({s.get_inputs()[0].name: np.random.default_rng(0).standard_normal(shape, dtype=np.float32)})
medians = [[] for _ in sessions]
for _ in range(15):
    for s, feed, out in zip(sessions, feeds, medians):
        times = []
        for turn in range(60):
            start = time.perf_counter()
            s.run(None, feed)
            times.append(time.perf_counter() - start)
        out.append(statistics.median(times[10:]) * 1e3)
for path, out in zip(sys.argv[1:], medians):
    print(f"{path}: {statistics.median(out):.3f} ms ({statistics.median(out) / statistics.median(medians[0]):.3f})")
