/// How many requests are at a stage, of all gateways together: those that it told of last, and those that were sent there since.
package struct KnownLoad: Sendable, Hashable {
    private let told: Int
    private var sent = 0

    /// - Parameter told: computed there and waiting there, whoever sent them.
    package init(told: Int) { self.told = told }

    /// This gateway sends a request there. The stage tells again when it has come.
    package mutating func sends() { sent += 1 }

    /// - Parameter own: requests of this gateway that are there, or on their way. One that was given up on its way is never told of.
    package func requests(own: Int) -> Int { max(own, told + min(sent, own)) }
}
