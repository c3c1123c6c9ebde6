import Foundation

/// Why a request is refused for its head alone, in HTTP/1 and in HTTP/2, before anybody sees it.
struct HeadRefusal {
    /// Of a request's head.
    static let fieldLimit = 100

    let status: Int
    let code: String
    let message: String

    /// What must hold whatever the version:
    /// - 415 `unsupported_media_type`: a `Content-Encoding` other than `identity`;
    /// - 417 `expectation_failed`: an `Expect` other than `100-continue`.
    ///
    /// The values are those of all fields of a name, taken apart at commas.
    static func of(contentEncodings: [String], expectations: [String]) -> HeadRefusal? {
        guard contentEncodings.allSatisfy({ $0.lowercased() == "identity" }) else {
            return HeadRefusal(
                status: 415, code: "unsupported_media_type",
                message: "the Content-Encoding is \(shown(contentEncodings)); a body must not be compressed")
        }
        guard expectations.allSatisfy({ $0.lowercased() == "100-continue" }) else {
            return HeadRefusal(
                status: 417, code: "expectation_failed", message: "the request expects \(shown(expectations)); only '100-continue' is met")
        }
        return nil
    }

    /// A stranger's words in a message.
    static func shown(_ values: [String]) -> String { "'\(values.joined(separator: ", ").prefix(100))'" }

    /// As OpenAI's clients read an error.
    var body: [UInt8] {
        struct Body: Encodable {
            struct Reason: Encodable {
                let message: String
                let type = "invalid_request_error"
                let param: String? = nil
                let code: String
            }
            let error: Reason
        }
        return (try? JSONEncoder().encode(Body(error: .init(message: message, code: code)))).map(Array.init) ?? []
    }
}
