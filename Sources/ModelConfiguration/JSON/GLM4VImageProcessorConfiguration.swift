package import Checkpoint
package import Domain
import Foundation

/// The image processor's numbers of a question model (`Glm4vImageProcessor`), from `preprocessor_config.json` or, as 5.x saves it, from
/// the `image_processor` entry of `processor_config.json`.
package struct GLM4VImageProcessorConfiguration: Decodable, Sendable {
    package let patchSize: Int
    package let temporalPatchSize: Int
    package let mergeSize: Int
    package let mean: [Float]
    package let standardDeviation: [Float]
    package let rescaleFactor: Double
    /// What these numbers make of an image's size.
    package let sizeRule: ImageSizeRule

    enum CodingKeys: String, CodingKey {
        case imageProcessor = "image_processor"
        case size
        case patchSize = "patch_size"
        case temporalPatchSize = "temporal_patch_size"
        case mergeSize = "merge_size"
        case mean = "image_mean"
        case standardDeviation = "image_std"
        case rescaleFactor = "rescale_factor"
        case resample
        case convertsToRGB = "do_convert_rgb"
        case resizes = "do_resize"
        case rescales = "do_rescale"
        case normalizes = "do_normalize"
    }

    enum SizeKeys: String, CodingKey {
        case shortest = "shortest_edge"
        case longest = "longest_edge"
    }

    package init(from decoder: any Decoder) throws {
        let outer = try decoder.container(keyedBy: CodingKeys.self)
        let values = outer.isSet(.imageProcessor) ? try outer.nestedContainer(keyedBy: CodingKeys.self, forKey: .imageProcessor) : outer
        for key in [CodingKeys.convertsToRGB, .resizes, .rescales, .normalizes] {
            let on = try values.value(key, default: true)
            try values.check(on, key, "false is not supported")
        }
        let resample = try values.value(.resample, default: 3)
        try values.check(resample == 3, .resample, "\(resample) is not 3 (bicubic)")
        patchSize = try values.size(.patchSize, LargestSize.patch, default: 14)
        temporalPatchSize = try values.size(.temporalPatchSize, LargestSize.frames, default: 2)
        mergeSize = try values.size(.mergeSize, LargestSize.merge, default: 2)
        // Called edges, both are counts of pixels.
        let size = values.isSet(.size) ? try values.nestedContainer(keyedBy: SizeKeys.self, forKey: .size) : nil
        let shortest = try size?.size(.shortest, LargestSize.area) ?? 112 * 112
        let longest = try size?.size(.longest, LargestSize.area) ?? 28 * 28 * 15_000
        do {
            sizeRule = try ImageSizeRule(cellSide: patchSize * mergeSize, frames: temporalPatchSize, minPixels: shortest, maxPixels: longest)
        } catch {
            throw DecodingError.dataCorruptedError(forKey: .size, in: values, debugDescription: error.message)
        }
        mean = try values.value(.mean, default: [0.481_454_66, 0.457_827_5, 0.408_210_73])
        standardDeviation = try values.value(.standardDeviation, default: [0.268_629_54, 0.261_302_58, 0.275_777_11])
        rescaleFactor = try values.value(.rescaleFactor, default: 1 / 255)
        try values.check(mean.count == 3, .mean, "\(mean.count) values, not 3")
        try values.check(
            standardDeviation.count == 3 && standardDeviation.allSatisfy { $0 > 0 }, .standardDeviation,
            "\(standardDeviation) are not 3 positive values")
    }

    /// - Parameter vision: the tower of the same checkpoint, which must read the patches that are cut.
    package static func load(_ model: ModelFolder, for vision: GLM4VVisionConfiguration) throws -> GLM4VImageProcessorConfiguration {
        let file = try file(model)
        let values = try model.configuration(GLM4VImageProcessorConfiguration.self, file)
        for (key, ours, other, theirs) in [
            ("patch_size", values.patchSize, "patch_size", vision.patchSize),
            ("merge_size", values.mergeSize, "spatial_merge_size", vision.mergeSize),
            ("temporal_patch_size", values.temporalPatchSize, "temporal_patch_size", vision.temporalPatchSize),
        ] where ours != theirs {
            throw GLMImageError(.unsupportedModel, "\(file): \(key) is \(ours), config.json has vision_config.\(other) \(theirs)")
        }
        return values
    }

    /// Of the two files the one that counts: the newer where it has the entry, as in transformers 5.23.
    private static func file(_ model: ModelFolder) throws -> String {
        let (newer, older) = ("processor_config.json", "preprocessor_config.json")
        func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: model.url.appending(path: path).path) }
        let isNested = try exists(newer) && (!exists(older) || model.configuration(NestedProcessor.self, newer).isThere)
        return isNested ? newer : older
    }
}

/// Whether `processor_config.json` holds the image processor.
private struct NestedProcessor: Decodable {
    let isThere: Bool

    init(from decoder: any Decoder) throws {
        isThere = try decoder.container(keyedBy: GLM4VImageProcessorConfiguration.CodingKeys.self).isSet(.imageProcessor)
    }
}
