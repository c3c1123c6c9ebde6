import HTTPAPI
import Testing
import Wire

@Suite struct FleetOrderTests {
    private func order(_ name: Substring, _ json: String) throws -> FleetOrder? {
        var fields = try Fields(json: JSONValue(parsing: Array(json.utf8)))
        return try FleetOrder(name, &fields)
    }

    @Test("a change of the fleet over HTTP is the gateway's own request")
    func requests() throws {
        #expect(try order("drain", #"{"stage":"text-0"}"#) == .drain(DrainStageRequest(stage: "text-0")))
        #expect(
            try order("drain", #"{"stage":"text-0","deadline_seconds":2.5,"force":true}"#)
                == .drain(DrainStageRequest(stage: "text-0", deadlineSeconds: 2.5, force: true)))
        #expect(try order("scale", #"{"kind":"text","replicas":2}"#) == .scale(ScaleRequest(kind: "text", replicas: 2)))
        #expect(
            try order("swap", #"{"kind":"text","model":"/models/a","model_name":"a"}"#)
                == .swap(SwapRequest(kind: "text", model: "/models/a", modelName: "a")))
        #expect(try order("stop", "{}") == nil)
    }

    @Test(
        "what lacks, has another type or is unknown is refused by its name",
        arguments: [
            ("drain", "{}", "stage"), ("drain", #"{"stage":3}"#, "stage"), ("drain", #"{"stage":"a","force":"yes"}"#, "force"),
            ("scale", #"{"kind":"text"}"#, "replicas"), ("scale", #"{"kind":"text","replicas":1.5}"#, "replicas"),
            ("swap", #"{"kind":"text"}"#, "model"), ("scale", #"{"kind":"text","replicas":1,"replica":2}"#, "replica"),
        ] as [(Substring, String, String)])
    func refusals(name: Substring, json: String, param: String) {
        let error = #expect(throws: APIError.self) { try order(name, json) }
        #expect(error?.param == param && error?.status == 400)
    }
}
