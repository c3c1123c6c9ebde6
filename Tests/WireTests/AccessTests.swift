import Testing
import Wire

@Suite struct AccessTests {
    @Test("every method of the contract says who may call it: what computes, describes and tells health is for everybody, the rest for operators")
    func methods() throws {
        let all = try DescribedMessages(files: DescriptorIndex.contract.files).methods
        #expect(!all.isEmpty)
        #expect(Set(Methods.access.keys) == all.filter { !$0.hasPrefix("grpc.reflection.") })
        #expect(
            all.filter { Methods.access(to: $0) == .everybody }.sorted() == [
                "glm.v1.Diffusion/Render", "glm.v1.Gateway/Answer", "glm.v1.Gateway/Generate", "glm.v1.Jobs/Cancel", "glm.v1.Jobs/Fetch",
                "glm.v1.Jobs/Get", "glm.v1.Jobs/Submit", "glm.v1.Jobs/Watch", "glm.v1.Stage/Describe", "glm.v1.Text/Answer",
                "glm.v1.Text/Generate", "glm.v1.Vision/Embed", "glm.v1.Vision/Encode",
                "grpc.health.v1.Health/Check", "grpc.health.v1.Health/List", "grpc.health.v1.Health/Watch",
                "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            ])
    }

    @Test("a method that the contract does not know is for operators", arguments: ["glm.v1.Stage/Halt", "glm.v1.Stage", "", "/glm.v1.Text/Generate"])
    func unknown(method: String) { #expect(Methods.access(to: method) == .operators) }
}
