/// How a picture came to be, in the words of IPTC's list `digitalsourcetype`.
public enum DigitalSourceType: String, Sendable, Hashable {
    /// Made by a model.
    case trainedAlgorithmicMedia
    /// Made by a model from other pictures.
    case compositeWithTrainedAlgorithmicMedia

    var uri: String { "http://cv.iptc.org/newscodes/digitalsourcetype/\(rawValue)" }
}
