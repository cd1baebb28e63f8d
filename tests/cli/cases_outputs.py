"""Places that cannot be written, and files of statistics and models that do not belong together."""
import os
import shutil
import subprocess

from files import both, cut, npy, replace, write
from harness import Case, Skip, complaints, difference

PIXELS = " --set data_preprocess_param.preset=u1"
STATS = "stats m.onnx --data calib --output {}" + PIXELS
QUANTIZE = "quantize m.onnx --data calib --output {}" + PIXELS
RUN = "run m.onnx --output out"


def stats_file(folder, world):
    world.must(folder, "stats m.onnx --data calib --output m.qstat --quiet")


def closed(folder, world):
    if os.geteuid() == 0:
        raise Skip("root may write everywhere")
    (folder / "out").chmod(0o555)


def small_disk(options):
    """A file system in memory in the place of out/."""
    def before(folder, world):
        if not shutil.which("mount") or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder / "out"],
                                                       stderr=subprocess.DEVNULL, check=False).returncode:
            raise Skip("no file system can be mounted here")
    return before


def unmount(folder, world):
    subprocess.run(["umount", str(folder / "out")], check=True)


def on_small_disk(name, command, options, message, *before):
    return Case(name, command, 6, message, before=both(*before, small_disk(options)), after=unmount)


def whole_statistics_stay(result):
    """The slow part is kept when only the model did not fit, and it is whole."""
    names = sorted(path.name for path in (result.folder / "out").iterdir())
    if names != ["m.qstat"]:
        return [f"out/ holds {names}, expected m.qstat alone"]
    result.world.must(result.folder, "emit out/m.qstat --model m.onnx --output made --quiet")
    message = "steelyard: target GENERIC: out/m.generic.onnx: cannot be written: No space left on device\n"
    return difference("stderr", message, complaints(result.stderr))


def copy(folder, name):
    (folder / name).write_bytes((folder / "m.onnx").read_bytes())


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


