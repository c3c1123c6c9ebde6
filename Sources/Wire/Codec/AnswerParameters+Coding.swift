import CWire
import Domain

/// Parameters with a seed have the encoding of ``AnswerOptions``.
extension AnswerParameters: CodedMessage {
    static var isTransparent: Bool { true }

    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__AnswerParameters>) { AnswerOptions.initialize(c) }

    func fill(_ c: inout Glm__V1__AnswerParameters, _ arena: Arena) throws(WireError) {
        var options = options
        options.seed = seed
        try options.fill(&c, arena)
    }

    init(_ c: Glm__V1__AnswerParameters) throws(WireError) {
        let options = try AnswerOptions(c)
        do { try self.init(options) } catch { throw WireError(error) }
    }
}

extension Conversation {
    /// Its errors name the messages themselves, as those of clients' requests do.
    static var isTransparent: Bool { true }

    init(messages: [ChatMessage]) throws(RequestError) { try self.init(messages) }
}
