import Crypto
public import Domain
import Imaging
package import Wire

/// How images are labelled as made by AI: what their files say always, and whether words are drawn into them.
public struct LabelPolicy: Sendable, Hashable {
    /// Name or code of the service, for the label's field `ContentProducer`; may be empty.
    public let contentProducer: String
    /// Words are drawn into every image, unless a caller with the right leaves them out.
    public let isExplicit: Bool

    /// Labels that say nothing of the service, and no words.
    public init() { (contentProducer, isExplicit) = ("", false) }

    /// - Parameter contentProducer: nil: none.
    /// - Throws: for a producer of no or of more than 128 characters, or with some that can't be printed.
    public init(contentProducer: String?, isExplicit: Bool) throws(RequestError) {
        self.isExplicit = isExplicit
        guard let contentProducer else {
            self.contentProducer = ""
            return
        }
        let characters = contentProducer.unicodeScalars
        guard (1...Self.mostCharacters).contains(characters.count) else {
            throw RequestError("the content producer has \(characters.count) characters; 1 to \(Self.mostCharacters)")
        }
        guard characters.allSatisfy(\.isPrintable) else { throw RequestError("the content producer has characters that can't be printed") }
        self.contentProducer = contentProducer
    }

    private static let mostCharacters = 128

    /// Whether words are drawn into the image of a request.
    /// - Parameters:
    ///   - wanted: by the caller; nil: as this policy has it.
    ///   - mayOmit: the caller may leave out what this policy wants.
    /// - Throws: PERMISSION_DENIED.
    package func drawsWords(wanted: Bool?, mayOmit: Bool) throws(CallError) -> Bool {
        if wanted == false, isExplicit, !mayOmit {
            throw CallError(.permissionDenied, "this gateway draws a label into all images; to leave it out takes the right label:off")
        }
        return wanted ?? isExplicit
    }

    /// The file with the label for machines in it; the pixels stay as they are.
    ///
    /// The number of the content is made of the content: the first half of the file's SHA-256 without the label. A retry, a job that is
    /// begun anew and the same request once more have to give the same file to the byte, which a number of the request would prevent; the
    /// audit log has both numbers.
    /// - Parameter isEdit: the image was made from others.
    /// - Throws: INTERNAL for a file that no stage of ours writes.
    package func labelled(_ file: [UInt8], isEdit: Bool) throws(CallError) -> [UInt8] {
        let number = SHA256.hash(data: file).hexadecimal.prefix(32)
        let label = ImplicitLabel(
            AIGCLabel(contentProducer: contentProducer, produceID: String(number)),
            source: isEdit ? .compositeWithTrainedAlgorithmicMedia : .trainedAlgorithmicMedia)
        do { return try label.added(to: file) } catch {
            throw CallError(.internalError, "a stage has answered a file that can't be labelled: \(error)")
        }
    }

    /// A partial image is an image, too.
    func labelled(_ news: GenerateImageEvent, isEdit: Bool) throws(CallError) -> GenerateImageEvent {
        guard case .partial(var partial) = news else { return news }
        partial.image = try labelled(partial.image, isEdit: isEdit)
        return .partial(partial)
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
        default: true
        }
    }
}
