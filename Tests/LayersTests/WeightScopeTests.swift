import Checkpoint
import Layers
import ModelFixtures
import Tensor
import TensorCPU
import Testing

@Suite struct WeightScopeTests {
    private func decoder() throws -> WeightScope {
        let map = try Fixture.model("tiny-bf16-sharded").weights("vision_language_encoder")
        return WeightScope(map: map, device: CPUDevice(threads: 1)).scope("model.language_model")
    }

    @Test("scopes nest: a weight's name is all of them and its own")
    func names() throws {
        let scope = try decoder().scope("layers").scope("0")
        #expect(scope.prefix == "model.language_model.layers.0.")
        let error = #expect(throws: CheckpointError.self) { try scope.linear("self_attn.none", from: 1, to: 1) }
        #expect(error?.message.contains("model.language_model.layers.0.self_attn.none.weight") == true)
    }

    @Test("vectors are f32 whatever the checkpoint stores, matrices keep their type")
    func types() throws {
        let scope = try decoder()
        let entry = try #require(scope.map.entries.first { $0.tensor.name == "model.language_model.norm.weight" }).tensor
        #expect(entry.dtype == .bf16)
        #expect(try scope.vector("norm.weight", entry.shape[0]).dtype == .f32)
        let down = try #require(scope.map.entries.first { $0.tensor.name == "model.language_model.layers.0.mlp.down_proj.weight" }).tensor
        let weight = try scope.matrix("layers.0.mlp.down_proj.weight", down.shape[0], down.shape[1])
        #expect(weight.form.elementType == .bf16 && !weight.form.isScaled)
    }
}
