import CWire

/// A source picture to be turned into codes.
public struct EncodeRequest: Sendable, Hashable {
    /// A PNG or JPEG file.
    public var image: [UInt8]

    public init(image: [UInt8]) { self.image = image }
}

extension EncodeRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__EncodeRequest>) { glm__v1__encode_request__init(c) }
    func fill(_ c: inout Glm__V1__EncodeRequest, _ arena: Arena) throws(WireError) { c.image = arena.bytes(image) }
    init(_ c: Glm__V1__EncodeRequest) throws(WireError) { self.init(image: bytes(c.image)) }
}

/// The codes of a source picture.
public struct EncodeResponse: Sendable, Hashable {
    public var grid: CodeGrid
    /// Of the stage, in order.
    public var timings: [Timing]

    public init(grid: CodeGrid, timings: [Timing] = []) {
        self.grid = grid
        self.timings = timings
    }
}

extension EncodeResponse: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__EncodeResponse>) { glm__v1__encode_response__init(c) }

    func fill(_ c: inout Glm__V1__EncodeResponse, _ arena: Arena) throws(WireError) {
        c.grid = try arena.message(grid)
        c.n_timings = timings.count
        c.timings = try arena.messages(timings)
    }

    init(_ c: Glm__V1__EncodeResponse) throws(WireError) {
        self.init(grid: try message(c.grid, "grid"), timings: try messages(c.n_timings, c.timings))
    }
}
