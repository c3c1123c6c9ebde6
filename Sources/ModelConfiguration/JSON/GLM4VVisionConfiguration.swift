/// The vision tower's part of a question model: `Glm4vVisionConfig`. The defaults are the class's.
package struct GLM4VVisionConfiguration: Decodable {
    package let depth: Int
    package let hiddenSize: Int
    /// Inner width of the merger; that of a block is ``outputSize``.
    package let intermediateSize: Int
    /// Columns of the rows that the decoder reads.
    package let outputSize: Int
    package let heads: Int
    package let imageSize: Int
    package let patchSize: Int
    /// Frames of a patch; a still picture is repeated.
    package let temporalPatchSize: Int
    /// Side in patches of a cell, which is one row of the output.
    package let mergeSize: Int
    package let channels: Int
    package let normEpsilon: Float
    package let attentionBias: Bool
    /// Of the rotation by a patch's row and column.
    package let ropeTheta: Float

    enum CodingKeys: String, CodingKey {
        case depth
        case hiddenSize = "hidden_size"
        case intermediateSize = "intermediate_size"
        case outputSize = "out_hidden_size"
        case heads = "num_heads"
        case imageSize = "image_size"
        case patchSize = "patch_size"
        case temporalPatchSize = "temporal_patch_size"
        case mergeSize = "spatial_merge_size"
        case channels = "in_channels"
        case normEpsilon = "rms_norm_eps"
        case attentionBias = "attention_bias"
        case activation = "hidden_act"
        case rope = "rope_parameters"
    }

    enum RopeKeys: String, CodingKey {
        case type = "rope_type"
        case theta = "rope_theta"
    }

    package var headSize: Int { hiddenSize / heads }
    /// Side of the table of learned positions.
    package var tableSide: Int { imageSize / patchSize }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        if values.isSet(.activation) { try values.require("silu", forKey: .activation) }
        depth = try values.size(.depth, LargestSize.layers, default: 24)
        hiddenSize = try values.size(.hiddenSize, LargestSize.channels, default: 1536)
        intermediateSize = try values.size(.intermediateSize, LargestSize.channels, default: 13_696)
        outputSize = try values.size(.outputSize, LargestSize.channels, default: 4096)
        heads = try values.size(.heads, LargestSize.heads, default: 12)
        imageSize = try values.size(.imageSize, LargestSize.side, default: 336)
        patchSize = try values.size(.patchSize, LargestSize.patch, default: 14)
        temporalPatchSize = try values.size(.temporalPatchSize, LargestSize.frames, default: 2)
        mergeSize = try values.size(.mergeSize, LargestSize.merge, default: 2)
        channels = try values.size(.channels, LargestSize.channels, default: 3)
        normEpsilon = try values.value(.normEpsilon, default: 1e-5)
        attentionBias = try values.value(.attentionBias, default: false)
        // Files of 4.5x name none.
        let rope = values.isSet(.rope) ? try values.nestedContainer(keyedBy: RopeKeys.self, forKey: .rope) : nil
        if let rope, rope.isSet(.type) { try rope.require("axial", forKey: .type) }
        ropeTheta = try rope?.value(.theta, default: 10_000) ?? 10_000
        try values.check(ropeTheta > 1 && ropeTheta.isFinite, .rope, "rope_theta \(ropeTheta) is not above 1")
        try values.check(channels == 3, .channels, "\(channels) is not 3")
        try values.check(normEpsilon > 0 && normEpsilon < 1, .normEpsilon, "\(normEpsilon) is not between 0 and 1")
        try values.check(hiddenSize % heads == 0, .heads, "\(heads) doesn't divide hidden_size \(hiddenSize)")
        try values.check(
            headSize % 4 == 0, .heads, "\(heads) makes heads of \(headSize) columns, not a multiple of 4, which rows and columns share in pairs")
        try values.check(imageSize % patchSize == 0, .patchSize, "\(patchSize) doesn't divide image_size \(imageSize)")
    }
}
