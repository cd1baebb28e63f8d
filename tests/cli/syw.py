"""Reads and writes containers of compressed models, from docs/CONTAINER.md alone. Slow, and as plain as the text."""
import hashlib
import struct

MAGIC = bytes([0x93]) + b"SYW\r\n\x1a\n"
NONE, INDEXING, SPARSE, PACKING, FSE, SHORT = 0, 1, 2, 4, 5, 16


def sha(data):
    return hashlib.sha256(data).digest()


def ceil_log2(n):
    return (n - 1).bit_length()


class Bits:
    """A string of bits, MSB first."""

    def __init__(self, data):
        self.text = "".join(f"{byte:08b}" for byte in data)
        self.at = 0

    def take(self, count):
        assert self.at + count <= len(self.text), "the stream ends early"
        value = int(self.text[self.at:self.at + count] or "0", 2)
        self.at += count
        return value

    def gamma(self):
        zeros = 0
        while not self.take(1):
            zeros += 1
        return 1 << zeros | self.take(zeros)

    def end(self):
        rest = self.text[self.at:]
        assert len(rest) < 8 and "1" not in rest, "something is behind the stream"


def bits_to_bytes(text):
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))


def gamma(value):
    return "0" * (value.bit_length() - 1) + f"{value:b}"


def number(value, bits):
    return f"{value:0{bits}b}" if bits else ""


# --- decoding

def unpack_bits(data, b, n):
    unit = 16 if b > 8 else 8
    assert len(data) == (n * b + unit - 1) // unit * (unit // 8)
    whole = int.from_bytes(data, "little")
    assert whole >> (n * b) == 0
    return [(whole >> i * b & (1 << b) - 1) - (1 << b - 1) for i in range(n)]


def take_table(bits, b):
    u = bits.take(b) or 1 << b
    table = [bits.take(b) - (1 << b - 1) for _ in range(u)]
    assert table == sorted(set(table))
    return table


def unindex(data, b, n):
    bits = Bits(data)
    table = take_table(bits, b)
    codes = [table[bits.take(ceil_log2(len(table)))] for _ in range(n)]
    bits.end()
    return codes


