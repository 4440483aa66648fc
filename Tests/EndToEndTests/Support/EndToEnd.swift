import Testing

/// One relay at a time: each test owns its relay and its agents, and the machine may have two cores only.
@Suite(.serialized, .timeLimit(.minutes(Programs.patience))) enum EndToEnd {}

/// Beside them, one at a time too: tests that wait for most of their time, for what freezes, renews or runs out.
@Suite(.serialized, .timeLimit(.minutes(Programs.patience))) enum Waiting {}
