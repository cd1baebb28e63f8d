"""What every case of tests/cli needs: a folder with fixtures, the program run in it, and the comparison.

A case runs the program once, in a fresh folder that is also its working folder, so messages hold relative paths and are
compared whole. A refusal names the exit code and everything that is printed; it must leave the folder as it was.
"""
import dataclasses
import difflib
import hashlib
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
from typing import Callable, Optional

SAMPLES = 4  # photographs in calib/ and in eval/
TIMEOUT_S = 120

# A machine without OpenCL: what the program says does not depend on the drivers here. cases_devices.py looks at them.
NO_DRIVERS = {"SY_LIBOPENCL": "no-such-libOpenCL.so", "SY_LIBCUDA": "no-such-libcuda.so"}


class Skip(Exception):
    """A case that this machine does not allow; the text says why."""


@dataclasses.dataclass
class Case:
    """`stderr` and `stdout` are compared exactly; a function checks them in its own way, and then the folder.

    `before` changes the fixtures; for a refusal the folder must afterwards be what `before` left.
    """
    name: str
    command: str
    code: int
    stderr: str = ""
    stdout: str = ""
    before: Optional[Callable] = None
    check: Optional[Callable] = None
    after: Optional[Callable] = None  # undoes what removing the folder does not
    environment: dict = dataclasses.field(default_factory=lambda: NO_DRIVERS)


@dataclasses.dataclass
class Result:
    code: int
    stdout: str
    stderr: str
    folder: pathlib.Path
    world: "World"


class World:
    """The program under test, the repository, and fixtures that the program itself makes once."""

    def __init__(self, program, source):
        self.program = pathlib.Path(program).resolve()
        self.digits = pathlib.Path(source).resolve() / "examples" / "digits"
        self.scratch = tempfile.TemporaryDirectory(prefix="steelyard-cli-")
        self.base = pathlib.Path(self.scratch.name) / "base"
        self._make_base()

    def _make_base(self):
        """m.onnx, calib/ and eval/ with a few photographs, their labels, out/ (empty)."""
        self.base.mkdir()
        (self.base / "out").mkdir()
        shutil.copy(self.digits / "digits.onnx", self.base / "m.onnx")
        for folder in ("calib", "eval"):
            (self.base / folder).mkdir()
            labels = (self.digits / f"{folder}_labels.txt").read_text().splitlines()[:SAMPLES]
            (self.base / f"{folder}_labels.txt").write_text("\n".join(labels) + "\n")
            for photo in sorted((self.digits / folder).iterdir())[:SAMPLES]:
                shutil.copy(photo, self.base / folder)

    def folder(self, name):
        path = pathlib.Path(self.scratch.name) / name
        shutil.copytree(self.base, path)
        return path

    def run(self, folder, command, environment=None):
        done = subprocess.run([str(self.program), *shlex.split(command)], cwd=folder, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=TIMEOUT_S, check=False,
                              env={**os.environ, **(NO_DRIVERS if environment is None else environment)})
        return Result(done.returncode, done.stdout.decode(errors="backslashreplace"),
                      done.stderr.decode(errors="backslashreplace"), folder, self)

    def must(self, folder, command):
        """Makes a fixture: anything but success ends the group."""
        result = self.run(folder, command)
        if result.code:
            raise RuntimeError(f"steelyard {command}: exit code {result.code}\n{result.stderr}")
        return result

    def close(self):
        self.scratch.cleanup()


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def complaints(stderr):
    """Without what the program tells on its way; cases_console looks at that."""
    news = ("fuse: ", "device ", "input image: no geometry", "stats: ")
    return "".join(line for line in stderr.splitlines(keepends=True) if not line.startswith(news))


def tree(folder):
    """Every file and folder below, with what is in it."""
    return {str(path.relative_to(folder)): sha256(path) if path.is_file() else "folder" for path in folder.rglob("*")}


def difference(what, expected, found):
    if expected == found:
        return []
    lines = difflib.unified_diff(expected.splitlines(), found.splitlines(), f"{what} expected", f"{what} found",
                                 lineterm="")
    return list(lines) or [f"{what}: differs in its last newline"]


def changes(before, after):
    return [f"the folder changed: {name}" for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)]


def judge(case, world):
    """What is wrong with the case, a line each."""
    folder = world.folder(case.name.replace(" ", "-").replace("/", "-"))
    if case.before:
        case.before(folder, world)
    try:
        return judge_in(folder, case, world)
    finally:
        if case.after:
            case.after(folder, world)


def judge_in(folder, case, world):
    before = tree(folder)
    result = world.run(folder, case.command, case.environment)
    wrong = [] if result.code == case.code else [f"exit code {result.code}, expected {case.code}"]
    if case.check:
        if wrong:
            return wrong + result.stderr.splitlines()
        return case.check(result) or []
    wrong += difference("stderr", case.stderr, complaints(result.stderr))
    wrong += difference("stdout", case.stdout, result.stdout)
    if case.code:
        wrong += changes(before, tree(folder))
    return wrong


def run_group(cases, world):
    failed = skipped = 0
    for case in cases:
        try:
            wrong = judge(case, world)
        except Skip as reason:
            print(f"SKIP  {case.name}: {reason}")
            skipped += 1
            continue
        except subprocess.TimeoutExpired:
            wrong = [f"hangs: no end after {TIMEOUT_S} s"]
        print(f"{'FAIL' if wrong else 'ok  '}  {case.name}")
        for line in [f"steelyard {case.command}", *wrong] if wrong else []:
            print(f"      {line}")
        failed += bool(wrong)
    print(f"{len(cases)} cases, {failed} failed, {skipped} skipped")
    return failed
