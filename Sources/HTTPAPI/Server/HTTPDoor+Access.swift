import Domain
import HTTPTypes
package import Hummingbird
import Keys
import ServerKit
package import HTTPServing
import Wire

/// Who may ask for what.
extension HTTPDoor {
    /// The visit of whoever may make it. What comes of a request behind this point has no key in it.
    func admit(_ request: Request, _ id: String, _ peer: Peer, to access: Access) throws -> Visit {
        guard self.access.hasKeys || HostRule.isLocal(request.head.authority) else {
            throw APIError(403, "insufficient_permissions", "without keys the API answers on this machine alone: as localhost or 127.0.0.1")
        }
        let caller = try self.access.admit(
            peer.caller, authorization: request.headers[values: .authorization], to: access, "\(request.method.rawValue) \(request.uri.path)")
        var head = request.head
        head.headerFields[.authorization] = nil
        return Visit(request: Request(head: head, body: request.body), id: id, peer: peer, caller: caller)
    }

    /// Why metrics are not told; nil: they may be. They show the fleet, as its status does.
    package func refusal(ofMetrics request: Request, from peer: Peer) async -> Response? {
        do {
            _ = try admit(request, RequestID.make(), peer, to: .scope(.fleetRead))
            return nil
        } catch {
            return Self.response(APIError(any: error))
        }
    }
}

extension Peer {
    /// The caller without a key: all programs of another machine are one.
    fileprivate var caller: Caller { Caller(identity: "\(address.contains(":") ? "ipv6" : "ipv4"):\(address)") }
}

extension HTTPFields {
    /// OpenAI's headers about the requests that a key may still make.
    mutating func tell(_ standing: KeyUsage.Standing) {
        self[HTTPField.Name("x-ratelimit-limit-requests")!] = "\(standing.limit)"
        self[HTTPField.Name("x-ratelimit-remaining-requests")!] = "\(standing.remaining)"
        self[HTTPField.Name("x-ratelimit-reset-requests")!] = Self.text(standing.reset)
    }

    /// `120ms`, `6m0s`, seconds rounded up.
    private static func text(_ duration: Duration) -> String {
        if duration < .seconds(1) { return "\(duration.milliseconds)ms" }
        let seconds = Int(duration.inSeconds.rounded(.up))
        return seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60)s"
    }
}
