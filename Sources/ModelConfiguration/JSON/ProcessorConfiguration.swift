package import Checkpoint
import Foundation

/// The image processor's numbers, from `processor/preprocessor_config.json` or, as newer versions save it, from the
/// `image_processor` entry of `processor/processor_config.json`.
package struct ProcessorConfiguration: Decodable {
    /// A source's shorter side is scaled up to the square root of this many pixels.
    package let minimumPixels: Int
    /// A source's longer side is scaled down to the square root of this many pixels.
    package let maximumPixels: Int
    package let patchSize: Int
    package let mean: [Float]
    package let standardDeviation: [Float]
    package let rescaleFactor: Float

    enum CodingKeys: String, CodingKey {
        case imageProcessor = "image_processor"
        case size
        case minimumPixels = "min_pixels"
        case maximumPixels = "max_pixels"
        case patchSize = "patch_size"
        case mergeSize = "merge_size"
        case temporalPatchSize = "temporal_patch_size"
        case mean = "image_mean"
        case standardDeviation = "image_std"
        case rescaleFactor = "rescale_factor"
        case resample
    }

    enum SizeKeys: String, CodingKey {
        case shortest = "shortest_edge"
        case longest = "longest_edge"
    }

    package init(from decoder: any Decoder) throws {
        let outer = try decoder.container(keyedBy: CodingKeys.self)
        let values = outer.contains(.imageProcessor) ? try outer.nestedContainer(keyedBy: CodingKeys.self, forKey: .imageProcessor) : outer
        // The names differ between versions, the meaning doesn't: both are counts of pixels.
        let size = values.contains(.size) ? try values.nestedContainer(keyedBy: SizeKeys.self, forKey: .size) : nil
        minimumPixels = try values.value(.minimumPixels, default: size?.decode(Int.self, forKey: .shortest) ?? 56 * 56)
        maximumPixels = try values.value(.maximumPixels, default: size?.decode(Int.self, forKey: .longest) ?? 28 * 28 * 1280)
        patchSize = try values.size(.patchSize, LargestSize.patch)
        mean = try values.decode([Float].self, forKey: .mean)
        standardDeviation = try values.decode([Float].self, forKey: .standardDeviation)
        rescaleFactor = try values.value(.rescaleFactor, default: 1 / 255)
        let merge = try values.decode(Int.self, forKey: .mergeSize)
        try values.check(merge == 1, .mergeSize, "\(merge) is not 1")
        let temporal = try values.decode(Int.self, forKey: .temporalPatchSize)
        try values.check(temporal == 1, .temporalPatchSize, "\(temporal) is not 1")
        let resample = try values.value(.resample, default: 3)
        try values.check(resample == 3, .resample, "\(resample) is not 3 (bicubic)")
        try values.check((1...LargestSize.area).contains(minimumPixels), .minimumPixels, "\(minimumPixels) is outside 1 through \(LargestSize.area)")
        try values.check((1...LargestSize.area).contains(maximumPixels), .maximumPixels, "\(maximumPixels) is outside 1 through \(LargestSize.area)")
        try values.check(mean.count == 3, .mean, "\(mean.count) values, not 3")
        try values.check(standardDeviation.count == 3, .standardDeviation, "\(standardDeviation.count) values, not 3")
    }

    package static func load(_ model: ModelFolder) throws -> ProcessorConfiguration {
        let older = "processor/preprocessor_config.json"
        let exists = FileManager.default.fileExists(atPath: model.url.appending(path: older).path)
        return try model.configuration(ProcessorConfiguration.self, exists ? older : "processor/processor_config.json")
    }
}
