/// How old a connection may become before its client is asked to open another one.
///
/// Behind a balancer, clients that stay with the gateway that they have found would leave new gateways idle. Nobody is cut off: the end of a
/// connection takes as long as the requests on it. Connections that were opened together don't end together.
public struct ConnectionAge: Sendable, Hashable {
    /// As gRPC has it (A9): so much more or less.
    private static let jitter = 0.1

    private let limit: Duration?

    /// - Parameter limit: nil: connections may become as old as they like.
    public init(_ limit: Duration?) { self.limit = limit }

    public static let unlimited = ConnectionAge(nil)

    /// Of one connection; nil: no limit.
    public func draw() -> Duration? { at(Double.random(in: 0...1)) }

    /// - Parameter fraction: 0 through 1: from the least to the most.
    package func at(_ fraction: Double) -> Duration? { limit.map { $0 * (1 + Self.jitter * (2 * fraction - 1)) } }
}
