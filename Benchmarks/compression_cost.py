"""What compression saves and costs an envelope: `.build/venv/bin/python Benchmarks/compression_cost.py`

Envelopes are JSON as agents write it, with ids and numbers that do not repeat. The algorithms are the libraries' own, at the
relay's levels; a call from Python adds about a microsecond. CPU is this process's.
"""

import json
import random
import time
import zlib

import brotli
import lz4.block
import zstandard

TASKS = ["summarise the attached report", "compare both offers and name the risks", "find out when the next train leaves"]
SIZES = [512, 2_048, 16_384, 262_144]


def envelope(size, seed):
    """About `size` bytes of one agent's words to another."""
    chance = random.Random(seed)
    turns = []
    while len(text := json.dumps({"v": "0.1", "op": "task.request", "turns": turns}).encode()) < size:
        turns.append({
            "id": f"{chance.getrandbits(64):016x}", "at": 1_700_000_000_000 + chance.randrange(10**9),
            "role": chance.choice(["user", "agent", "tool"]), "confidence": round(chance.random(), 3),
            "content": f"{chance.choice(TASKS)}, item {chance.randrange(10**6)} of {chance.choice('abcdefgh') * 3}",
        })
    return text[:size]


def deflate(data):
    packer = zlib.compressobj(1, zlib.DEFLATED, -15, 8)
    return packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


PACKER, UNPACKER = zstandard.ZstdCompressor(level=1), zstandard.ZstdDecompressor()
ALGORITHMS = {
    "lz4": (lambda data: lz4.block.compress(data, store_size=False), lambda data, size: lz4.block.decompress(data, size)),
    "zstd": (PACKER.compress, lambda data, size: UNPACKER.decompress(data, size)),
    "brotli": (lambda data: brotli.compress(data, quality=4), lambda data, size: brotli.decompress(data)),
    "deflate": (deflate, lambda data, size: zlib.decompressobj(-15).decompress(data)),
}


def microseconds(work, arguments):
    """The least of five rounds."""
    rounds = []
    for _ in range(5):
        start = time.process_time()
        for argument in arguments:
            work(*argument)
        rounds.append((time.process_time() - start) / len(arguments) * 1e6)
    return min(rounds)


def main():
    print("| envelope | algorithm | to | compress, us | inflate, us |\n| --- | --- | --- | --- | --- |")
    for size in SIZES:
        envelopes = [envelope(size, seed) for seed in range(max(4, 400_000 // size))]
        for name, (compress, inflate) in ALGORITHMS.items():
            packed = [compress(data) for data in envelopes]
            share = sum(map(len, packed)) / sum(map(len, envelopes))
            there = microseconds(compress, [(data,) for data in envelopes])
            back = microseconds(inflate, [(data, size) for data in packed])
            print(f"| {size} | {name} | {share:.0%} | {there:.1f} | {back:.1f} |")


if __name__ == "__main__":
    main()
