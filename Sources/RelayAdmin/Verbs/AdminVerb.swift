import FoundationEssentials
public import NIOCore
import NIOHTTP1
public import NIOPosix

/// An order that was understood and is not carried out: 400, with what to do instead.
public struct AdminRefusal: Error, Sendable, Equatable {
    public var reason: String

    public init(_ reason: String) { self.reason = reason }
}

extension AdminRoute {
    /// GET with a JSON document for an answer. Runs on the admin event loop.
    public static func document<Answer: Encodable & Sendable>(_ read: @escaping @Sendable () -> Answer) -> AdminRoute {
        AdminRoute { _ in .json(.ok, read()) }
    }

    /// The same, of what others have to answer first. It is written on the workers: it may be long.
    public static func document<Answer: Encodable & Sendable>(
        on workers: NIOThreadPool,
        asking ask: @escaping @Sendable (AdminRequest, any EventLoop) -> EventLoopFuture<Answer>
    ) -> AdminRoute {
        AdminRoute(asking: { request, loop in
            ask(request, loop).flatMap { answer in workers.runIfActive(eventLoop: loop) { .json(.ok, answer) } }
        })
    }

    /// POST with one JSON document for an order and one for an answer: what changes the running relay.
    public static func verb<Order: Decodable & Sendable, Answer: Encodable & Sendable>(
        _ carryOut: @escaping @Sendable (Order) throws(AdminRefusal) -> Answer
    ) -> AdminRoute {
        AdminRoute(.POST) { request in
            do throws(AdminRefusal) {
                return .json(.ok, try carryOut(try request.order()))
            } catch {
                return .text(.badRequest, error.reason)
            }
        }
    }

    /// The same, of an order that others carry out.
    public static func verb<Order: Decodable & Sendable, Answer: Encodable & Sendable>(
        asking carryOut: @escaping @Sendable (Order, any EventLoop) -> EventLoopFuture<Answer>
    ) -> AdminRoute {
        AdminRoute(
            .POST,
            asking: { request, loop in
                do throws(AdminRefusal) {
                    return carryOut(try request.order(), loop).map { .json(.ok, $0) }
                } catch {
                    return loop.makeSucceededFuture(.text(.badRequest, error.reason))
                }
            }
        )
    }
}

extension AdminRequest {
    fileprivate func order<Order: Decodable>(as type: Order.Type = Order.self) throws(AdminRefusal) -> Order {
        do {
            return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
        } catch {
            throw AdminRefusal("The order is not understood: \(error)")
        }
    }
}
