import Crypto
import Domain
import Foundation
import Imaging
package import Wire

/// One request in the audit log: a line of JSON.
package struct AuditRecord: Sendable, Encodable {
    /// RFC 3339, UTC, of the end of the request.
    private let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    /// `image` or `question`.
    private let kind: String
    private let request: String
    private let caller: String
    private var model: String
    private let sources: Int
    /// Source images whose files say that AI made them.
    private let sourcesLabelled: Int
    private let promptSHA256: String
    private let userSHA256: String?
    /// In clear: where the operator wants it.
    private var prompt: String?
    private var user: String?
    /// Pixels, as in `1024x768`.
    private var size: String?
    private var seed: UInt64?
    private var explicitLabel: Bool?
    /// Of the file as it is handed out; a crop over HTTP is another file, with the same number in its label.
    private var imageSHA256: String?
    /// The number in the file's label.
    private var produceID: String?
    /// `ok`, or the name of a gRPC status.
    private let outcome: String

    private enum CodingKeys: String, CodingKey {
        case time, kind, request, caller, model, sources, prompt, user, size, seed, outcome
        case sourcesLabelled = "sources_labelled"
        case promptSHA256 = "prompt_sha256"
        case userSHA256 = "user_sha256"
        case explicitLabel = "explicit_label"
        case imageSHA256 = "image_sha256"
        case produceID = "produce_id"
    }

    /// Who made a request, and how it came to be here.
    package struct Origin: Sendable {
        package let requestID: String
        /// As the door knows it.
        package let caller: String

        package init(requestID: String, caller: String) {
            self.requestID = requestID
            self.caller = caller
        }
    }

    package init(_ request: GenerateImageRequest, _ origin: Origin, _ result: Result<GeneratedImage, any Error>, isClear: Bool) {
        self.init(
            "image", origin, model: request.model, prompt: request.prompt, user: request.user, images: request.images,
            mostImages: RequestLimits.sourceImages.upperBound, error: result.failure, isClear: isClear)
        guard case .success(let image) = result else {
            (seed, explicitLabel) = (request.parameters.seed, request.explicitLabel)
            return
        }
        let parameters = image.parameters
        (model, size, seed) = (image.modelName, "\(parameters.width)x\(parameters.height)", parameters.seed)
        explicitLabel = image.explicitLabel
        imageSHA256 = SHA256.hash(data: image.image).hexadecimal
        produceID = (try? ImageStatement(image.image))?.label?.values[.produceID]
    }

    package init(_ request: AnswerQuestionRequest, _ origin: Origin, _ result: Result<Answer, any Error>, isClear: Bool) {
        var texts: [String] = [], images: [[UInt8]] = []
        for part in request.messages.lazy.flatMap(\.parts) {
            switch part {
            case .text(let text): texts.append(text)
            case .image(let image): images.append(image)
            }
        }
        self.init(
            "question", origin, model: request.model, prompt: texts.joined(separator: "\n"), user: request.user, images: images,
            mostImages: AnswerLimits.images, error: result.failure, isClear: isClear)
        seed = request.parameters.seed
        if case .success(let answer) = result { (model, seed) = (answer.modelName, answer.parameters.seed) }
    }

    /// - Parameter mostImages: no request that is served has more; those of others are not looked at.
    private init(
        _ kind: String, _ origin: Origin, model: String, prompt: String, user: String, images: [[UInt8]], mostImages: Int, error: (any Error)?,
        isClear: Bool
    ) {
        self.kind = kind
        request = origin.requestID
        caller = origin.caller
        self.model = model.prefix(bytes: Self.mostBytes)
        sources = images.count
        sourcesLabelled = images.prefix(mostImages).count { (try? ImageStatement($0))?.label != nil }
        promptSHA256 = SHA256.hash(data: Array(prompt.utf8)).hexadecimal
        userSHA256 = user.isEmpty ? nil : SHA256.hash(data: Array(user.utf8)).hexadecimal
        if isClear {
            self.prompt = prompt.prefix(bytes: RequestLimits.promptBytes.upperBound)
            self.user = user.isEmpty ? nil : user.prefix(bytes: Self.mostBytes)
        }
        outcome = error.map { ($0 as? CallError).map { "\($0.status)" } ?? ($0 is CancellationError ? "cancelled" : "unknown") } ?? "ok"
    }

    /// Of a name that a stranger sends.
    private static let mostBytes = RequestLimits.userBytes.upperBound

    /// With the line's end.
    var line: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ((try? encoder.encode(self)).map(Array.init) ?? []) + [0x0A]
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