def unsparse(data, b, n, channels, inner, fills):
    bits = Bits(data)
    g, k = bits.take(8), bits.take(32)
    assert 2 <= g <= 10
    table = take_table(bits, b)
    kept = [table[bits.take(ceil_log2(len(table)))] for _ in range(k)]
    gaps = [bits.take(g) for _ in range(k)]
    bits.end()
    codes = []
    for code, gap in zip(kept, gaps):
        for _ in range(gap):
            codes.append(fills[len(codes) // inner % channels])
        codes.append(code)
    assert len(codes) <= n
    while len(codes) < n:
        codes.append(fills[len(codes) // inner % channels])
    return codes


def fse_steps(frequencies, values, log):
    size = 1 << log
    assert sum(frequencies) == size and min(frequencies) >= 1
    owner, place = [None] * size, 0
    for symbol, frequency in enumerate(frequencies):
        for _ in range(frequency):
            owner[place] = symbol
            place = (place + size // 2 + size // 8 + 3) % size
    x, steps = list(frequencies), []
    for place in range(size):
        state = x[owner[place]]
        x[owner[place]] += 1
        bits = log - (state.bit_length() - 1)
        steps.append((values[owner[place]], bits, (state << bits) - size))
    return steps, owner


def unfse(data, b, n, segments, short):
    symbols, log, words = struct.unpack_from("<HHI", data)
    assert symbols >= 1 and 4 <= log <= 16 and words >= 1
    at = 8
    if short:
        bits = Bits(data[8:8 + 8 * symbols + 8])
        frequencies = [bits.gamma() for _ in range(symbols)]
        values = [bits.take(b) - (1 << b - 1)]
        while len(values) < symbols:
            values.append(values[-1] + bits.gamma())
        at += (bits.at + 7) // 8
        assert "1" not in bits.text[bits.at:8 * (at - 8)]
    else:
        frequencies = struct.unpack_from(f"<{symbols}I", data, at)
        at += 4 * symbols
        at += -at % 8
        values = struct.unpack_from(f"<{symbols}i", data, at)
        at += 4 * symbols
    assert not any(data[at:at - at % -8])
    at += -at % 8
    text = "".join(f"{word:064b}" for word in struct.unpack_from(f"<{words}Q", data, at))
    at += 8 * words
    last = data[at]
    at += 1
    assert last <= 63
    total = 64 * (words - 1) + last
    assert "1" not in text[total:]
    ends = []
    if segments > 1:
        at += -at % 4
        (count,) = struct.unpack_from("<I", data, at)
        assert count == segments
        ends = struct.unpack_from(f"<{count}Q", data, at + 4)
        at += 4 + 8 * count
    assert at == len(data)
    steps, _ = fse_steps(frequencies, values, log)
    position = total - log
    place = int(text[position:total], 2)
    starts = [(position, place)]
    if ends:
        starts = [(64 * (end >> 32) + (end & 0xFFFF), end >> 16 & 0xFFFF) for end in ends]
        assert starts[-1] == (position, place)
    length = -(-n // segments)
    codes = [None] * n
    for i, (position, place) in enumerate(starts):
        for k in reversed(range(i * length, min((i + 1) * length, n))):
            codes[k], bits, base = steps[place]
            assert position >= bits
            place = base + int(text[position - bits:position] or "0", 2)
            position -= bits
        assert position == (starts[i - 1][0] if i else 0)
        assert i == 0 or place == starts[i - 1][1]
    return codes


def elements(codes, bits, signed):
    if not signed:
        codes = [code + (1 << bits - 1) for code in codes]
    codes = [code & (1 << bits) - 1 for code in codes]
    if bits == 4:
        codes = codes + [0] * (len(codes) % 2)
        return bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2]))
    return struct.pack(f"<{len(codes)}{'B' if bits == 8 else 'H'}", *codes)


def read(data):
    """{file: its bytes}, [(tensor, coding, size, bytes)] of a container."""
    assert data[:8] == MAGIC
    version, flags, size, table, table_bytes = struct.unpack_from("<IIQQQ", data, 8)
    assert (version, flags, size, table + table_bytes) == (1, 0, len(data), len(data))
    assert data[72:104] == sha(data[:72]) and data[40:72] == sha(data[table:])
    at = table

    def take(form):
        nonlocal at
        values = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]

    def text():
        nonlocal at
        length = take("I")
        at += length
        return data[at - length:at].decode()

    files = [(text(), take("Q"), take("32s")) for _ in range(take("I"))]
    contents, tensors = [b""] * len(files), []
    for _ in range(take("I")):
        kind, file, place, size, offset, count, digest = take("IIQQQQ32s")
        stream = data[offset:offset + count]
        assert sha(stream) == digest and place == len(contents[file]) and offset % 8 == 0
        if kind == 0:
            assert count == size
            contents[file] += stream
            continue
        name = text()
        bits, signed, b, coding, n, segments, channels, inner = take("BBBBQIQQ")
        fills = struct.unpack_from(f"<{channels}h", data, at)
        at += 2 * channels
        if coding == NONE:
            part = stream
        else:
            codes = (unpack_bits(stream, b, n) if coding == PACKING else unindex(stream, b, n) if coding == INDEXING
                     else unsparse(stream, b, n, channels, inner, fills) if coding == SPARSE
                     else unfse(stream, b, n, segments, coding == SHORT))
            assert all(-(1 << b - 1) <= code < 1 << b - 1 for code in codes)
            part = elements(codes, bits, signed)
        assert len(part) == size
        contents[file] += part
        tensors.append((name, coding, size, count))
    assert at == len(data)
    for (name, size, digest), content in zip(files, contents):
        assert len(content) == size and sha(content) == digest, name
    return {name: content for (name, _, _), content in zip(files, contents)}, tensors


# --- encoding

def pack_bits(codes, b):
    whole = sum(code + (1 << b - 1) << i * b for i, code in enumerate(codes))
    unit = 16 if b > 8 else 8
    return whole.to_bytes((len(codes) * b + unit - 1) // unit * (unit // 8), "little")


def table_text(table, b):
    return number(len(table) % (1 << b), b) + "".join(number(code + (1 << b - 1), b) for code in table)


def index(codes, b):
    table = sorted(set(codes))
    return bits_to_bytes(table_text(table, b) + "".join(number(table.index(c), ceil_log2(len(table))) for c in codes))


def sparse(codes, b, channels, inner, fills, g):
    table, places, gaps, gap = sorted(set(codes)), "", "", 0
    kept = 0
    for i, code in enumerate(codes):
        if code == fills[i // inner % channels] and gap < (1 << g) - 1:
            gap += 1
            continue
        places += number(table.index(code), ceil_log2(len(table)))
        gaps += number(gap, g)
        kept, gap = kept + 1, 0
    return bits_to_bytes(number(g, 8) + number(kept, 32) + table_text(table, b) + places + gaps)


def fse(codes, segments, log, b=None):
    """With b the short form."""
    table = sorted(set(codes))
    size = 1 << log
    frequencies = [max(1, codes.count(code) * size // len(codes)) for code in table]
    frequencies[frequencies.index(max(frequencies))] += size - sum(frequencies)
    _, owner = fse_steps(frequencies, table, log)
    places = [[p for p in range(size) if owner[p] == s] for s in range(len(table))]
    text, state, ends = "", size + 5 % size, []
    length = -(-len(codes) // segments)
    for i, code in enumerate(codes):
        symbol = table.index(code)
        bits = 0
        while state >> bits >= 2 * frequencies[symbol]:
            bits += 1
        text += number(state & (1 << bits) - 1, bits)
        state = size + places[symbol][(state >> bits) - frequencies[symbol]]
        if (i + 1) % length == 0 or i + 1 == len(codes):
            ends.append(len(text) // 64 << 32 | state - size << 16 | len(text) % 64)
    text += number(state - size, log)
    last = len(text) % 64
    words = text + "0" * (64 - last)
    out = struct.pack("<HHI", len(table), log, len(words) // 64)
    if b:
        bits = "".join(map(gamma, frequencies)) + number(table[0] + (1 << b - 1), b)
        out += bits_to_bytes(bits + "".join(gamma(after - code) for code, after in zip(table, table[1:])))
    else:
        out += struct.pack(f"<{len(table)}I", *frequencies)
        out += bytes(-len(out) % 8)
        out += struct.pack(f"<{len(table)}i", *table)
    out += bytes(-len(out) % 8)
    out += b"".join(struct.pack("<Q", int(words[i:i + 64], 2)) for i in range(0, len(words), 64)) + bytes([last])
    if segments > 1:
        out += bytes(-len(out) % 4) + struct.pack("<I", len(ends)) + struct.pack(f"<{len(ends)}Q", *ends)
    return out


def entry_of_codes(name, bits, signed, b, coding, n, segments=1, channels=0, inner=0, fills=()):
    return (struct.pack("<I", len(name)) + name.encode()
            + struct.pack("<BBBBQIQQ", bits, signed, b, coding, n, segments, channels, inner)
            + struct.pack(f"<{len(fills)}h", *fills))


def write(files, parts):
    """A container of files [(name, bytes)] from parts [(file, size, bytes there, None or entry_of_codes())]."""
    body, entries, place, current = b"", b"", 0, 0
    for file, size, stream, entry in parts:
        if file != current:
            place, current = 0, file
        entries += struct.pack("<IIQQQQ", entry is not None, file, place, size, 104 + len(body), len(stream)) + sha(stream)
        entries += entry or b""
        place += size
        body += stream
        body += bytes(-len(body) % 8)
    table = struct.pack("<I", len(files))
    for name, content in files:
        table += struct.pack("<I", len(name)) + name.encode() + struct.pack("<Q", len(content)) + sha(content)
    table += struct.pack("<I", len(parts)) + entries
    head = MAGIC + struct.pack("<IIQQQ", 1, 0, 104 + len(body) + len(table), 104 + len(body), len(table)) + sha(table)
    return head + sha(head) + body + table
