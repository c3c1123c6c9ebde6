import CWire

/// Asks for the state of one service; empty: of the whole server.
public struct HealthCheckRequest: Sendable, Hashable {
    /// Full name.
    public var service: String

    public init(service: String = "") { self.service = service }
}

extension HealthCheckRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Grpc__Health__V1__HealthCheckRequest>) { grpc__health__v1__health_check_request__init(c) }
    func fill(_ c: inout Grpc__Health__V1__HealthCheckRequest, _ arena: Arena) throws(WireError) { c.service = try arena.text(service, "service") }
    init(_ c: Grpc__Health__V1__HealthCheckRequest) throws(WireError) { self.init(service: try text(c.service, "service")) }
}

/// The state of one service.
public struct HealthCheckResponse: Sendable, Hashable {
    public enum ServingStatus: UInt32, Sendable, Hashable {
        case unknown = 0
        case serving = 1
        case notServing = 2
        /// Only in Watch.
        case serviceUnknown = 3
    }

    public var status: ServingStatus

    public init(status: ServingStatus) { self.status = status }
}

extension HealthCheckResponse: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Grpc__Health__V1__HealthCheckResponse>) { grpc__health__v1__health_check_response__init(c) }

    func fill(_ c: inout Grpc__Health__V1__HealthCheckResponse, _ arena: Arena) throws(WireError) {
        c.status = Grpc__Health__V1__HealthCheckResponse__ServingStatus(rawValue: status.rawValue)
    }

    init(_ c: Grpc__Health__V1__HealthCheckResponse) throws(WireError) {
        self.init(status: ServingStatus(rawValue: c.status.rawValue) ?? .unknown)
    }
}

/// Asks for the state of all services.
public struct HealthListRequest: Sendable, Hashable {
    public init() {}
}

extension HealthListRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Grpc__Health__V1__HealthListRequest>) { grpc__health__v1__health_list_request__init(c) }
    func fill(_ c: inout Grpc__Health__V1__HealthListRequest, _ arena: Arena) throws(WireError) {}
    init(_ c: Grpc__Health__V1__HealthListRequest) throws(WireError) {}
}

/// The state of all services, by full name.
public struct HealthListResponse: Sendable, Hashable {
    public var statuses: [String: HealthCheckResponse]

    public init(statuses: [String: HealthCheckResponse]) { self.statuses = statuses }
}

extension HealthListResponse: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Grpc__Health__V1__HealthListResponse>) { grpc__health__v1__health_list_response__init(c) }

    func fill(_ c: inout Grpc__Health__V1__HealthListResponse, _ arena: Arena) throws(WireError) {
        c.n_statuses = statuses.count
        c.statuses = try arena.messages(statuses.sorted { $0.key < $1.key }.map { HealthListEntry(key: $0.key, value: $0.value) })
    }

    init(_ c: Grpc__Health__V1__HealthListResponse) throws(WireError) {
        let entries: [HealthListEntry] = try messages(c.n_statuses, c.statuses)
        self.init(statuses: Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }))
    }
}

/// A protobuf map is a list of such pairs; the last of equal keys counts.
struct HealthListEntry: Hashable {
    var key: String
    var value: HealthCheckResponse
}

extension HealthListEntry: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Grpc__Health__V1__HealthListResponse__StatusesEntry>) {
        grpc__health__v1__health_list_response__statuses_entry__init(c)
    }

    func fill(_ c: inout Grpc__Health__V1__HealthListResponse__StatusesEntry, _ arena: Arena) throws(WireError) {
        c.key = try arena.text(key, "key")
        c.value = try arena.message(value)
    }

    init(_ c: Grpc__Health__V1__HealthListResponse__StatusesEntry) throws(WireError) {
        self.init(key: try text(c.key, "key"), value: try message(c.value) ?? HealthCheckResponse(status: .unknown))
    }
}
