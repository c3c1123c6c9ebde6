import Checkpoint
import Domain
import Foundation
import GLMImage
import Imaging
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorCPU
import Testing

/// Passes that several ranks divide, against the same on one device.
///
/// What a row is computed to depends on no other row but through attention, and a head on no other head, so nothing that is summed is divided:
/// the bits are equal wherever a product has more rows than ``Device/batchRows`` on one device and on each rank, or no more on all. Between the
/// two kernels add in another order, and a library of products may by the number of rows.
@Suite struct UlyssesTests: DividedPasses {
    let division = PassDivision.ulysses

    @Test(
        "both branches have the bits of one device, also with source images, where each rank has more rows than batchRows", arguments: [2, 4],
        [false, true])
    func same(degree: Int, edit: Bool) throws {
        let one = try renderer(1), several = try renderer(degree)
        for branch in [Denoiser.Branch.conditional, .unconditional] {
            let expected = try velocity(one, branch, height: 512, width: 256, edit: edit)
            let found = try velocity(several, branch, height: 512, width: 256, edit: edit)
            if CPUDevice(threads: 1).features.contains("openblas") { #expect(difference(found, expected) < 1e-5) } else { #expect(found == expected) }
        }
    }

    /// glm-tiny's weights read as those of eight heads, each half as wide: numbers like any others.
    private func withEightHeads(_ body: (ModelFolder) throws -> Void) throws {
        try Fixture.withCopy(of: Fixture.model(Fixture.glmTiny).url) { copy in
            let url = copy.appending(path: "transformer/config.json")
            var values = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
            (values["num_attention_heads"], values["attention_head_dim"]) = (8, 16)
            try JSONSerialization.data(withJSONObject: values).write(to: url)
            try body(ModelFolder(copy))
        }
    }

    @Test("eight ranks, of one head each, have the bits of one device, and its numbers where rows can't be divided evenly")
    func eight() throws {
        try withEightHeads { model in
            let one = try renderer(1, model: model), eight = try renderer(8, model: model)
            for branch in [Denoiser.Branch.conditional, .unconditional] {
                let expected = try velocity(one, branch, height: 512, width: 512)
                let found = try velocity(eight, branch, height: 512, width: 512)
                let isExact = !CPUDevice(threads: 1).features.contains("openblas")
                #expect(isExact ? found == expected : difference(found, expected) < 1e-5)
                #expect(try difference(velocity(eight, branch, height: 64, width: 96), velocity(one, branch, height: 64, width: 96)) < 1e-5)
            }
        }
    }

    @Test(
        "rows that can't be divided evenly, ranks with text alone and ranks without any row change nothing but the order of sums",
        arguments: [2, 4], [(64, 96), (32, 96), (32, 32)])
    func uneven(degree: Int, size: (height: Int, width: Int)) throws {
        for branch in [Denoiser.Branch.conditional, .unconditional] {
            let expected = try velocity(renderer(1), branch, height: size.height, width: size.width)
            let found = try velocity(renderer(degree), branch, height: size.height, width: size.width)
            #expect(difference(found, expected) < 1e-5)
        }
    }

    @Test("two sides of guidance, of two ranks each, draw the picture of one device")
    func sides() throws {
        let request = try request()
        #expect(try difference(draw(renderer(2, sides: 2), request).picture, draw(renderer(1), request).picture) <= 1)
    }

    @Test("with step caching all ranks decide alike, and as one device does", arguments: [2, 4])
    func stepCache(degree: Int) throws { try checkStepCache(degree) }

    @Test("a request that is cancelled in any block ends all ranks, and the next picture is the same as before")
    func cancelled() throws { try checkCancelled(renderer(4)) }

    @Test("a rank that fails ends the picture with its name, and every later one", arguments: [0, 1, 3])
    func failing(rank: Int) throws { try checkFailing(rank, of: 4) }

    @Test("heads that can't be divided are refused with their number before a weight is loaded")
    func heads() throws {
        let error = #expect(throws: GLMImageError.self) { try renderer(4, model: Fixture.model("tiny-f32")) }
        #expect("\(try #require(error))".contains("num_attention_heads 2 can't be divided among 4 devices (ulysses degree 4)"))
    }
}
