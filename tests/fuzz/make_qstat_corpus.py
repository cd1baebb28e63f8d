#!/usr/bin/env python3
"""Writes corpus_qstat/: sections of .qstat files, from the layout in host/calib/qstat.h alone."""
import pathlib
import struct

folder = pathlib.Path(__file__).parent / "corpus_qstat"


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def string(text):
    return varint(len(text)) + text.encode()


def section(tag, body):
    return tag.encode() + struct.pack("<Q", len(body)) + body


def exact_sum(value):  # of a whole number: bit 0 is worth 2^-300
    words = [(value << 300) >> 64 * i & 2**64 - 1 for i in range(10)]
    fill = 2**64 - 1 if value < 0 else 0
    first = next((i for i, w in enumerate(words) if w), 10)
    end = max((i + 1 for i, w in enumerate(words) if w != fill), default=0)
    kept = words[first:max(first, end)]
    return bytes([value < 0, first, len(kept)]) + b"".join(struct.pack("<Q", w) for w in kept)


def histogram(bins):  # {bin: count}
    out, at = b"", 0
    while at < 4096:
        first = at
        while first < 4096 and not bins.get(first):
            first += 1
        end = first
        while end < 4096 and bins.get(end):
            end += 1
        out += varint(first - at) + varint(end - first) + b"".join(varint(bins[b]) for b in range(first, end))
        at = end
    return out


def tensor(name, low, high, exponent, zeros, positive, negative, total):
    count = zeros + sum(positive.values()) + sum(negative.values())
    return (string(name) + varint(count) + varint(zeros) + varint(0) + struct.pack("<ff", low, high)
            + varint(exponent + 128) + exact_sum(total) + exact_sum(abs(total)) + histogram(positive) + histogram(negative))


def file(samples, tensors, channels):
    records = b"".join(struct.pack("<ffff", *r) for t in tensors for r in t[1])
    return (section("SRCE", bytes(32) + string("x:1,4") + string(""))
            + section("SAMP", varint(len(samples)) + b"".join(string(s) + bytes(32) for s in samples))
            + section("TENS", varint(len(tensors)) + b"".join(t[0] for t in tensors))
            + section("RECO", records) + section("CHAN", b"".join(channels)))


two_sided = (tensor("conv", -3.0, 3.5, 2, 5, {b: 1 + b % 7 for b in range(0, 3584, 3)} | {3584: 1}, {3072: 9}, -27),
             [(-3.0, 3.5, -2.5, 3.0), (float("inf"), float("-inf"), float("inf"), float("-inf"))])
relu6 = (tensor("relu6", 0.0, 6.0, 3, 1000, {3072: 400} | {b: 40 for b in range(3072)}, {}, 6000),
         [(0.0, 6.0, 0.0, 6.0), (0.0, 5.0, 0.0, 5.0)])
nothing = (tensor("nothing", float("inf"), float("-inf"), -126, 0, {}, {}, 0),
           [(float("inf"), float("-inf"), float("inf"), float("-inf"))] * 2)
folder.mkdir(exist_ok=True)
two_channels = varint(2) + varint(60) + exact_sum(5) + exact_sum(-7)
whole = file(["a.png", "b.png"], [two_sided, relu6], [two_channels, varint(0)])
(folder / "whole").write_bytes(whole)
(folder / "never_finite").write_bytes(file(["a", "b"], [nothing], [varint(0)]))
(folder / "no_samples").write_bytes(file([], [(two_sided[0], [])], [varint(0)]))
(folder / "later_section").write_bytes(whole + section("NEW!", b"hello"))
(folder / "cut").write_bytes(whole[:-9])
(folder / "many_channels").write_bytes(file(["a", "b"], [two_sided], [varint(2**31) + varint(1)]))
