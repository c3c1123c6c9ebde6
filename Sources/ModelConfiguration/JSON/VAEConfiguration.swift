package import Checkpoint
import Foundation

/// `vae/config.json`: diffusers `AutoencoderKL` of plain down and up blocks.
package struct VAEConfiguration: Decodable {
    package let imageChannels: Int
    package let latentChannels: Int
    /// From the image's side to the latents' side.
    package let blockChannels: [Int]
    package let layersPerBlock: Int
    package let groups: Int
    package let midAttention: Bool
    package let quantConvolution: Bool
    package let postQuantConvolution: Bool
    package let latentMeans: [Float]
    package let latentDeviations: [Float]
    /// Side in pixels of the pictures that the checkpoint was trained on.
    package let sampleSide: Int

    /// Pixels per latent in each direction.
    package var scale: Int { 1 << (blockChannels.count - 1) }

    enum CodingKeys: String, CodingKey {
        case className = "_class_name"
        case imageChannels = "in_channels"
        case outChannels = "out_channels"
        case latentChannels = "latent_channels"
        case blockChannels = "block_out_channels"
        case downBlocks = "down_block_types"
        case upBlocks = "up_block_types"
        case layersPerBlock = "layers_per_block"
        case groups = "norm_num_groups"
        case midAttention = "mid_block_add_attention"
        case quantConvolution = "use_quant_conv"
        case postQuantConvolution = "use_post_quant_conv"
        case activation = "act_fn"
        case latentMeans = "latents_mean"
        case latentDeviations = "latents_std"
        case sampleSide = "sample_size"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        if values.contains(.activation) { try values.require("silu", forKey: .activation) }
        imageChannels = try values.value(.imageChannels, default: 3)
        latentChannels = try values.size(.latentChannels, LargestSize.channels)
        blockChannels = try values.decode([Int].self, forKey: .blockChannels)
        layersPerBlock = try values.size(.layersPerBlock, LargestSize.layers, default: 1)
        groups = try values.size(.groups, LargestSize.channels, default: 32)
        midAttention = try values.value(.midAttention, default: true)
        quantConvolution = try values.value(.quantConvolution, default: true)
        postQuantConvolution = try values.value(.postQuantConvolution, default: true)
        latentMeans = try values.decode([Float].self, forKey: .latentMeans)
        latentDeviations = try values.decode([Float].self, forKey: .latentDeviations)
        sampleSide = try values.size(.sampleSide, LargestSize.side, default: 1024)

        let outChannels = try values.value(.outChannels, default: 3)
        try values.check(imageChannels == 3 && outChannels == 3, .imageChannels, "\(imageChannels) in and \(outChannels) out, not 3")
        try values.check(latentMeans.count == latentChannels, .latentMeans, "\(latentMeans.count) values for \(latentChannels) channels")
        try values.check(
            latentDeviations.count == latentChannels, .latentDeviations, "\(latentDeviations.count) values for \(latentChannels) channels")
        try values.check(
            (1...LargestSize.blocks).contains(blockChannels.count), .blockChannels,
            "\(blockChannels.count) blocks are outside 1 through \(LargestSize.blocks)")
        try values.check(
            blockChannels.allSatisfy { (1...LargestSize.channels).contains($0) && $0 % groups == 0 }, .blockChannels,
            "\(blockChannels) don't divide into \(groups) groups, or are outside 1 through \(LargestSize.channels)")
        let downBlocks = try values.decode([String].self, forKey: .downBlocks)
        try values.check(
            downBlocks == blockChannels.map { _ in "DownEncoderBlock2D" }, .downBlocks,
            "\(downBlocks) are not \(blockChannels.count) DownEncoderBlock2D")
        let upBlocks = try values.decode([String].self, forKey: .upBlocks)
        try values.check(
            upBlocks == blockChannels.map { _ in "UpDecoderBlock2D" }, .upBlocks, "\(upBlocks) are not \(blockChannels.count) UpDecoderBlock2D")
    }

    /// Side in pixels of the image that the model draws best: the published model's on a machine that holds no VAE, where it only decides
    /// how much memory is set aside.
    package static func sampleSide(_ model: ModelFolder) throws -> Int {
        let exists = FileManager.default.fileExists(atPath: model.url.appending(path: "vae/config.json").path)
        return exists ? try load(model).sampleSide : 1024
    }

    package static func load(_ model: ModelFolder) throws -> VAEConfiguration {
        try model.configuration(VAEConfiguration.self, "vae/config.json")
    }
}
