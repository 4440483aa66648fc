import RelayCore
public import WireProtocol

// Label values of the relay's enums and, by switches that cannot forget a case, their places among them.

/// Parts of a message's way.
enum MessageStage: String, CaseIterable {
    case route, enqueue, write, store

    var place: Int {
        switch self {
        case .route: 0
        case .enqueue: 1
        case .write: 2
        case .store: 3
        }
    }
}

extension DeliveryMode {
    public var label: String {
        switch self {
        case .bestEffort: "best_effort"
        case .atLeastOnce: "at_least_once"
        case .exactlyOnce: "exactly_once"
        }
    }

    var place: Int {
        switch self {
        case .bestEffort: 0
        case .atLeastOnce: 1
        case .exactlyOnce: 2
        }
    }
}

extension MessageFate {
    static let labels = ["delivered", "expired", "dropped"]

    var place: Int {
        switch self {
        case .delivered: 0
        case .expired: 1
        case .dropped: 2
        }
    }
}

extension DropReason {
    var place: Int {
        switch self {
        case .recipientOffline: 0
        case .outboxFull: 1
        case .disconnected: 2
        case .queueFull: 3
        case .storageUnavailable: 4
        case .duplicate: 5
        case .draining: 6
        case .shutdown: 7
        case .memory: 8
        case .unreadable: 9
        case .purged: 10
        }
    }
}

/// Why a batch failed.
enum StoreFailureReason: String, CaseIterable {
    case unavailable
    /// Disk or memory.
    case full
    case closed

    init(_ failure: StoreFailure) {
        switch failure {
        case .unavailable: self = .unavailable
        case .diskFull, .memoryFull: self = .full
        case .closed: self = .closed
        }
    }

    var place: Int {
        switch self {
        case .unavailable: 0
        case .full: 1
        case .closed: 2
        }
    }
}

extension NackCode {
    var place: Int {
        switch self {
        case .recipientOffline: 0
        case .queueFull: 1
        case .expired: 2
        case .tooLarge: 3
        case .rateLimited: 4
        case .senderMismatch: 5
        case .draining: 6
        case .storageUnavailable: 7
        }
    }
}

extension FrameType {
    var place: Int {
        switch self {
        case .hello: 0
        case .helloAck: 1
        case .auth: 2
        case .authOK: 3
        case .authFail: 4
        case .message: 5
        case .ack: 6
        case .nack: 7
        case .ping: 8
        case .pong: 9
        case .streamOpen: 10
        case .streamData: 11
        case .streamClose: 12
        case .windowUpdate: 13
        case .goAway: 14
        case .error: 15
        }
    }
}
