import struct
import unittest
import uuid

import frames
from frames import Flag, Frame, Malformed, Message, Type


class Frames(unittest.TestCase):
    def test_layout(self):
        encoded = Frame(Type.PING, b"{}", sequence=7).encode()
        self.assertEqual(encoded[:17].hex(), "4d52" "01" "20" "00" "00000002" "00000000" "00000007")
        self.assertEqual(encoded[17:19], b"{}")
        # What gzip(1) puts at the end of these 19 bytes.
        self.assertEqual(encoded[19:].hex(), "1e144045")

    def test_checksum_is_the_one_of_ieee_802_3(self):
        self.assertEqual(frames.zlib.crc32(b"123456789"), 0xCBF43926)

    def test_several_frames_in_one_message(self):
        sent = [Frame(Type.ACK, b"a", sequence=1), Frame(Type.MESSAGE, b"", Flag.ACK_REQ, 3, 2)]
        self.assertEqual(frames.decode(b"".join(frame.encode() for frame in sent)), sent)

    def test_every_damaged_byte_is_noticed(self):
        encoded = Frame(Type.ACK, b"payload", sequence=1).encode()
        for at in range(len(encoded)):
            damaged = bytearray(encoded)
            damaged[at] ^= 0x40
            with self.assertRaises(Malformed, msg=at):
                frames.decode(bytes(damaged))

    def test_a_frame_never_spans_two_messages(self):
        encoded = Frame(Type.ACK, b"payload", sequence=1).encode()
        for end in range(1, len(encoded)):
            with self.assertRaises(Malformed, msg=end):
                frames.decode(encoded[:end])

    def test_reserved_flags(self):
        with self.assertRaises(Malformed):
            frames.decode(Frame(Type.ACK, b"", flags=0x80).encode())


class Messages(unittest.TestCase):
    id = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")

    def message(self, **fields):
        return Message(b"s" * 32, b"r" * 32, self.id, 0x0102030405060708, b"envelope", 60, 64, 2, **fields)

    def test_offsets(self):
        payload = self.message().payload()
        self.assertEqual(payload[0:32], b"s" * 32)
        self.assertEqual(payload[32:64], b"r" * 32)
        self.assertEqual(payload[64:80], self.id.bytes)
        self.assertEqual(payload[80:88].hex(), "0102030405060708")
        self.assertEqual(payload[88:96].hex(), "003c" "40" "02" "00000000")
        self.assertEqual(payload[96:], b"envelope")

    def test_there_and_back(self):
        for trace, flags in ((b"", 0), (b"t" * 26, Flag.TRACED)):
            message = self.message(trace=trace)
            self.assertEqual(Message.of(Frame(Type.MESSAGE, message.payload(), flags)), message)

    def test_too_short(self):
        with self.assertRaises(Malformed):
            Message.of(Frame(Type.MESSAGE, b"x" * 95))


class Acknowledgements(unittest.TestCase):
    ids = [uuid.UUID(int=1), uuid.UUID(int=2)]

    def test_binary(self):
        payload = frames.binary_ack(self.ids, "received")
        self.assertEqual(payload, b"\x01\x00\x02" + bytes(15) + b"\x01" + bytes(15) + b"\x02")
        self.assertEqual(frames.parse_ack(payload, binary=True), ("received", self.ids))

    def test_document(self):
        payload = b'{"message_ids":["%s"],"ack_type":"queued","timestamp":1}' % str(self.ids[0]).encode()
        for binary in (False, True):
            self.assertEqual(frames.parse_ack(payload, binary), ("queued", self.ids[:1]))

    def test_wrong_count(self):
        with self.assertRaises(Malformed):
            frames.parse_binary_ack(struct.pack(">BH", 0, 2) + bytes(16))


if __name__ == "__main__":
    unittest.main()
