import GRPCCore
import GRPCNIOTransportHTTP2Posix
package import Logging
package import NIOCore
import NIOHPACK
package import Wire

/// What a server takes of a call before it reads the message.
package struct RequestRules: Sendable {
    /// After which a request that has begun, and of which nothing more comes, is refused.
    package static let silence = TimeAmount.seconds(30)

    /// Of a method.
    package struct Method: Sendable {
        /// Bytes of the largest request message.
        let requestLimit: Int
        /// Callers send any number of messages.
        let isStream: Bool
    }

    /// All methods, by `/package.Service/Method`.
    let methods: [String: Method]
    package let budget: ByteBudget
    /// Of answers that connections hold.
    package let unread: UnreadBytes
    let logger: Logger

    package init(services: [Wire.Service], unread: UnreadBytes = UnreadBytes(), logger: Logger) {
        var methods: [String: Method] = [:]
        for service in services {
            var router = RPCRouter<HTTP2ServerTransport.Custom<Listener>>()
            service.registerMethods(with: &router)
            for method in router.methods {
                let isStream = method.type == .bidirectionalStreaming || method.type == .clientStreaming
                methods["/\(method.fullyQualifiedMethod)"] = Method(requestLimit: service.requestLimits[method.method] ?? 0, isStream: isStream)
            }
        }
        self.methods = methods
        self.unread = unread
        budget = ByteBudget(requestLimit: services.map(\.requestLimit).max() ?? 0)
        self.logger = logger
    }

    /// Why a call with these headers is refused; nil: it may go on.
    func refusal(of headers: HPACKHeaders) -> CallError? { RequestHeaders.refusal(of: headers, isMethod: { methods[$0] != nil }) }

    func intake(of headers: HPACKHeaders) -> MessageIntake {
        let method = headers.first(name: ":path").flatMap { methods[$0] }
        return MessageIntake(limit: method?.requestLimit ?? 0, isStream: method?.isStream ?? false)
    }
}
