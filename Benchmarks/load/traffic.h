/* Who sends what to whom and when, and what became of it. The same for every server. */
#pragma once

#include "load.h"

void traffic_prepare(struct load *load);
void traffic_start(struct load *load);
void traffic_stop(struct load *load);

/* Marks an agent for the end of the tick. */
void traffic_due(struct agent *agent);

/* End of the tick: acknowledgements and messages of the agents marked, and what the pace asks for. */
void traffic_flush(struct load *load);

/* When the pace wants the next message, in the nanoseconds of load->now; UINT64_MAX without a pace. */
uint64_t traffic_next(const struct load *load);

/* The envelope of the next message of this agent: payload bytes. */
void traffic_put_envelope(struct agent *from, uint64_t stamp, uint8_t *to);

/* An envelope arrived. Checks its content, counts it, gives the sender its place in the window back. */
void traffic_received(struct agent *recipient, const uint8_t *envelope, size_t count);

/* An ACK or a refusal of a message of this sender that was sent at `stamp`. */
void traffic_settled(struct agent *sender, uint64_t stamp, bool refused);

uint64_t traffic_in_flight(const struct load *load);

/* Is this received message one of those compared whole? */
static inline bool traffic_verifies(const struct load *load)
{
    return load->counts.received % load->options.verify_every == 0;
}
