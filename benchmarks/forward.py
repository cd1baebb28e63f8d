#!/usr/bin/env python3
"""Our float forward against onnxruntime's, one thread each, batch 1, as a ratio of speeds.

    forward.py --program BUILD/benchmarks/benchmark.forward MODEL.onnx...

Both run in turn, a few runs each, many rounds; what counts is process CPU time and the fastest run of all, so that
what else the machine does changes little. Needs onnxruntime and numpy. --json prints one object instead of a table.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time


def onnxruntime_session(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def make_input(session):
    import numpy

    shape = [size if isinstance(size, int) and size > 0 else 1 for size in session.get_inputs()[0].shape]
    return numpy.random.default_rng(0).standard_normal(shape, dtype=numpy.float32)


class Ours:
    """benchmark.forward as a child that runs when it is asked to."""

    def __init__(self, program, model, x):
        self.file = tempfile.NamedTemporaryFile(suffix=".f32")
        self.file.write(x.tobytes())
        self.file.flush()
        self.child = subprocess.Popen([program, str(model), self.file.name], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)

    def run(self, count):
        self.child.stdin.write(f"{count}\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            sys.exit(f"forward.py: {self.child.args[0]} failed on {self.child.args[1]}")
        return float(line)

    def close(self):
        self.child.stdin.close()
        self.child.wait()
        self.file.close()


def run_theirs(session, feed, count):
    best = float("inf")
    for _ in range(count):
        start = time.process_time()
        session.run(None, feed)
        best = min(best, (time.process_time() - start) * 1e3)
    return best


def compare(program, model, rounds, runs):
    session = onnxruntime_session(model)
    x = make_input(session)
    feed = {session.get_inputs()[0].name: x}
    ours = Ours(program, model, x)
    ours.run(2), run_theirs(session, feed, 2)
    mine = theirs = float("inf")
    for _ in range(rounds):
        mine = min(mine, ours.run(runs))
        theirs = min(theirs, run_theirs(session, feed, runs))
    ours.close()
    return {"model": pathlib.Path(model).stem, "ours_ms": mine, "onnxruntime_ms": theirs, "ratio": theirs / mine}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--runs", type=int, default=8, help="in a row, in each round")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("models", nargs="+")
    options = parser.parse_args()
    results = [compare(options.program, model, options.rounds, options.runs) for model in options.models]
    if options.json:
        print(json.dumps(results))
        return
    print(f"{'model':32} {'ours':>9} {'onnxruntime':>12} {'speed':>6}")
    for r in results:
        print(f"{r['model']:32} {r['ours_ms']:6.2f} ms {r['onnxruntime_ms']:9.2f} ms {r['ratio']:6.2f}")


if __name__ == "__main__":
    main()
