import hashlib
import subprocess
import tempfile
import unittest

import identity
from identity import Key


class SignedBytes(unittest.TestCase):
    def test_each_part_carries_its_length(self):
        self.assertEqual(identity.prefixed("ab", b"\x00", ""), b"\0\0\0\x02ab\0\0\0\x01\0\0\0\0\0")

    def test_bound_bytes(self):
        signed = identity.bound_bytes(b"c" * 32, b"n" * 32, "relay", "agent", "host:1")
        parts = [b"moltrelay-auth-v1", b"c" * 32, b"n" * 32, b"relay", b"agent", b"host:1"]
        self.assertEqual(signed, b"".join(len(part).to_bytes(4, "big") + part for part in parts))

    def test_relay_bytes_put_the_nonce_first(self):
        self.assertTrue(identity.relay_bytes(b"n", b"c", "r").endswith(b"\0\0\0\x01n\0\0\0\x01c\0\0\0\x01r"))

    def test_agent_hash(self):
        self.assertEqual(identity.agent_hash("alice"), hashlib.sha256(b"alice").digest())

    def test_canonical_form(self):
        document = {"b": [1, "\u00e9\n"], "a": {"d": 2, "c": ""}}
        self.assertEqual(identity.canonical(document), '{"a":{"c":"","d":2},"b":[1,"é\\n"]}'.encode())


class Keys(unittest.TestCase):
    def test_a_word_gives_the_same_key_again(self):
        self.assertEqual(Key("alice").public, Key("alice").public)
        self.assertNotEqual(Key("alice").public, Key("bob").public)

    def test_signatures(self):
        key = Key("alice")
        self.assertTrue(identity.verifies(key.public, key.sign(b"x"), b"x"))
        self.assertFalse(identity.verifies(key.public, key.sign(b"x"), b"y"))
        self.assertFalse(identity.verifies(Key("bob").public, key.sign(b"x"), b"x"))

    def test_openssl_agrees(self):
        key = Key("alice")
        # SubjectPublicKeyInfo of an Ed25519 key is this prefix and the 32 bytes (RFC 8410).
        der = bytes.fromhex("302a300506032b6570032100") + identity.untagged(key.public)
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (("key", der), ("sig", identity.untagged(key.sign(b"signed"))), ("text", b"signed")):
                with open(f"{folder}/{name}", "wb") as file:
                    file.write(content)
            subprocess.run(
                ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "text",
                 "-sigfile", "sig"], cwd=folder, check=True, capture_output=True,
            )

    def test_attestation_signs_everything_but_its_signature(self):
        org = Key("org")
        attestation = org.attest("acme", "alice", Key("alice").public, 1, 2, ["chat"])
        signature = attestation.pop("org_signature")
        self.assertTrue(identity.verifies(org.public, signature, identity.canonical(attestation)))
        attestation["agent_id"] = "mallory"
        self.assertFalse(identity.verifies(org.public, signature, identity.canonical(attestation)))


if __name__ == "__main__":
    unittest.main()
