import Domain
import Testing
import Wire

@Suite struct AccessTests {
    @Test(
        "every method of the contract says who may call it: what stages compute, description, load and health are for everybody, the rest takes a scope"
    )
    func methods() throws {
        let all = try DescribedMessages(files: DescriptorIndex.contract.files).methods
        #expect(!all.isEmpty)
        #expect(Set(Methods.access.keys) == all.filter { !$0.hasPrefix("grpc.reflection.") })
        #expect(
            all.filter { Methods.access(to: $0) == .everybody }.sorted() == [
                "glm.v1.Diffusion/Render", "glm.v1.Stage/Describe", "glm.v1.Stage/WatchLoad", "glm.v1.Text/Answer", "glm.v1.Text/Generate",
                "glm.v1.Vision/Embed", "glm.v1.Vision/Encode",
                "grpc.health.v1.Health/Check", "grpc.health.v1.Health/List", "grpc.health.v1.Health/Watch",
                "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            ])
    }

    @Test(
        "pictures and jobs take the scope images, questions chat; what shows the fleet takes fleet:read, what changes it fleet:write",
        arguments: [
            (Scope.images, ["Gateway/Generate", "Jobs/Cancel", "Jobs/Fetch", "Jobs/Get", "Jobs/Submit", "Jobs/Watch"]), (.chat, ["Gateway/Answer"]),
            (.fleetRead, ["Gateway/Status", "Jobs/List"]),
            (.fleetWrite, ["Jobs/Backup", "Operations/Drain", "Operations/Scale", "Operations/Swap", "Stage/Drain"]),
        ])
    func scopes(scope: Scope, methods: [String]) {
        #expect(Methods.access.filter { $0.value == .scope(scope) }.keys.sorted() == methods.map { "glm.v1.\($0)" })
    }

    @Test(
        "a method that the contract does not know takes the right to change the fleet",
        arguments: ["glm.v1.Stage/Halt", "glm.v1.Stage", "", "/glm.v1.Text/Generate"])
    func unknown(method: String) { #expect(Methods.access(to: method) == .scope(.fleetWrite)) }
}
