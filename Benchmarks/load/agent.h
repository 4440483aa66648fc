/* One connection: socket, upgrade, bytes in both directions. */
#pragma once

#include "load.h"

/* Starts a non-blocking connect; the handshake follows from events. */
void agent_open(struct load *load, uint32_t index);

void agent_event(struct agent *agent, uint32_t events);

/* Bytes as they go to the socket; what it does not take is kept and sent first. */
void agent_send(struct agent *agent, const uint8_t *bytes, size_t count);

/* One WebSocket message of any size up to OUTBOX_BYTES - WS_OVERHEAD. */
void agent_send_message(struct agent *agent, uint8_t opcode, const uint8_t *payload, size_t count);

void agent_is_ready(struct agent *agent);
void agent_close(struct agent *agent);

void buffer_append(struct buffer *buffer, const void *bytes, size_t count);
