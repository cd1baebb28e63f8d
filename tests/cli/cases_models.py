"""Model files that are not what they should be, and shapes that do not fit."""
from files import both, cut, npy, replace, write
from harness import Case

STATS = "stats m.onnx --data calib --output out/m.qstat"


def refused(name, message, before=None, command="inspect m.onnx", code=3):
    return Case(name, command, code, f"steelyard: {message}\n", before=before)


def model_is_folder(folder, world):
    (folder / "m.onnx").unlink()
    (folder / "m.onnx").mkdir()


def change_bytes(folder, world):
    content = bytearray((folder / "m.onnx").read_bytes())
    content[40:60] = b"\xff" * 20
    (folder / "m.onnx").write_bytes(content)


CASES = [
    refused("missing model", "n.onnx: No such file or directory", command="inspect n.onnx", code=6),
    refused("folder as model", "m.onnx: is a folder, a file was expected", model_is_folder, code=6),
    refused("empty model", "m.onnx: the file is empty; download or export the model again", cut("m.onnx", 0)),
    refused("truncated model",
            "m.onnx: the file is cut short: it ends after 29636 bytes, inside initializer 47 ('dense.weight'), "
            "which needs at least 875 more; copy or download it again", cut("m.onnx", -1000)),
    refused("model cut to a few bytes",
            "m.onnx: the file is cut short: it ends after 5 bytes, inside the model's header, which needs at least "
            "23 more; copy or download it again", cut("m.onnx", 5)),
    refused("text file as model", "m.onnx: this is a text file, not an ONNX model; pass the .onnx file",
            write("m.onnx", "hello, this is a text file\n")),
    refused("photograph as model",
            "calib/000.png: this is a PNG image, not an ONNX model; samples go after --data, the model comes first",
            command="inspect calib/000.png"),
    refused("model with bytes changed", "m.onnx: the model is damaged: node 0 (output '') is not readable",
            change_bytes),
    refused("operator that is not ONNX's",
            "m.onnx: the model uses 1 operator we do not have: Clop (6 nodes: 'relu1', 'relu2', 'relu3' ...; the "
            "nearest we have is Clip)", replace("m.onnx", b"Clip", b"Clop"), STATS, 4),
    refused("operator that is not ONNX's, run",
            "m.onnx: the model uses 1 operator we do not have: Clop (6 nodes: 'relu1', 'relu2', 'relu3' ...; the "
            "nearest we have is Clip)", both(replace("m.onnx", b"Clip", b"Clop"), write("x.npy", npy((1, 1, 24, 24)))),
            "run m.onnx --input image=x.npy --output out", 4),
    refused("shape of the wrong rank",
            "m.onnx: input 'image': shape [1,24,24] does not fit the model's [1,1,24,24]; only named or unknown "
            "dimensions can be chosen", None, STATS + " --inputShape image:1,24,24", 1),
    refused("shape of an unknown input",
            "--inputShape=images:1,1,24,24: the model has no input 'images'; it has 'image'", None,
            STATS + " --inputShape images:1,1,24,24", 1),
    refused("shape of wrong numbers",
            "m.onnx: input 'image': shape [1,1,28,28] does not fit the model's [1,1,24,24]; only named or unknown "
            "dimensions can be chosen", None, STATS + " --inputShape image:1,1,28,28", 1),
    refused("shape with a zero",
            "--inputShape=image:0,1,24,24: dimension 0 must be at least 1 and below 2^31: a run has one size", None,
            STATS + " --inputShape image:0,1,24,24", 1),
    refused("shape that is not numbers",
            "--inputShape=image:1,1,24,x: 'x' is not a whole number; expected name:1,3,224,224 and, for more "
            "inputs, a ';' between them", None, STATS + " --inputShape image:1,1,24,x", 1),
    refused("shape twice", "--inputShape=image:1,1,24,24;image:1,1,24,24: input 'image' is given twice", None,
            STATS + " --inputShape 'image:1,1,24,24;image:1,1,24,24'", 1),
]
