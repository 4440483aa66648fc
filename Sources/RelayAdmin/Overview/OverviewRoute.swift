import NIOHTTP1

extension AdminRoute {
    public static let overviewPath = "/v1/overview"

    /// - Parameter overview: takes the number of the last sample that is known already; runs on the admin event loop.
    public static func overview(_ overview: @escaping @Sendable (UInt64) -> OverviewDocument) -> AdminRoute {
        AdminRoute { request in
            let after = request.text(of: "after") ?? "0"
            guard let number = UInt64(after) else { return .text(.badRequest, "after is the number of a sample.") }
            return .json(.ok, overview(number), headers: ["cache-control": "no-store"])
        }
    }
}

extension AdminClient {
    public func overviewJSON(after number: UInt64 = 0) throws(AdminClientError) -> String {
        try get(AdminRoute.overviewPath + "?after=\(number)")
    }

    public func overview(after number: UInt64 = 0) throws(AdminClientError) -> OverviewDocument {
        try read(overviewJSON(after: number))
    }
}
