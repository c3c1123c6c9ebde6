import Checkpoint
import Domain
import Foundation
import GLMImage
import ModelConfiguration
import Tensor
import TestSupport
import Testing

extension FuzzTests {
    private static let files = [
        "model_index.json", "vision_language_encoder/config.json", "vision_language_encoder/generation_config.json", "text_encoder/config.json",
        "transformer/config.json", "vae/config.json", "scheduler/scheduler_config.json", "processor/preprocessor_config.json",
        "processor/tokenizer.json", "processor/tokenizer_config.json", "processor/chat_template.jinja", "tokenizer/tokenizer_config.json",
        "vae/diffusion_pytorch_model.safetensors", "transformer/diffusion_pytorch_model.safetensors.index.json",
    ]

    @Test("a checkpoint with one file of another's making is described, counted and read, or refused", arguments: files)
    func checkpoint(file: String) async throws {
        let folders = ["tiny-f32", "tiny-bf16-sharded"].map { fixtures.appending(path: $0, directoryHint: .isDirectory) }
        let corpus = folders.compactMap { FileManager.default.contents(atPath: $0.appending(path: file).path) }.map(Array.init)
        var fuzzer = try Fuzzer(
            "checkpoint-" + file.replacing("/", with: "-"), corpus: corpus,
            words: [
                "{", "}", "[", "]", "\"", ",", ":", "\\u0000", "null", "1e999", "__metadata__", "\"F32\"", "\"X\"", "{{", "%}", "{%-", "item.text",
            ],
            isJSON: file.hasSuffix(".json"), share: 0.25)
        try await withFolder { folder in
            let copy = folder.appending(path: "model", directoryHint: .isDirectory)
            // Shards belong to the second.
            try FileManager.default.copyItem(at: file.hasSuffix(".index.json") ? folders[1] : folders[0], to: copy)
            try await fuzzer.run { bytes in
                try Data(bytes).write(to: copy.appending(path: file))
                try read(copy)
            }
        }
    }

    @Test("a safetensors file is opened or refused, and no tensor leads out of it") func safetensors() async throws {
        let file = try Data(contentsOf: fixtures.appending(path: "tiny-f32/vae/diffusion_pytorch_model.safetensors"))
        let header = Int(file.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
        let small = #"{"a":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]},"b":{"dtype":"U8","shape":[0,5],"data_offsets":[12,12]}}"#
        let corpus = [
            Array(file.prefix(8 + header)),
            Array(safetensorsHead(Data(small.utf8))) + [UInt8](repeating: 1, count: 12),
        ]
        var fuzzer = try Fuzzer(
            "safetensors", corpus: corpus,
            words: ["\"dtype\":\"BF16\"", "\"shape\":[", "\"data_offsets\":[0,0]", "__metadata__", "\\ud800", "]", "}"])
        try await withFolder { folder in
            let url = folder.appending(path: "a.safetensors")
            try await fuzzer.run { bytes in
                try Data(bytes).write(to: url)
                let file = try SafetensorsFile(url)
                for entry in file.entries {
                    guard entry.byteCount <= bytes.count else { throw Finding("\(entry.name) of \(entry.byteCount) bytes") }
                    guard let tensor = try? file.tensor(entry.name), tensor.dtype.isFloatingPoint else { continue }
                    _ = tensor.hostFloats()
                }
            }
        }
    }
}

/// All that is done with a checkpoint before its weights are loaded, each part whether or not another refuses it.
private func read(_ url: URL) throws {
    let model = try ModelFolder(url)
    for step in [plan, prompt, sources] { try attempt { try step(model) } }
    _ = try? GenerationConfiguration.load(model)
    if let glyph = try? GlyphConfiguration.load(model) {
        let buckets = RelativeBuckets(count: glyph.buckets, maximumDistance: glyph.maximumDistance)
        for distance in [-2048, -1, 0, 1, 2048] where !(0..<glyph.buckets).contains(buckets.bucket(distance: distance)) {
            throw Finding("distance \(distance) is outside \(glyph.buckets) buckets")
        }
    }
    if let scheduler = try? SchedulerConfiguration.load(model) { _ = Schedule(scheduler, steps: 50, tokens: 4096) }
}

private func plan(_ model: ModelFolder) throws {
    let description = try ModelDescription(model)
    for onHost in [true, false] {
        let limits = Footprint.Limits(pixels: RequestLimits.maximumArea, sources: RequestLimits.sourceImages.upperBound)
        let footprint = Footprint(description, limits, Footprint.Form(onHost: onHost, precision: .f32, batch: 64))
        _ = StageKind.allCases.map { footprint.items($0).bytes } + [footprint.items(.diffusion, ofFurther: 1).bytes]
    }
}

private func prompt(_ model: ModelFolder) throws {
    let configuration = try VisionLanguageConfiguration.load(model)
    let processor = try PromptProcessor(model, configuration)
    for sources in [[], [GridSize(height: 2, width: 3)]] {
        let prompt = try processor.prompt("a “sign” 12 's \u{1F34E} 圆", height: 96, width: 64, sources: sources)
        guard prompt.ids.allSatisfy({ (0..<configuration.text.vocabularySize).contains(Int($0)) }) else {
            throw Finding("an id outside the vocabulary")
        }
    }
}

private func sources(_ model: ModelFolder) throws {
    let rule = SourceImageRule(try ProcessorConfiguration.load(model))
    for (height, width) in [(1, 1), (64, 96), (16384, 4096)] { _ = try? rule.fittedSize(height: height, width: width) }
}
