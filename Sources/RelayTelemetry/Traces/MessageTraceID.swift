import RelayCore
import Telemetry
import WireProtocol

extension MessageID {
    /// Uniform whatever senders make their ids of (the two low halves of version 4 ids share two bits), and the same on
    /// every event loop, every relay and after a restart.
    @inline(__always) var uniformBits: UInt64 {
        let (high, low) = halves
        var mixed = high ^ (low << 29 | low >> 35)
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// The trace of a message whose sender named none.
    var trace: TraceID {
        let (high, low) = halves
        return TraceID(high: high, low: high | low == 0 ? 1 : low)
    }

    /// What the parts of a message's trace that end hours apart have as their common root.
    var rootSpan: SpanID { SpanID(max(1, uniformBits)) }
}

extension TraceContext {
    var isSampled: Bool { flags & 1 == 1 }
    var trace: TraceID { TraceID(high: traceID.high, low: traceID.low) }
}
