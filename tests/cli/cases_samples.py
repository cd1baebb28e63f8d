"""Samples and labels that are missing, damaged or do not fit."""
import shutil

from files import both, cut, npy, png, remove, write
from harness import Case

PIXELS = "--set data_preprocess_param.preset=u1"
STATS = "stats m.onnx --data {} --output out/m.qstat " + PIXELS


def refused(name, message, before=None, data="calib", more="", code=5):
    return Case(name, STATS.format(data) + more, code, f"{message}\n", before=before)


def labels(name, message, before=None, path="bad.txt", code=5):
    return Case(name, f"quantize m.onnx --data calib --labels {path} --output out {PIXELS}", code, f"{message}\n",
                before=before)


def empty_folder(folder, world):
    (folder / "s").mkdir()


def only_subfolders(folder, world):
    (folder / "s").mkdir()
    shutil.copytree(folder / "calib", folder / "s" / "one")


JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"

CASES = [
    refused("missing folder", "steelyard: nothing: no such folder", data="nothing"),
    refused("empty folder", "steelyard: s: the folder is empty", empty_folder, "s"),
    refused("folder without samples",
            "steelyard: s: none of its 2 files (such as notes.txt) is a sample by its name (photographs .jpg .jpeg "
            ".png .bmp .pnm .ppm .pgm, arrays .npy, raw elements .bin .raw .f16 .f32 .f64 .i8 .i16 .i32 .i64 .u8 "
            ".u16 .u32 .u64); set input_type if they are",
            both(write("s/notes.txt", "no picture"), write("s/more.md", "none")), "s"),
    refused("only subfolders",
            "steelyard: s: holds only folders (such as one) and no files: give one of them, or a labels file that "
            "lists the samples", only_subfolders, "s"),
    refused("only hidden files", "steelyard: s: the folder holds only hidden files",
            write("s/.hidden.png", png(24, 24)), "s"),
    refused("pattern that matches nothing", "steelyard: calib: none of the folder's 4 files matches *.bin",
            data="'calib/*.bin'"),
    refused("folder of an unknown input", "steelyard: --data: the model has no input picture; it has image",
            data="picture:calib", code=1),
    refused("folder for one input twice", "steelyard: --data: input image is given twice",
            data="image:calib,image:eval", code=1),
    refused("limit above the samples configured",
            "steelyard: calibrate_size = 9, but there are 4 samples: lower it, or leave it out for all",
            more=" --set data_preprocess_param.calibrate_size=9"),
    refused("corrupt photographs",
            "warning 1: bad sample: 001.png: is cut short: the end of the picture is missing\nwarning 2: bad "
            "sample: 003.jpg: is cut short: the end of the picture is missing\nsteelyard: 2 of 5 samples cannot be "
            "used: 001.png: is cut short: the end of the picture is missing; 003.jpg: is cut short: the end of the "
            "picture is missing (--allow-bad-samples or skip_bad_samples = true goes on without them)",
            both(cut("calib/001.png", 60), write("calib/003.jpg", JPEG))),
    refused("empty photograph",
            "warning 1: bad sample: 001.png: is empty\nsteelyard: 1 of 4 samples cannot be used: 001.png: is empty "
            "(--allow-bad-samples or skip_bad_samples = true goes on without them)", cut("calib/001.png", 0)),
    refused("text named as a photograph",
            "warning 1: bad sample: 001.png: is no JPEG, PNG, BMP or PNM photograph\nsteelyard: 1 of 4 samples "
            "cannot be used: 001.png: is no JPEG, PNG, BMP or PNM photograph (--allow-bad-samples or "
            "skip_bad_samples = true goes on without them)", write("calib/001.png", "text")),
    refused("all photographs corrupt, bad ones allowed",
            "warning 1: bad sample: 000.png: is cut short: the end of the picture is missing\nwarning 2: bad "
            "sample: 001.png: is cut short: the end of the picture is missing\nwarning 3: bad sample: 002.png: is "
            "cut short: the end of the picture is missing\nwarning 4: bad sample: 003.png: is cut short: the end "
            "of the picture is missing\nsteelyard: 4 of 4 samples cannot be used: 000.png: is cut short: the end "
            "of the picture is missing; 001.png: is cut short: the end of the picture is missing; 002.png: is cut "
            "short: the end of the picture is missing; 003.png: is cut short: the end of the picture is missing",
            both(*[cut(f"calib/00{i}.png", 60) for i in range(4)]), more=" --allow-bad-samples"),
    refused("raw file of the wrong size",
            "warning 1: bad sample: b.bin: has 2300 bytes where input image, [1,1,24,24] of float32, needs "
            "2304\nsteelyard: 1 of 2 samples cannot be used: b.bin: has 2300 bytes where input image, [1,1,24,24] "
            "of float32, needs 2304 (--allow-bad-samples or skip_bad_samples = true goes on without them)",
            both(write("s/a.bin", b"\0" * 2304), write("s/b.bin", b"\0" * 2300)), "s"),
    refused("npy of the wrong shape",
            "warning 1: bad sample: a.npy: is [1,24,25] where input image wants [1,1,24,24]\nsteelyard: 1 of 1 "
            "samples cannot be used: a.npy: is [1,24,25] where input image wants [1,1,24,24]",
            write("s/a.npy", npy((1, 24, 25))), "s"),
    refused("npy of complex numbers",
            "warning 1: bad sample: a.npy: its elements are of a type that is not read: save it as float32 or "
            "int64\nsteelyard: 1 of 1 samples cannot be used: a.npy: its elements are of a type that is not read: "
            "save it as float32 or int64", write("s/a.npy", npy((1, 1, 24, 24)).replace(b"<f4", b"<c8")), "s"),
    refused("npy truncated",
            "warning 1: bad sample: a.npy: has 2297 bytes of elements where its shape needs 2304\nsteelyard: 1 of "
            "1 samples cannot be used: a.npy: has 2297 bytes of elements where its shape needs 2304",
            write("s/a.npy", npy((1, 1, 24, 24))[:-7]), "s"),
    refused("npy with its header cut",
            "warning 1: bad sample: a.npy: is cut short: its header is not whole\nsteelyard: 1 of 1 samples cannot "
            "be used: a.npy: is cut short: its header is not whole", write("s/a.npy", npy((1, 1, 24, 24))[:40]), "s"),
    refused("npy in Fortran order",
            "warning 1: bad sample: a.npy: it is in Fortran order: save it with "
            "numpy.ascontiguousarray\nsteelyard: 1 of 1 samples cannot be used: a.npy: it is in Fortran order: "
            "save it with numpy.ascontiguousarray", write("s/a.npy", npy((1, 1, 24, 24), fortran=True)), "s"),
    refused("npy that is not one",
            "warning 1: bad sample: a.npy: is no .npy file\nsteelyard: 1 of 1 samples cannot be used: a.npy: is no "
            ".npy file", write("s/a.npy", "text"), "s"),
    refused("photograph smaller than the crop",
            "steelyard: center_crop_width and center_crop_height give 30 x 30, the model's input is 24 x 24",
            more=" --set data_preprocess_param.center_crop_width=30 --set data_preprocess_param.center_crop_height=30",
            code=2),
    refused("npy with values that are not finite",
            "warning 1: bad sample: a.npy: element 0 is not a number\nsteelyard: 1 of 1 samples cannot be used: "
            "a.npy: element 0 is not a number", write("s/a.npy", npy((1, 1, 24, 24), value=float("nan"))), "s"),
    labels("missing labels", "steelyard: labels: bad.txt: No such file or directory"),
    labels("folder as labels", "steelyard: labels: calib: is a folder, a file was expected", path="calib"),
    labels("empty labels", "steelyard: bad.txt: holds no line 'path class'", write("bad.txt", "")),
    labels("labels with a bad line",
           "steelyard: bad.txt:2: 'eval/001.png five': must be a path, a space, and a class index of 0 or more",
           write("bad.txt", "eval/000.png 7\neval/001.png five\n")),
    labels("labels without classes",
           "steelyard: bad.txt:1: 'eval/000.png': must be a path, a space, and a class index of 0 or more",
           write("bad.txt", "eval/000.png\n")),
    labels("labels with a negative class",
           "steelyard: bad.txt:1: 'eval/000.png -1': must be a path, a space, and a class index of 0 or more",
           write("bad.txt", "eval/000.png -1\n")),
    labels("labels naming a missing file",
           "warning 1: bad sample: eval/nothing.png: No such file or directory\nsteelyard: 1 of 2 samples cannot "
           "be used: eval/nothing.png: No such file or directory (--allow-bad-samples or skip_bad_samples = true "
           "goes on without them)", write("bad.txt", "eval/000.png 7\neval/nothing.png 5\n")),
    labels("labels with a class out of range",
           "steelyard: bad.txt: eval/001.png is of class 10, but output 'logits' has 10 elements: classes count "
           "from 0", write("bad.txt", "eval/000.png 7\neval/001.png 10\n")),
    labels("labels naming a file twice", "steelyard: bad.txt: lists eval/000.png twice",
           write("bad.txt", "eval/000.png 7\neval/000.png 7\n")),
    labels("labels naming no sample",
           "steelyard: bad.txt: eval/notes.txt is no sample by its name; set input_type if it is",
           write("bad.txt", "eval/notes.txt 7\n")),
    Case("labels of other files", "verify m.onnx m.onnx --data calib --labels eval_labels.txt " + PIXELS, 5,
         "steelyard: eval_labels.txt: none of its 4 paths (such as eval/000.png) is one of the 4 samples (such as "
         "calib/000.png)\n"),
]
