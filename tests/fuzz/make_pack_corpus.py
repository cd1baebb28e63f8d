#!/usr/bin/env python3
"""Writes corpus_pack/: the first byte says what the rest is, see fuzz_pack.c. Made by what tests/cli/syw.py knows."""
import pathlib
import random
import struct
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent / "cli"))
import syw  # noqa: E402

folder = here / "corpus_pack"
folder.mkdir(exist_ok=True)
random.seed(1)


def save(name, kind, data):
    (folder / name).write_bytes(bytes([kind]) + data)


def normal(n, b):
    half = 1 << b - 1
    return [max(-half, min(half - 1, round(random.gauss(0, half / 3)))) for _ in range(n)]


# Containers: every coding, two files, an empty file.
small, wide, four = normal(300, 6), normal(90, 10), normal(31, 4)
fills = [1, -2, 0]
spotted = [random.choice([-8, 7]) if random.random() < 0.1 else fills[i // 2 % 3] for i in range(120)]
pieces = [(small, 8, True, 6, syw.FSE, syw.fse(small, 1, 9), {}), (small, 8, True, 6, syw.FSE, syw.fse(small, 3, 8), {"segments": 3}),
          (wide, 16, True, 10, syw.PACKING, syw.pack_bits(wide, 10), {}), (four, 4, True, 4, syw.PACKING, syw.pack_bits(four, 4), {}),
          (four, 8, False, 8, syw.INDEXING, syw.index(four, 8), {}),
          (small, 8, True, 6, syw.SHORT, syw.fse(small, 1, 9, 6), {}), (wide, 16, True, 10, syw.SHORT, syw.fse(wide, 4, 11, 10), {"segments": 4}),
          (spotted, 8, True, 4, syw.SPARSE, syw.sparse(spotted, 4, 3, 2, fills, 3), {"channels": 3, "inner": 2, "fills": fills})]
content, parts = b"head", [(0, 4, b"head", None)]
for i, (codes, bits, signed, b, coding, stream, more) in enumerate(pieces):
    piece = syw.elements(codes, bits, signed)
    content += piece
    parts.append((0, len(piece), stream, syw.entry_of_codes(f"tensor {i}", bits, signed, b, coding, len(codes), **more)))
content += b"tail"
parts += [(0, 4, b"tail", None), (2, 5, b"other", None)]
whole = syw.write([("model.onnx", content), ("empty", b""), ("weights/data", b"other")], parts)
syw.read(whole)
save("container", 0, whole)
save("container_cut", 0, whole[:-7])
save("container_of_nothing", 0, syw.write([], []))
save("container_of_an_empty_file", 0, syw.write([("a", b"")], []))
save("container_outside", 0, syw.write([("../a", b"x")], [(0, 1, b"x", None)]))
save("container_twice", 0, syw.write([("a", b"x"), ("a", b"x")], [(0, 1, b"x", None), (1, 1, b"x", None)]))
save("container_grows", 0, syw.write([("a", bytes(1 << 20))],
                                     [(0, 1 << 20, syw.index([0] * 9, 1), syw.entry_of_codes("a", 8, 1, 1, syw.INDEXING, 1 << 20))]))


def form(coding, kind, b, count, segments=1, channels=1, inner=1):
    return struct.pack("<BBBIIBB", coding, kind, b - 1, segments - 1, count - 1, channels - 1, inner - 1)


# Streams: kind 5 is int8, 6 int16, 4 int4; fills are i % 4 - 2.
for codes, bits, signed, b, coding, stream, more in pieces:
    kind = {4: 0, 8: 1, 16: 2}[bits] | 4 * signed
    save(f"stream_{coding}_{more.get('segments', 1)}_{b}", 1,
         form(coding, kind, b, len(codes), more.get("segments", 1), more.get("channels", 1), more.get("inner", 1)) + stream)
constant = syw.fse([3] * 70, 1, 4)
save("stream_of_one_symbol", 1, form(syw.FSE, 5, 4, 70) + constant)
save("stream_of_one_symbol_and_many_codes", 1, form(syw.FSE, 5, 4, 1 << 20) + constant)
save("stream_of_log_16", 1, form(syw.FSE, 5, 6, 300) + syw.fse(small[:300], 1, 12))

# Codes.
save("codes_int8", 2, bytes([5, 2, 3]) + syw.elements(normal(2000, 6), 8, True))
save("codes_uint8", 2, bytes([1, 0, 0]) + syw.elements(normal(500, 8), 8, False))
save("codes_int16", 2, bytes([6, 2, 7]) + syw.elements(normal(999, 11), 16, True))
save("codes_int4", 2, bytes([4, 9, 0]) + syw.elements(normal(400, 3), 4, True))
save("codes_zero", 2, bytes([5, 9, 0]) + bytes(5000))
save("codes_many", 2, bytes([5, 99, 7]) + syw.elements(normal(20000, 5), 8, True))

# Models: an ONNX file with an int8 initializer, one outside, and one in a node's graph.


def field(tag, data):
    size, out = len(data), b""
    while size > 127:
        out += bytes([size & 127 | 128])
        size >>= 7
    return bytes([tag << 3 | 2]) + out + bytes([size]) + data


def tensor(name, dtype, dims, raw, outside=None):
    out = b"".join(bytes([8, d]) for d in dims) + bytes([16, dtype]) + field(8, name)
    if outside:
        pairs = b"".join(field(13, field(1, k) + field(2, v)) for k, v in outside)
        return out + pairs + bytes([14 << 3, 1])
    return out + field(9, raw)


inner = field(6, field(5, tensor(b"deep", 22, [3], b"\x21\x03")))
graph = (field(5, tensor(b"w", 3, [2, 3], b"abcdef")) + field(1, field(5, inner))
         + field(5, tensor(b"x", 5, [4], b"", [(b"location", b"data"), (b"offset", b"8"), (b"length", b"8")])))
save("onnx", 3, field(7, graph))
save("onnx_cut", 3, field(7, graph)[:-3])
for path in sorted((here / "corpus_mindir").iterdir())[:4]:
    if path.stat().st_size < 20000:
        save("mindir_" + path.name, 3, path.read_bytes())
print(len(list(folder.iterdir())), "files")
