#include "moltrelay.h"

#include <libdeflate.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "agent.h"
#include "bytes.h"
#include "document.h"
#include "traffic.h"

enum { ACK_TYPE_RECEIVED = 1, IDS_A_FRAME = 1024, DOCUMENT_BYTES = 4096 };

static void put_header(struct agent *agent, uint8_t *frame, enum frame_type type, uint8_t flags, size_t length)
{
    memcpy(frame, "MR\x01", 3);
    frame[FRAME_TYPE_AT] = (uint8_t)type;
    frame[FRAME_FLAGS_AT] = flags;
    put32(frame + FRAME_LENGTH_AT, (uint32_t)length);
    put32(frame + 9, 0);
    put32(frame + FRAME_SEQUENCE_AT, ++agent->sequence_out);
}

/* Writes header and checksum around a payload that already stands at frame + FRAME_HEADER. */
static size_t seal(struct agent *agent, uint8_t *frame, enum frame_type type, size_t length)
{
    put_header(agent, frame, type, 0, length);
    put32(frame + FRAME_HEADER + length, libdeflate_crc32(0, frame, FRAME_HEADER + length));
    return length + FRAME_OVERHEAD;
}

static void send_document(struct agent *agent, enum frame_type type, const char *json, int length)
{
    uint8_t frame[DOCUMENT_BYTES + FRAME_OVERHEAD];
    if (length < 0 || length >= DOCUMENT_BYTES)
        fail("a document over %d bytes", DOCUMENT_BYTES);
    memcpy(frame + FRAME_HEADER, json, (size_t)length);
    agent_send_message(agent, WS_BINARY, frame, seal(agent, frame, type, (size_t)length));
}

static void greet(struct agent *agent)
{
    char json[DOCUMENT_BYTES], hash[65], none[65], nonce[48];
    uint8_t digest[HASH_BYTES], random[32];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        fail("no random bytes");
    base64_encode(random, sizeof random, nonce);
    hex_encode(agent->hash, HASH_BYTES, hash);
    sha256("[]", 2, digest);
    hex_encode(digest, HASH_BYTES, none);
    agent->key = identity_derive(agent->load->seed, agent->index);
    int length = snprintf(json, sizeof json,
                          "{\"protocol_version\":\"0.1\",\"extensions\":[\"batching\",\"ack:binary\"],"
                          "\"agent_id_hash\":\"sha256:%s\",\"capabilities_hash\":\"sha256:%s\","
                          "\"client_time\":%llu,\"nonce\":\"%s\"}",
                          hash, none, (unsigned long long)unix_ms(), nonce);
    send_document(agent, TYPE_HELLO, json, length);
}

static void authenticate(struct agent *agent, const char *hello_ack)
{
    char json[DOCUMENT_BYTES], text[128], public_text[48], signature_text[96];
    uint8_t challenge[32], public_bytes[32], signature[64];
    if (!agent->key || !document_string(hello_ack, "challenge", text, sizeof text) ||
        base64_decode(text, challenge, sizeof challenge) != sizeof challenge)
        fail("agent %u: no HELLO_ACK: %s", agent->index, hello_ack);
    if (agent->load->options.at_least_once && !strstr(hello_ack, "\"ack:binary\""))
        fail("the relay did not agree to ack:binary: %s", hello_ack);
    identity_public(agent->key, public_bytes);
    identity_sign(agent->key, challenge, sizeof challenge, signature);
    identity_free(agent->key);
    agent->key = 0;
    base64_encode(public_bytes, sizeof public_bytes, public_text);
    base64_encode(signature, sizeof signature, signature_text);
    int length = snprintf(json, sizeof json,
                          "{\"agent_id\":\"%s\",\"public_key\":\"ed25519:%s\","
                          "\"signature\":\"ed25519:%s\",\"capabilities\":[]}",
                          agent->id, public_text, signature_text);
    send_document(agent, TYPE_AUTH, json, length);
}

static void answer_ping(struct agent *agent, const char *ping)
{
    char json[DOCUMENT_BYTES], timestamp[32], sequence[32];
    document_number(ping, "timestamp", timestamp, sizeof timestamp);
    document_number(ping, "sequence", sequence, sizeof sequence);
    int length = snprintf(json, sizeof json, "{\"timestamp\":%s,\"sequence\":%s,\"server_time\":%llu,\"load\":0}",
                          timestamp, sequence, (unsigned long long)unix_ms());
    send_document(agent, TYPE_PONG, json, length);
}

/* The id of a message says when it was sent and is unlike any other of its sender: a version 8 UUID of microseconds
 * since boot (48 bits), the sender's index and its count. */
static void put_id(uint8_t *to, const struct agent *agent, uint64_t stamp)
{
    put64(to, stamp / 1000 << 16 | 0x8000);
    put64(to + 8, 0x8000000000000000u | (uint64_t)agent->index << 32 | agent->sent);
}

static uint64_t stamp_of(const uint8_t *id) { return (get64(id) >> 16) * 1000; }

