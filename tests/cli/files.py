"""Files that cases need, made with the standard library."""
import struct
import zlib


def png(width, height, level=128):
    """A grey PNG of one level."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([level]) * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def npy(shape, dtype="<f4", fortran=False, value=1):
    """A .npy array full of one value."""
    head = f"{{'descr': '{dtype}', 'fortran_order': {fortran}, 'shape': {tuple(shape)!r}, }}"
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    count = 1
    for size in shape:
        count *= size
    code = {"<f4": "f", "<f8": "d", "<i4": "i", "<i8": "q"}[dtype]
    elements = struct.pack(f"<{count}{code}", *[value] * count)
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head.encode() + elements


def write(path, content):
    """A `before` that writes one file."""
    def before(folder, world):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return before


def cut(path, size):
    """A `before` that keeps the first bytes of a file; a negative size leaves out so many at the end."""
    def before(folder, world):
        (folder / path).write_bytes((folder / path).read_bytes()[:size])
    return before


def replace(path, old, new):
    """A `before` that changes bytes in place; they must be there."""
    def before(folder, world):
        content = (folder / path).read_bytes()
        assert old in content and len(old) == len(new)
        (folder / path).write_bytes(content.replace(old, new))
    return before


def remove(*paths):
    def before(folder, world):
        for path in paths:
            (folder / path).unlink()
    return before


def both(*steps):
    def before(folder, world):
        for step in steps:
            step(folder, world)
    return before
