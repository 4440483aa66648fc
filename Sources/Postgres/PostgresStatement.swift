/// Prepared on each connection the first time it is called there.
public struct PostgresStatement: Sendable {
    let name: String
    let text: String

    /// - Parameter name: another one for every text; empty for what is called once in a connection's life.
    public init(_ name: String, _ text: String) { (self.name, self.text) = (name, text) }
}

public struct PostgresCall: Sendable {
    let statement: PostgresStatement
    public var parameters: PostgresParameters

    public init(_ statement: PostgresStatement, _ parameters: PostgresParameters = PostgresParameters()) {
        (self.statement, self.parameters) = (statement, parameters)
    }

    public init(_ text: String) { self.init(PostgresStatement("", text)) }
}
