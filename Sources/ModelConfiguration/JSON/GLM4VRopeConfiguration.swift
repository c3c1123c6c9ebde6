/// How the text part of a question model rotates by position: only the default type with three sections is a Glm4v.
///
/// Files of 5.x hold all of it in `rope_parameters`; older ones the sections in `rope_scaling` and the rest beside it.
package struct GLM4VRopeConfiguration: Sendable {
    package let theta: Float
    /// Pairs turned by the temporal, the height and the width position, in this order, over frequencies from high to low.
    package let sections: [Int]
    package let partialRotaryFactor: Float

    enum CodingKeys: String, CodingKey {
        case parameters = "rope_parameters"
        case scaling = "rope_scaling"
        case theta = "rope_theta"
        case partialRotaryFactor = "partial_rotary_factor"
        case type = "rope_type"
        /// What `rope_type` was called before 4.43.
        case olderType = "type"
        case sections = "mrope_section"
    }

    /// - Parameters:
    ///   - decoder: of the text part, in which the rope's keys are.
    ///   - headSize: columns of a head, of which a part is rotated.
    ///   - complete: whether a missing value is an error rather than the class's default.
    init(beside decoder: any Decoder, headSize: Int, complete: Bool) throws {
        let outer = try decoder.container(keyedBy: CodingKeys.self)
        let key = [CodingKeys.parameters, .scaling].first { outer.isSet($0) }
        let inner = try key.map { try outer.nestedContainer(keyedBy: CodingKeys.self, forKey: $0) }

        func find<T: Decodable>(_ key: CodingKeys, default fallback: T) throws -> T {
            if let value = try inner?.decodeIfPresent(T.self, forKey: key) { return value }
            return complete ? try outer.decode(T.self, forKey: key) : try outer.value(key, default: fallback)
        }
        if let inner {
            for key in [CodingKeys.type, .olderType] where inner.isSet(key) {
                let type = try inner.decode(String.self, forKey: key)
                // "mrope" is the default with sections.
                try inner.check(["default", "mrope"].contains(type), key, "\(type) is not supported; this build computes default")
            }
        }
        theta = try find(.theta, default: 10_000)
        sections = try find(.sections, default: [8, 12, 12])
        partialRotaryFactor = try find(.partialRotaryFactor, default: 1)

        let place = inner ?? outer
        try place.check(theta > 1 && theta.isFinite, .theta, "\(theta) is not above 1")
        try place.check(
            sections.count == 3 && sections.allSatisfy { (0...LargestSize.headSize).contains($0) }, .sections,
            "\(sections) are not three sections of 0 through \(LargestSize.headSize) pairs")
        try place.check((0...1).contains(partialRotaryFactor), .partialRotaryFactor, "\(partialRotaryFactor) is outside 0 through 1")
        let rotated = Int(Float(headSize) * partialRotaryFactor)
        try place.check(
            rotated % 2 == 0 && sections.reduce(0, +) == rotated / 2, .sections,
            "\(sections) doesn't sum to the pairs of \(rotated) rotated columns of a head of \(headSize)")
    }
}
