import Testing
import Tokenizing

@Suite struct ChatTemplateTests {
    private static let image = "<|dit_token_16384|><|image|><|dit_token_16385|>"

    private static func template(_ text: String) throws -> ChatTemplate { try ChatTemplate(template: text, path: "chat_template.jinja") }

    @Test("the literal for an image is found however the template's white space is trimmed")
    func literal() throws {
        for text in [
            "{%- for m in messages -%}{%- if m.content is string -%}{{ m.content }}{%- else -%}{%- for item in m.content -%}{%- if item.type == 'image' or item.get('image') is not none -%}\(Self.image)\n{%- elif item.type == 'text' -%}{{ item.text }}{%- endif -%}{%- endfor -%}{%- endif -%}{%- endfor -%}",
            // By trim_blocks and lstrip_blocks alone.
            "{# a comment #}{% for message in messages %}\n  {% for part in message.content %}\n    {% if part.type == 'image' %}\(Self.image){% elif part.type == 'text' %}{{ part.text }}{% endif %}\n  {% endfor %}\n{% endfor %}\n",
        ] {
            #expect(try Self.template(text).imageText == Self.image)
        }
    }

    @Test("images come first, then the prompt as it is")
    func render() throws {
        let template = try Self.template("{%- if item.type == 'image' -%}[I]{%- else -%}{{ item.text }}{%- endif -%}")
        #expect(template.render(prompt: " a {{ b }}\n", imageCount: 2) == "[I][I] a {{ b }}\n")
        #expect(template.render(prompt: "a", imageCount: 0) == "a")
    }

    @Test(
        "a template that says more than that is refused",
        arguments: [
            "{%- if item.type == 'image' -%}[I]{%- else -%}<|user|>{{ item.text }}{%- endif -%}",  // A role.
            "[gMASK]{%- if item.type == 'image' -%}[I]{%- else -%}{{ item.text }}{%- endif -%}",  // A prefix.
            "{%- if item.type == 'image' -%}[I]{%- else -%}{{ item.text | trim }}{%- endif -%}",  // A filter.
            "{%- if item.type == 'image' -%}[I]{%- else -%}{{ role }}{%- endif -%}",
            "{%- set x = 1 -%}{%- if item.type == 'image' -%}[I]{%- endif -%}",
            "{%- if item.type == 'image' -%}[I]{% endif %} {{ item.text }}",  // A space of the template's own.
            "{%- if item.type == 'text' -%}[I]{%- endif -%}",
            "{{ item.text }}",
            "",
        ])
    func refused(text: String) {
        #expect(failure(.unsupported) { _ = try Self.template(text) }.contains("chat_template.jinja"))
    }

    @Test("a tag that doesn't end is refused", arguments: ["{%- if", "{{ a", "{", "{{", "{%}", "{{}"])
    func broken(text: String) {
        #expect(throws: TokenizingError.self) { try Self.template(text) }
    }
}
