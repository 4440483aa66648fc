/* The relay's own protocol, as docs/protocol.md has it. */
#pragma once

#include "load.h"

/* Acknowledges agent->acks in the binary form and empties it. */
void moltrelay_acknowledge(struct agent *agent);
