"""What is said on the way: news and progress on standard error, results on standard output."""
import json

from harness import Case, complaints

STATS = "stats m.onnx --data calib --output out/m.qstat"
PIXELS = " --set data_preprocess_param.preset=u1"
REPORT = ("out/m.qstat: 12 tensors over 4 samples\n", "content hash ")


def report_alone(result):
    lines = result.stdout.splitlines(keepends=True)
    good = len(lines) == 2 and all(line.startswith(text) for line, text in zip(lines, REPORT))
    return ([] if good else [result.stdout]) + ([f"said: {result.stderr}"] if result.stderr else [])


def news(result):
    """Plain lines, for a pipe: no bar, no carriage return, and nothing to complain about."""
    wrong = [f"control character {character!r}" for character in "\r\033\b" if character in result.stderr]
    return wrong + ([complaints(result.stderr)] if complaints(result.stderr) else [])


def warned_once(result):
    """Samples to calibrate and samples to measure on earn the same warning."""
    warnings = [line for line in result.stderr.splitlines() if line.startswith("warning")]
    return [] if len(warnings) == 1 and "preset" in warnings[0] else warnings


def progress_of(lines):
    wrong, last = [], None
    for line in lines:
        row = json.loads(line)
        if sorted(row) != ["done", "elapsed_ms", "stage", "total"]:
            wrong.append(f"keys of {line}")
        if last and row["stage"] == last["stage"] and row["done"] < last["done"]:
            wrong.append(f"goes back: {line}")
        last = row
    if not last or last["done"] != last["total"]:
        wrong.append("does not end with done = total")
    return wrong


def json_among_news(result):
    return progress_of([line for line in result.stderr.splitlines() if line.startswith("{")])


def json_alone(result):
    return progress_of(result.stderr.splitlines())


def tensors_named(result):
    return [] if len(result.stderr.splitlines()) > 6 else ["--verbose says no more"]


def error_without_news(result):
    return [] if result.stderr == "steelyard: nothing: no such folder\n" and not result.stdout else [result.stderr]


CASES = [
    Case("piped", STATS + PIXELS, 0, check=news),
    Case("quiet", STATS + " --quiet", 0, check=report_alone),
    Case("quiet and wrong", STATS.replace("calib", "nothing") + " --quiet", 5, check=error_without_news),
    Case("progress as JSON", STATS + PIXELS + " --progress json", 0, check=json_among_news),
    Case("progress as JSON, quiet", STATS + PIXELS + " --progress json --quiet", 0, check=json_alone),
    Case("no progress", STATS + PIXELS + " --progress none", 0, check=news),
    Case("verbose", STATS + PIXELS + " --verbose", 0, check=tensors_named),
    Case("one warning for two sets of samples", "quantize m.onnx --data calib --labels eval_labels.txt --output out", 0,
         check=warned_once),
]