CASES = [
    Case("stats to a folder", STATS.format("out"), 1,
         "steelyard: --output out: is a folder; name the .qstat file to write\n"),
    Case("stats into a missing folder", STATS.format("none/m.qstat"), 6,
         "steelyard: none/m.qstat: cannot be written: No such file or directory\n"),
    Case("stats below a file", STATS.format("m.onnx/m.qstat"), 6,
         "steelyard: m.onnx/m.qstat: cannot be written: Not a directory\n"),
    Case("stats over the model", STATS.format("m.onnx"), 1,
         "steelyard: --output m.onnx: is the model; name the .qstat file to write\n"),
    Case("stats into a read-only folder", STATS.format("out/m.qstat"), 6,
         "steelyard: out/m.qstat: cannot be written: Permission denied\n", before=closed),
    Case("stats to a device", STATS.format("/dev/full"), 6,
         "steelyard: /dev/full: is a device or a pipe, a file was to be written there\n"),
    Case("quantize below a file", QUANTIZE.format("m.onnx/out"), 6,
         "steelyard: m.onnx: is a file, a folder was expected\n"),
    Case("quantize to a file", QUANTIZE.format("eval_labels.txt"), 6,
         "steelyard: eval_labels.txt: is a file, a folder was expected\n"),
    Case("quantize into a read-only folder", QUANTIZE.format("out"), 6,
         "steelyard: out/manifest.json: cannot be written: Permission denied\n", before=closed),
    Case("run below a file", "run m.onnx --output m.onnx/out --input image=x.npy", 6,
         "steelyard: m.onnx: is a file, a folder was expected\n", before=write("x.npy", npy((1, 1, 24, 24)))),
    Case("emit below a file", "emit m.qstat --model m.onnx --output m.onnx/out", 6,
         "steelyard: m.onnx: is a file, a folder was expected\n", before=stats_file),
    Case("emit with statistics of another model", "emit m.qstat --model m.onnx --output out", 5,
         "steelyard: m.qstat holds statistics of another model (SHA-256 3a9192f4cb2f...) than m.onnx "
         "(1fb28a2c2759...): run 'steelyard stats' again\n",
         before=both(stats_file, replace("m.onnx", b"examples/digits/train.py", b"examples/digits/train.rb"))),
    Case("emit with damaged statistics", "emit m.qstat --model m.onnx --output out", 5,
         "steelyard: m.qstat is damaged: its checksum does not fit its contents; make it again with `steelyard "
         "stats`\n", before=both(stats_file, lambda f, w: flip(f / "m.qstat", 5000))),
    Case("emit with truncated statistics", "emit m.qstat --model m.onnx --output out", 5,
         "steelyard: m.qstat is damaged: its checksum does not fit its contents; make it again with `steelyard "
         "stats`\n", before=both(stats_file, cut("m.qstat", -100))),
    Case("emit with an empty file", "emit m.qstat --model m.onnx --output out", 5,
         "steelyard: m.qstat is no statistics file of steelyard (.qstat)\n", before=write("m.qstat", "")),
    Case("emit with a model for statistics", "emit m.onnx --model m.onnx --output out", 5,
         "steelyard: m.onnx is no statistics file of steelyard (.qstat)\n"),
    Case("emit with missing statistics", "emit m.qstat --model m.onnx --output out", 6,
         "steelyard: m.qstat: No such file or directory\n"),
    Case("emit with a node to skip that is not there",
         "emit m.qstat --model m.onnx --output out --set common_quant_param.skip_quant_node=dens", 2,
         "steelyard: skip_quant_node names 'dens', which is no node of the model: did you mean 'dense'?\n",
         before=stats_file),
    Case("verify with a missing model", "verify m.onnx n.onnx --data calib" + PIXELS, 6,
         "steelyard: n.onnx: No such file or directory\n"),
    Case("verify with a model of other inputs", "verify m.onnx n.onnx --data calib" + PIXELS, 5,
         "steelyard: the float model has no input 'vapor': is the other model made of it?\n",
         before=both(lambda f, w: copy(f, "n.onnx"), replace("n.onnx", b"image", b"vapor"))),
    Case("verify with a model of other outputs", "verify m.onnx n.onnx --data calib" + PIXELS, 5,
         "steelyard: the quantized model has no output 'logits': is it made of this float model?\n",
         before=both(lambda f, w: copy(f, "n.onnx"), replace("n.onnx", b"logits", b"chance"))),
    Case("verify as a target without an arithmetic", "verify m.onnx m.onnx --data calib --as NVGPU" + PIXELS, 1,
         "steelyard: --as NVGPU: there is an integer arithmetic of DSP only\n"),
    Case("verify with statistics for a model", "verify m.onnx m.qstat --data calib" + PIXELS, 3,
         "steelyard: m.qstat: this is not an ONNX model, nor a kind of file that we recognise\n", before=stats_file),
    on_small_disk("stats on a full disk", STATS.format("out/m.qstat"), "size=8k",
                  "steelyard: out/m.qstat: cannot be written: No space left on device\n"),
    on_small_disk("quantize on a full disk", QUANTIZE.format("out"), "size=8k",
                  "steelyard: out/m.qstat: cannot be written: No space left on device\n"),
    on_small_disk("emit on a full disk",
                  "emit m.qstat --model m.onnx --output out --set full_quant_param.bias_correction=false", "size=16k",
                  "steelyard: target GENERIC: out/m.generic.onnx: cannot be written: No space left on device\n",
                  stats_file),
    on_small_disk("run on a full disk", RUN + " --input image=x.npy", "nr_inodes=1",
                  "steelyard: out/logits.npy: cannot be written: No space left on device\n",
                  write("x.npy", npy((1, 1, 24, 24)))),
    on_small_disk("stats on a read-only disk", STATS.format("out/m.qstat"), "ro",
                  "steelyard: out/m.qstat: cannot be written: Read-only file system\n"),
    on_small_disk("quantize on a read-only disk", QUANTIZE.format("out"), "ro",
                  "steelyard: out/manifest.json: cannot be written: Read-only file system\n"),
    Case("quantize where only the statistics fit", QUANTIZE.format("out"), 6, before=small_disk("size=32k"),
         check=whole_statistics_stay, after=unmount),
    Case("run without its input", RUN, 1, "steelyard: input 'image' is missing: --input image=FILE.npy\n"),
    Case("run with an input twice", RUN + " --input image=x.npy --input image=x.npy", 1,
         "steelyard: --input image=x.npy: 'image' was given before\n", before=write("x.npy", npy((1, 1, 24, 24)))),
    Case("run with an unknown input", RUN + " --input picture=x.npy", 1,
         "steelyard: --input picture=x.npy: the model has no input 'picture'; its inputs are 'image'\n"),
    Case("run with an input that names no file", RUN + " --input image", 1,
         "steelyard: --input image: expected NAME=FILE.npy\n"),
    Case("run with a missing file", RUN + " --input image=x.npy", 6, "steelyard: x.npy: No such file or directory\n"),
    Case("run with a file of the wrong shape", RUN + " --input image=x.npy", 5,
         "steelyard: x.npy: is [1,1,24,25] where input 'image' wants [1,1,24,24]\n",
         before=write("x.npy", npy((1, 1, 24, 25)))),
    Case("run with a file of the wrong rank", RUN + " --input image=x.npy", 5,
         "steelyard: x.npy: is [24,24] where input 'image' wants [1,1,24,24]\n", before=write("x.npy", npy((24, 24)))),
    Case("run with a file of integers", RUN + " --input image=x.npy", 5,
         "steelyard: x.npy: holds int64, input 'image' wants float32\n",
         before=write("x.npy", npy((1, 1, 24, 24), "<i8"))),
    Case("run with a truncated file", RUN + " --input image=x.npy", 5,
         "steelyard: x.npy: has 2301 bytes of elements where its shape needs 2304\n",
         before=write("x.npy", npy((1, 1, 24, 24))[:-3])),
    Case("run with a photograph", RUN + " --input image=calib/000.png", 5,
         "steelyard: calib/000.png: is no .npy file\n"),
]
