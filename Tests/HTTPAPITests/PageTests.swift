import HTTPAPI
import Testing

@Suite struct PageTests {
    private func text(_ path: String) throws -> String { String(decoding: try #require(PageFile.all[path]).bytes, as: UTF8.self) }

    @Test("the page is three files of at most 80,000 bytes together")
    func size() throws {
        #expect(Set(PageFile.all.keys) == ["/", "/page.css", "/page.js"])
        #expect(PageFile.all.values.reduce(0) { $0 + $1.bytes.count } <= 80_000)
        #expect(try text("/").hasPrefix("<!doctype html>"))
    }

    @Test("the page names no other address than those of its own files")
    func selfContained() throws {
        let html = try text("/")
        let named = html.matches(of: /(?:src|href)="([^"]*)"/).map { String($0.1) }.filter { !$0.hasPrefix("#") && !$0.hasPrefix("data:") }
        #expect(Set(named) == ["page.css", "page.js"])
        for path in ["/page.css", "/page.js"] { #expect(!(try text(path)).contains(/https?:\/\/|\/\/cdn|@import|url\(/)) }
    }

    @Test("the page has no style and no script in its text, which its policy would refuse")
    func policy() throws {
        #expect(!(try text("/")).contains(/<style|style="|<script>|\son[a-z]+="/))
        #expect(!(try text("/page.js")).contains(/innerHTML|\beval\(|new Function|document\.write/))
    }

    @Test("all words of the page are there in Chinese")
    func chinese() throws {
        let html = try text("/"), script = try text("/page.js")
        let blocks = script.firstMatch(of: /(?s)const words = \{\n  en: \{(.*?)\n  \},\n  zh: \{(.*?)\n  \},\n\};/)
        let (english, chinese) = try #require(blocks.map { (keys($0.1), keys($0.2)) })
        let marked = Set(html.matches(of: /data-t(?:-label|-hint)?="(\w+)"/).map { String($0.1) })
        #expect(!english.isEmpty && !marked.isEmpty)
        #expect(english.union(marked).subtracting(chinese) == [], "without Chinese")
        #expect(chinese.subtracting(english.union(marked)) == [], "without English")
    }

    private func keys(_ block: Substring) -> Set<String> {
        Set(block.matches(of: /(?:'([\w ]+)'|(\w+)): '(?:[^'\\]|\\.)*'/).map { String($0.1 ?? $0.2 ?? "") })
    }

    @Test(
        "a browser that has the file is not sent it again",
        arguments: [(true, "\"x\", TAG"), (true, "W/TAG"), (true, "*"), (false, "\"x\""), (false, nil)])
    func known(isKnown: Bool, sent: String?) throws {
        let file = try #require(PageFile.all["/"])
        #expect(file.isKnown(ifNoneMatch: sent?.replacing("TAG", with: file.entityTag)) == isKnown)
        #expect(Set(PageFile.all.values.map(\.entityTag)).count == 3)
    }
}
