import FoundationEssentials
import NIOCore
import NIOHTTP1

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

    /// POST with one JSON document for an order and one for an answer: what changes the running relay.
    public static func verb<Order: Decodable & Sendable, Answer: Encodable & Sendable>(
        _ carryOut: @escaping @Sendable (Order) throws(AdminRefusal) -> Answer
    ) -> AdminRoute {
        AdminRoute(.POST) { request in
            let order: Order
            do {
                order = try JSONDecoder().decode(Order.self, from: Data(request.body.readableBytesView))
            } catch {
                return .text(.badRequest, "The order is not understood: \(error)")
            }
            do throws(AdminRefusal) {
                return .json(.ok, try carryOut(order))
            } catch {
                return .text(.badRequest, error.reason)
            }
        }
    }
}
