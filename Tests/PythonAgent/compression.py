"""COMPRESSED envelopes, from docs/protocol.md section 9 and from nothing else."""

import struct

import brotli
import lz4.block
import zstandard

HEAD = struct.Struct(">BI")
CODES = {"lz4": 1, "zstd": 2, "brotli": 3}


def negotiated(extensions):
    """The algorithm's name, or None."""
    return next((word.partition(":")[2] for word in extensions if word.startswith("compression:")), None)


def compress(algorithm, envelope, claim=None):
    """`claim` is the original size that the head says, for getting it wrong on purpose."""
    if algorithm == "lz4":
        data = lz4.block.compress(envelope, store_size=False)
    elif algorithm == "zstd":
        data = zstandard.ZstdCompressor().compress(envelope)
    else:
        data = brotli.compress(envelope, quality=5)
    return HEAD.pack(CODES[algorithm], len(envelope) if claim is None else claim) + data


def inflate(algorithm, bytes):
    code, size = HEAD.unpack_from(bytes)
    data = bytes[HEAD.size :]
    if code != CODES[algorithm]:
        raise ValueError(f"algorithm {code} where {algorithm} was negotiated")
    if algorithm == "lz4":
        envelope = lz4.block.decompress(data, uncompressed_size=size)
    elif algorithm == "zstd":
        envelope = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    else:
        envelope = brotli.decompress(data)
    if len(envelope) != size:
        raise ValueError(f"{len(envelope)} bytes where the head says {size}")
    return envelope
