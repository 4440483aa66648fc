import Logging
import NIOCore
import RelayAdmin
import RelayCore
import RelayTransport
import WireProtocol

/// `moltrelay queue`: what waits for whom, emptying it, taking it out and putting it back.
struct QueueControl: Sendable {
    let steering: Steering

    var routes: [String: AdminRoute] {
        [
            AdminRoute.queuePath: reading,
            AdminRoute.purgeQueuePath: .verb { (order: PurgeOrder, loop: any EventLoop) in
                loop.makeFutureWithTask { try await purge(order, on: loop) }
            },
            AdminRoute.exportQueuePath: .exportQueue(on: steering.workers) { agent, after, loop in
                loop.makeFutureWithTask { try await QueueExport(steering: steering).page(of: agent, after, on: loop) }
            },
            AdminRoute.importQueuePath: .importQueue { rows, check, loop in
                loop.makeFutureWithTask {
                    try await QueueImport(steering: steering).take(rows, onlyChecking: check, on: loop)
                }
            },
        ]
    }

    var reading: AdminRoute {
        .queue(on: steering.workers) { question, loop in
            loop.makeFutureWithTask { try await status(question, on: loop) }
        }
    }

    private func status(_ question: QueueQuestion, on loop: any EventLoop) async throws -> QueueDocument {
        guard let order = QueueListQuestion.Order(rawValue: question.sort), order != .agent else {
            throw AdminRefusal("sort is one of messages, bytes, age, not \(question.sort.prefix(80))")
        }
        let list = try await steering.queues(QueueListQuestion(order: order, limit: max(1, question.limit)))
        let queues = list.queues.prefix(question.limit)
        let connected = try await steering.loops.connected(queues.map(\.recipient), on: loop).get()
        let (totals, now) = (steering.choice.store.totals, steering.loops.clock.now)
        func age(_ time: UnixMilliseconds?) -> Double? { time.map { Double(now - min(now, $0)) / 1_000 } }
        return QueueDocument(
            at: steering.clocks.text(steering.clock()),
            store: steering.choice.kind,
            messages: totals.messages,
            bytes: totals.bytes,
            oldestAgeSeconds: age(totals.oldestAcceptedAt),
            maxBytes: steering.queueLimits.maxTotalBytes,
            maxMessagesPerAgent: steering.queueLimits.maxMessagesPerAgent,
            agents: list.agents,
            queues: queues.map { queue in
                QueueDocument.Queue(
                    agent: queue.recipient.description,
                    connected: connected.contains(queue.recipient),
                    messages: queue.messages,
                    bytes: queue.bytes,
                    oldestAgeSeconds: age(queue.oldestAcceptedAt)
                )
            }
        )
    }

    private func purge(_ order: PurgeOrder, on loop: any EventLoop) async throws -> PurgedDocument {
        guard steering.choice.queue != nil else { throw AdminRefusal.noQueue }
        let agent = try await steering.agent(order.agent, on: loop)
        do {
            let purged = try await steering.loops.purge(agent, on: loop).get()
            steering.tell(.queuePurged, ["agent_id_hash": "\(agent)", "count": "\(purged)"])
            return PurgedDocument(agent: agent.description, purged: purged)
        } catch let failure as StoreFailure {
            throw StoreAnswer(failure: failure)
        }
    }
}

extension AdminRefusal {
    static let noQueue = AdminRefusal("this relay queues nothing: its configuration has queue.enabled: false")
}
