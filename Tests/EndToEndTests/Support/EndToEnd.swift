import Testing

/// One relay at a time: each test owns its relay and its agents, and the machine may have two cores only.
@Suite(.serialized, .timeLimit(.minutes(Programs.patience))) enum EndToEnd {}
