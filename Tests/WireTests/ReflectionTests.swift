import Testing
import Wire

@Suite struct ReflectionTests {
    @Test(
        "services, methods, messages and enumerations are found in their files",
        arguments: [
            ("glm.v1.Gateway", "gateway.proto"), ("glm.v1.Gateway.Generate", "gateway.proto"), ("glm.v1.CodeGrid", "common.proto"),
            ("glm.v1.ImageFormat", "common.proto"), ("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"),
            ("grpc.reflection.v1alpha.ServerReflection", "grpc/reflection/v1alpha/reflection.proto"),
        ])
    func symbols(symbol: String, file: String) {
        #expect(DescriptorIndex.contract.file(declaring: symbol) == file)
    }

    @Test("a file comes with all that it imports, itself first")
    func imports() throws {
        let files = try #require(DescriptorIndex.contract.filesWithImports(of: "gateway.proto"))
        #expect(files.count == 8)
        #expect(String(decoding: files[0], as: UTF8.self).contains("GenerateImageRequest"))
        #expect(DescriptorIndex.contract.filesWithImports(of: "nothing.proto") == nil)
    }
}
