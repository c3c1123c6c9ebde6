import CWire
import Domain

/// Complete parameters have the encoding of ``ImageOptions`` where every value is set.
extension ImageParameters: CodedMessage {
    static var isTransparent: Bool { true }

    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__ImageParameters>) { ImageOptions.initialize(c) }

    func fill(_ c: inout Glm__V1__ImageParameters, _ arena: Arena) throws(WireError) { try options.fill(&c, arena) }

    init(_ c: Glm__V1__ImageParameters) throws(WireError) { try self.init(decoding: ImageOptions(c)) }

    /// What was decoded has to be complete and within the limits.
    init(decoding options: ImageOptions) throws(WireError) {
        do { try self.init(options) } catch { throw WireError(error) }
    }
}
