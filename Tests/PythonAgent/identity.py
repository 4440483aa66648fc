"""Keys, signed bytes and attestations, from docs/protocol.md section 5 and from nothing else."""

import base64
import hashlib
import json
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def agent_hash(agent_id):
    return hashlib.sha256(agent_id.encode()).digest()


def prefixed(*parts):
    """Each part preceded by its length in 4 bytes."""
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(struct.pack(">I", len(part)) + part for part in raw)


def bound_bytes(challenge, nonce, relay_id, agent_id, authority):
    return prefixed("moltrelay-auth-v1", challenge, nonce, relay_id, agent_id, authority)


def relay_bytes(nonce, challenge, relay_id):
    return prefixed("moltrelay-relay-v1", nonce, challenge, relay_id)


def canonical(document):
    """RFC 8785, for documents of ASCII keys, strings, integers and lists."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def tagged(raw):
    return "ed25519:" + base64.b64encode(raw).decode()


def untagged(text):
    if not text.startswith("ed25519:"):
        raise ValueError(f"not an ed25519 value: {text!r}")
    return base64.b64decode(text.removeprefix("ed25519:"), validate=True)


def verifies(public_key, signature, signed):
    """Whether `signature` over `signed` holds; both values as they stand in a document."""
    try:
        Ed25519PublicKey.from_public_bytes(untagged(public_key)).verify(untagged(signature), signed)
    except InvalidSignature:
        return False
    return True


class Key:
    """An Ed25519 key grown from a word, so that a test meets the same one again after a restart."""

    def __init__(self, word):
        self._private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(word.encode()).digest())

    @property
    def public(self):
        return tagged(self._private.public_key().public_bytes_raw())

    def sign(self, signed):
        return tagged(self._private.sign(signed))

    def attest(self, org_id, agent_id, public_key, issued_at, expires_at, capabilities=()):
        attestation = {
            "type": "org_attestation",
            "org_id": org_id,
            "agent_id": agent_id,
            "public_key": public_key,
            "capabilities": list(capabilities),
            "issued_at": issued_at,
            "expires_at": expires_at,
        }
        return attestation | {"org_signature": self.sign(canonical(attestation))}
