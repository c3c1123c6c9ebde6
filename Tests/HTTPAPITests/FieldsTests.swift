import HTTPAPI
import Testing

@Suite struct FieldsTests {
    private func fields(_ json: String) throws -> Fields { try Fields(json: JSONValue(parsing: Array(json.utf8))) }

    private func refusal(_ body: () throws -> Void) -> APIError? {
        do { try body() } catch { return error as? APIError }
        return nil
    }

    @Test("null is absent, and values keep their type")
    func values() throws {
        var fields = try fields(#"{"a":null,"b":"text","c":3,"d":1.5,"e":true,"f":18446744073709551615}"#)
        #expect(try fields.string("a") == nil && fields.string("b") == "text" && fields.integer("c") == 3)
        #expect(try fields.number("d") == 1.5 && fields.flag("e") == true && fields.unsigned("f") == .max)
        try fields.refuseUnknown()
    }

    @Test("a form's texts are read as numbers and booleans; JSON's are not")
    func forms() throws {
        var form = try Fields(form: [("n", "2"), ("stream", "false"), ("guidance_scale", "1.5")])
        #expect(try form.integer("n") == 2 && form.flag("stream") == false && form.number("guidance_scale") == 1.5)
        var json = try fields(#"{"n":"2"}"#)
        #expect(refusal { _ = try json.integer("n") } == APIError(400, "invalid_value", "n \"2\" is no whole number", param: "n"))
        #expect(refusal { _ = try Fields(form: [("n", "1"), ("n", "2")]) }?.message == "n comes twice")
    }

    @Test("what nobody asked for is refused by name, with the name that was meant")
    func unknown() throws {
        var fields = try fields(#"{"promt":"x"}"#)
        _ = try fields.string("prompt")
        #expect(
            refusal { try fields.refuseUnknown() } == APIError(400, "unknown_parameter", "promt is not known; did you mean prompt?", param: "promt"))
        #expect(refusal { try fields.refuseUnknown(["promt": "prompt_embeds"]) }?.message == "promt is not known; did you mean prompt_embeds?")
    }

    @Test("a field that asks for nothing is accepted; a decoration is told; what asks for something else is refused")
    func kinds() throws {
        var fields = try fields(#"{"mask":"","tools":[],"style":"vivid","lora":"x"}"#)
        try fields.unsupported("mask", "no")
        try fields.unsupported("tools", "no")
        try fields.decoration("style", ["vivid"])
        #expect(fields.withoutEffect == ["style"])
        #expect(refusal { try fields.unsupported("lora", "no") } == APIError(400, "unsupported_parameter", "lora: no", param: "lora"))
        #expect(refusal { try fields.decoration("style", ["natural"]) }?.code == "unsupported_value")
    }

    @Test("a message does not grow with what a stranger sends", arguments: [#"{"n":"LONG"}"#, #"{"LONG":1}"#])
    func long(json: String) throws {
        var fields = try fields(json.replacing("LONG", with: String(repeating: "x", count: 100_000)))
        let refusal = refusal {
            _ = try fields.integer("n")
            try fields.refuseUnknown()
        }
        #expect(try #require(refusal).message.count < 200)
    }

    @Test("what is no object in JSON is refused", arguments: ["", "{", "[]", "1", "\"x\"", "{\"a\":}", "\u{0}"])
    func malformed(json: String) {
        #expect(refusal { _ = try fields(json) }?.code == "invalid_json")
    }

    @Test("numbers that no field can hold are refused, not rounded", arguments: ["1.5", "-1", "1e30", "18446744073709551616", "true", "[]"])
    func numbers(text: String) throws {
        var fields = try fields("{\"seed\":\(text)}")
        #expect(refusal { _ = try fields.unsigned("seed") }?.param == "seed")
    }
}
