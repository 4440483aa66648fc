/* The frame of the wire protocol (docs/protocol.md, sections 2 to 6): offsets and type codes. */
#pragma once

enum {
    FRAME_HEADER = 17,
    FRAME_CHECKSUM = 4,
    FRAME_OVERHEAD = FRAME_HEADER + FRAME_CHECKSUM,
    FRAME_TYPE_AT = 3,
    FRAME_FLAGS_AT = 4,
    FRAME_LENGTH_AT = 5,
    FRAME_SEQUENCE_AT = 13,

    ROUTING_HEADER = 96,
    ROUTING_RECIPIENT_AT = 32,
    ROUTING_ID_AT = 64,
    ROUTING_TIMESTAMP_AT = 80,
    ROUTING_PRIORITY_AT = 90,

    HASH_BYTES = 32,
    ID_BYTES = 16,
};

enum frame_type {
    TYPE_HELLO = 0x01,
    TYPE_HELLO_ACK = 0x02,
    TYPE_AUTH = 0x03,
    TYPE_AUTH_OK = 0x04,
    TYPE_AUTH_FAIL = 0x05,
    TYPE_MESSAGE = 0x10,
    TYPE_ACK = 0x11,
    TYPE_NACK = 0x12,
    TYPE_PING = 0x20,
    TYPE_PONG = 0x21,
    TYPE_GOAWAY = 0x40,
    TYPE_ERROR = 0xFF,
};

enum { FLAG_ACK_REQ = 0x10 };