static size_t put_message(struct agent *from, uint32_t recipient, uint64_t stamp, uint8_t *to)
{
    const struct load *load = from->load;
    const uint32_t payload = load->options.payload, length = ROUTING_HEADER + payload;
    uint8_t *routing = to + FRAME_HEADER, *envelope = routing + ROUTING_HEADER;
    memcpy(routing, from->hash, HASH_BYTES);
    memcpy(routing + ROUTING_RECIPIENT_AT, load->away ? load->away[recipient] : load->agents[recipient].hash,
           HASH_BYTES);
    put_id(routing + ROUTING_ID_AT, from, stamp);
    put64(routing + ROUTING_TIMESTAMP_AT, unix_ms());
    memset(routing + ROUTING_TIMESTAMP_AT + 8, 0, 8);
    routing[ROUTING_PRIORITY_AT] = 128;
    memcpy(envelope, load->filler, payload);
    traffic_put_envelope(from, stamp, envelope);
    put_header(from, to, TYPE_MESSAGE, load->options.at_least_once ? FLAG_ACK_REQ : 0, length);
    uint32_t head = libdeflate_crc32(0, to, FRAME_HEADER + ROUTING_HEADER + ENVELOPE_HEAD);
    put32(to + FRAME_HEADER + length, checksum_join(&load->tail, head));
    return length + FRAME_OVERHEAD;
}

void moltrelay_acknowledge(struct agent *agent)
{
    const size_t ids = agent->acks.count / ID_BYTES;
    for (size_t at = 0; at < ids; at += IDS_A_FRAME) {
        size_t count = ids - at < IDS_A_FRAME ? ids - at : IDS_A_FRAME;
        uint8_t *frame = agent->load->plain, *payload = frame + FRAME_HEADER;
        payload[0] = ACK_TYPE_RECEIVED;
        put16(payload + 1, (uint16_t)count);
        memcpy(payload + 3, agent->acks.bytes + at * ID_BYTES, count * ID_BYTES);
        agent_send_message(agent, WS_BINARY, frame, seal(agent, frame, TYPE_ACK, 3 + count * ID_BYTES));
    }
    agent->acks.count = 0;
}

static void received_message(struct agent *agent, const uint8_t *payload, size_t length)
{
    if (length < ROUTING_HEADER || memcmp(payload + ROUTING_RECIPIENT_AT, agent->hash, HASH_BYTES) != 0)
        fail("agent %u: a message for somebody else, %zu bytes", agent->index, length);
    traffic_received(agent, payload + ROUTING_HEADER, length - ROUTING_HEADER);
    if (!agent->load->options.at_least_once)
        return;
    buffer_append(&agent->acks, payload + ROUTING_ID_AT, ID_BYTES);
    traffic_due(agent);
}

static void received_acks(struct agent *agent, const uint8_t *payload, size_t length)
{
    size_t count = length >= 3 ? get16(payload + 1) : 0;
    if (count == 0 || length != 3 + count * ID_BYTES)
        fail("agent %u: no binary ACK, %zu bytes", agent->index, length);
    for (size_t i = 0; i < count; i++)
        traffic_settled(agent, stamp_of(payload + 3 + i * ID_BYTES), false);
}

static void refused(struct agent *agent, const char *nack)
{
    if (agent->load->counts.refused == 0)
        fprintf(stderr, "load: the first NACK: %s\n", nack);
    traffic_settled(agent, agent->load->now, true);
}

static void received_document(struct agent *agent, uint8_t type, const uint8_t *payload, size_t length)
{
    char text[DOCUMENT_BYTES];
    size_t kept = length < sizeof text ? length : sizeof text - 1;
    memcpy(text, payload, kept);
    text[kept] = 0;
    if (type == TYPE_HELLO_ACK && agent->phase == PHASE_GREETING)
        authenticate(agent, text);
    else if (type == TYPE_AUTH_OK && agent->phase == PHASE_GREETING && !agent->key)
        agent_is_ready(agent);
    else if (type == TYPE_PING)
        answer_ping(agent, text);
    else if (type == TYPE_NACK)
        refused(agent, text);
    else if (type != TYPE_PONG)
        fail("agent %u: a frame of type %02x: %s", agent->index, type, text);
}

static void check_frame(struct agent *agent, const uint8_t *frame, size_t length)
{
    const uint8_t type = frame[FRAME_TYPE_AT];
    uint32_t sequence = get32(frame + FRAME_SEQUENCE_AT);
    agent->sequence_in++;
    /* The floor hands frames on as they are, with the sender's number. */
    if (sequence != agent->sequence_in && agent->load->options.target != TARGET_FLOOR)
        fail("agent %u: frame %u where %u was next", agent->index, sequence, agent->sequence_in);
    if (type == TYPE_MESSAGE && !traffic_verifies(agent->load))
        return;
    uint32_t sum = libdeflate_crc32(0, frame, FRAME_HEADER + length);
    if (sum != get32(frame + FRAME_HEADER + length))
        fail("agent %u: a frame of type %02x with a checksum that does not hold", agent->index, type);
}

static size_t consume(struct agent *agent, const uint8_t *bytes, size_t count)
{
    size_t used = 0;
    while (count - used >= FRAME_OVERHEAD) {
        const uint8_t *frame = bytes + used, *payload = frame + FRAME_HEADER;
        if (memcmp(frame, "MR\x01", 3) != 0)
            fail("agent %u: no frame begins %02x %02x %02x", agent->index, frame[0], frame[1], frame[2]);
        size_t length = get32(frame + FRAME_LENGTH_AT);
        if (count - used < length + FRAME_OVERHEAD)
            break;
        check_frame(agent, frame, length);
        uint8_t type = frame[FRAME_TYPE_AT];
        if (type == TYPE_MESSAGE)
            received_message(agent, payload, length);
        else if (type == TYPE_ACK)
            received_acks(agent, payload, length);
        else
            received_document(agent, type, payload, length);
        used += length + FRAME_OVERHEAD;
    }
    return used;
}

const struct dialect moltrelay_dialect = {
    .path = "/v1/connect", .greet = greet, .consume = consume, .put_message = put_message};
