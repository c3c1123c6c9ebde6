import Domain
import Foundation
import ModelConfiguration
import Testing

/// How large a question model sees an image, against `smart_resize` of transformers 5.23.
@Suite struct ImageSizeRuleTests {
    @Test("an image's size after the resize is the reference's, for the published limits and for small ones", arguments: [published, small])
    func sizes(_ cases: Cases) throws {
        let rule = try rule(cases.least, cases.most, patch: cases.patch)
        for (height, width, expectedHeight, expectedWidth) in cases.sizes {
            let size = try rule.size(height: height, width: width, field: "image")
            #expect(size.height == expectedHeight && size.width == expectedWidth, "\(height) × \(width) became \(size)")
            #expect(size.grid == GridSize(height: size.height / cases.patch / 2, width: size.width / cases.patch / 2))
            #expect(size.tokens <= rule.mostTokens)
        }
    }

    @Test("a request's bound on pixels is kept where it is below the checkpoint's")
    func bound() throws {
        let rule = try rule(12_544, 9_633_792, patch: 14)
        for bound in [6272, 100_000, 1_000_000, 4_816_896, 100_000_000] {
            let size = try rule.size(height: 1536, width: 2048, field: "image", within: bound)
            #expect(size.height * size.width <= min(bound, 4_816_896))
        }
        #expect(try rule.size(height: 512, width: 512, field: "image", within: 100_000).tokens == 121)
    }

    @Test("what can't be resized is refused with the field, the limit and the value")
    func refused() throws {
        let rule = try rule(12_544, 9_633_792, patch: 14)
        func message(_ height: Int, _ width: Int, _ bound: Int? = nil) -> String {
            let error = #expect(throws: RequestError.self) {
                try rule.size(height: height, width: width, field: "messages[0].parts[1]", within: bound)
            }
            return error.map { "\($0)" } ?? ""
        }
        #expect(message(28, 5629) == "messages[0].parts[1] has 5629 × 28 pixels; a side may be at most 200 times the other")
        #expect(message(1, 201).contains("201 × 1 pixels"))
        #expect(message(0, 5).contains("the limit of a side is 65536"))
        #expect(message(5, .max).contains("the limit of a side is 65536"))
        #expect(message(500, 500, 6271) == "max_pixels is 6271; the model's least image has 6272 pixels")
    }

    private func rule(_ least: Int, _ most: Int, patch: Int) throws -> ImageSizeRule {
        let json = "{\"size\": {\"shortest_edge\": \(least), \"longest_edge\": \(most)}, \"patch_size\": \(patch)}"
        return try JSONDecoder().decode(GLM4VImageProcessorConfiguration.self, from: Data(json.utf8)).sizeRule
    }
}

struct Cases: Sendable {
    let patch, least, most: Int
    /// Height and width before, height and width after.
    let sizes: [(Int, Int, Int, Int)]
}

private let published = Cases(
    patch: 14, least: 12_544, most: 9_633_792,
    sizes: [
        (28, 28, 84, 84), (64, 64, 84, 84), (336, 336, 336, 336), (512, 512, 504, 504), (1024, 1024, 1036, 1036),
        (
            1080, 1920,
            1092, 1932
        ), (2160, 3840, 1624, 2912), (1, 1, 84, 84), (1, 200, 28, 5600), (200, 1, 5600, 28), (27, 5400, 28, 5600),
        (
            70,
            98, 56, 112
        ), (42, 70, 84, 112), (16, 16, 84, 84), (15, 53, 56, 168), (9, 33, 56, 168), (2184, 2184, 2184, 2184),
        (
            2185,
            2185, 2184, 2184
        ), (16384, 4096, 4368, 1092), (28, 5600, 28, 5600), (13, 2600, 28, 5600), (35, 146, 56, 168),
        (
            196, 17,
            336, 28
        ), (66, 31, 140, 56), (127, 195, 140, 196), (116, 121, 112, 112), (167, 98, 168, 112), (54, 25, 140, 56),
        (
            125, 8,
            448, 28
        ), (100, 111, 112, 112), (156, 196, 168, 196), (197, 1, 5516, 28), (179, 115, 168, 112), (69, 185, 56, 196),
        (
            59,
            152, 56, 140
        ), (27, 82, 56, 140), (251, 382, 252, 392), (209, 4635, 196, 4648), (76, 3322, 84, 3332),
        (
            1775, 3657, 1512,
            3136
        ), (238, 4522, 224, 4536), (1817, 3787, 1512, 3164), (4062, 4729, 2016, 2352), (1910, 3031, 1736, 2744),
        (
            1892, 1992,
            1904, 1988
        ), (3766, 2573, 2632, 1792), (177, 3609, 168, 3612), (4559, 1019, 4564, 1008), (1523, 2628, 1512, 2632),
        (
            991,
            2925, 980, 2912
        ), (4103, 3657, 2324, 2072),
    ])

private let small = Cases(
    patch: 16, least: 4096, most: 60_000,
    sizes: [
        (28, 28, 64, 64), (64, 64, 64, 64), (336, 336, 160, 160), (512, 512, 160, 160), (1024, 1024, 160, 160),
        (
            1080, 1920, 128,
            224
        ), (2160, 3840, 128, 224), (1, 1, 64, 64), (1, 200, 32, 2432), (200, 1, 2432, 32), (27, 5400, 32, 2432),
        (
            70, 98, 64,
            96
        ), (42, 70, 32, 64), (16, 16, 64, 64), (15, 53, 32, 128), (9, 33, 32, 128), (2184, 2184, 160, 160),
        (
            2185, 2185, 160,
            160
        ), (16384, 4096, 320, 64), (28, 5600, 32, 2432), (13, 2600, 32, 2432), (35, 146, 32, 160), (196, 17, 384, 32),
        (
            66, 31,
            64, 32
        ), (127, 195, 128, 192), (116, 121, 128, 128), (167, 98, 160, 96), (54, 25, 64, 32), (125, 8, 512, 32),
        (
            100, 111,
            96, 96
        ), (156, 196, 128, 192), (197, 1, 2400, 32), (179, 115, 192, 128), (69, 185, 64, 192), (59, 152, 64, 160),
        (
            27, 82,
            32, 96
        ), (251, 382, 128, 192), (209, 4635, 32, 800), (76, 3322, 32, 1120), (1775, 3657, 96, 224), (238, 4522, 32, 736),
        (1817, 3787, 96, 224), (4062, 4729, 160, 160), (1910, 3031, 128, 192), (1892, 1992, 160, 160), (3766, 2573, 192, 128),
        (177, 3609, 32, 768), (4559, 1019, 352, 64), (1523, 2628, 128, 224), (991, 2925, 96, 288), (4103, 3657, 160, 160),
    ])
