"""The table of damages: that every row is run, that its bytes are what it says, and that a wrong answer is noticed."""

import contextlib
import io
import random
import unittest

import damage
from damaged_frames import Damage
from frames import decode
from rawsocket import RawSocket, masked, ws


class Plan(unittest.TestCase):
    def test_every_row_is_in_it_and_the_total_is_exact(self):
        planned = damage.plan(10_000)
        self.assertEqual(len(planned), 10_000)
        rows = {(row.name, at) for row, at, _ in planned}
        self.assertEqual(rows, {(row.name, at) for row in damage.TABLE for at in row.at})

    def test_no_two_rows_share_a_name_at_one_state(self):
        rows = [(row.name, at) for row in damage.TABLE for at in row.at]
        self.assertEqual(len(rows), len(set(rows)))

    def test_every_row_makes_bytes_for_every_stream(self):
        for row, at, n in damage.plan(10_000):
            socket = RawSocket(None, None, "damaged-1", b"\1\2\3\4" if n % 2 else bytes(4))
            socket.state, socket.sequence = at, {"greeted": 2, "open": 3}.get(at, 1)
            if "million" not in row.name:
                self.assertIsInstance(row.make(socket, n, random.Random(n)), bytes, row.name)


class WebSocket(unittest.TestCase):
    def test_frames_of_rfc_6455(self):
        self.assertEqual(ws(b"Hello", 1, key=bytes.fromhex("37fa213d")), bytes.fromhex("818537fa213d7f9f4d5158"))
        self.assertEqual(ws(b"Hel", 1, final=False, key=None), bytes.fromhex("010348656c"))
        self.assertEqual(ws(b"x" * 256, key=None)[:4], bytes.fromhex("827e0100"))
        self.assertEqual(ws(b"x" * 65_536, key=None)[:10], bytes.fromhex("827f0000000000010000"))

    def test_a_mask_undoes_itself(self):
        for length in range(10):
            self.assertEqual(masked(masked(b"x" * length, b"\1\2\3\4"), b"\1\2\3\4"), b"x" * length)

    def test_frames_count_up_unless_told_otherwise(self):
        socket = RawSocket(None, None, "a", bytes(4))
        frames = [socket.frame(0x20), socket.frame(0x20), socket.frame(0x20, sequence=9)]
        self.assertEqual([decode(frame)[0].sequence for frame in frames], [1, 2, 9])


class Judgement(unittest.TestCase):
    def test_another_word_than_expected_is_wrong(self):
        tally, row = damage.Tally(), Damage("text", ("open",), None, ("1003",))
        with contextlib.redirect_stdout(io.StringIO()):
            for word in ("1003", "alive", "end"):
                tally.add(row, "open", 7, word, damage.cause_of(word))
        self.assertEqual(tally.wrong, ["text at open, 7: alive, not 1003", "text at open, 7: end, not 1003"])
        self.assertEqual(tally.causes, {"protocol": 1})

    def test_what_the_relay_counts_for_an_answer(self):
        words = {
            "400": "upgrade_rejected", "431": "too_large", "408": "handshake_timeout", "1002 AUTH_REQUIRED": "protocol",
            "1009 FRAME_SIZE": "too_large", "4001 AUTH_KEY_PINNED": "authentication", "1000": None, "alive REFUSED": None,
            "end": None, "reset": None,
        }
        self.assertEqual({word: damage.cause_of(word) for word in words}, words)
