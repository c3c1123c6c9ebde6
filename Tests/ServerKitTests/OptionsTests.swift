import ArgumentParser
import Domain
import Foundation
import ServerKit
import Testing
import Wire

@Suite struct OptionsTests {
    @Test(
        "flags out of their limits are refused by name and value",
        arguments: [
            (["--instance", "a/b"], "--instance is \"a/b\""), (["--instance", ""], "--instance is \"\""), (["--queue=-1"], "--queue is -1"),
            (["--queue", "65537"], "--queue is 65537"), (["--drain-deadline", "nan"], "--drain-deadline is nan"),
            (["--listen", "nowhere"], "address \"nowhere\""),
        ])
    func refused(arguments: [String], message: String) {
        let error = #expect(throws: (any Error).self) { try ServerOptions.parse(arguments) }
        #expect(error.map { ServerOptions.fullMessage(for: $0).contains(message) } == true)
    }

    @Test("how passes are divided is one of the numbers that there are, in one way at a time; the other is refused by its name")
    func divisions() throws {
        #expect(try PassDivision.tensorParallel.read("4") == 4 && PassDivision.ulysses.read("8") == 8)
        let size = #expect(throws: ValidationError.self) { try PassDivision.tensorParallel.read("8") }
        #expect(size?.message == "\"8\" should be 1, 2 or 4")
        for (degree, size) in [(1, 4), (8, 1), (1, 1)] { try PassDivision.check(ulyssesDegree: degree, tensorParallelSize: size) }
        let both = #expect(throws: ValidationError.self) { try PassDivision.check(ulyssesDegree: 2, tensorParallelSize: 4) }
        #expect(both?.message == "--ulysses-degree 2 with --tensor-parallel-size 4; one of the two at a time")
    }

    @Test("a process listens in the run folder by kind and instance, unless told where")
    func address() throws {
        try withTemporaryFolder { folder in
            let options = try ServerOptions.parse(["--run-directory", folder, "--instance", "npu-3"])
            #expect(try options.address(kind: "text") == .unix(path: folder + "/text-npu-3.sock"))
            #expect(try ServerOptions.parse(["--listen", "localhost:1"]).address(kind: "text") == .tcp(host: "localhost", port: 1))
        }
    }

    @Test("the run folder comes from the environment, then from the user's id")
    func runFolder() {
        #expect(RunDirectory.standard(environment: ["GLM_RUN_DIRECTORY": "/a", "XDG_RUNTIME_DIR": "/b"]).path == "/a")
        #expect(RunDirectory.standard(environment: ["XDG_RUNTIME_DIR": "/b"]).path == "/b/glm")
        #expect(RunDirectory.standard(environment: [:]).path == FileManager.default.temporaryDirectory.path + "/glm-\(getuid())")
    }
}
