import Domain
import HTTPAPI
import Testing

@Suite struct FileShelfTests {
    private func file(_ count: Int, owner: String = "a") -> FileShelf.File {
        FileShelf.File(Array(repeating: 0, count: count), .png, owner: owner)
    }

    @Test("a file is there until its time is over")
    func lifetime() {
        var shelf = FileShelf(lifetime: 60)
        shelf.put(file(3, owner: "b"), as: "1", now: 100)
        #expect(shelf.file("1", now: 159) == file(3, owner: "b") && shelf.file("2", now: 159) == nil)
        #expect(shelf.file("1", now: 160) == nil && shelf.count == 0 && shelf.bytes == 0)
    }

    @Test("the oldest go where there is no room for the newest, by bytes and by number")
    func room() {
        var shelf = FileShelf(byteLimit: 10, countLimit: 3, lifetime: 60)
        for id in 1...3 { shelf.put(file(3), as: "\(id)", now: id) }
        shelf.put(file(4), as: "4", now: 4)
        #expect(shelf.file("1", now: 4) == nil && shelf.file("2", now: 4) != nil && shelf.bytes == 10)
        for id in 5...7 { shelf.put(file(0), as: "\(id)", now: 5) }
        #expect(shelf.count == 3 && shelf.file("4", now: 5) == nil && shelf.bytes == 0)
        shelf.put(file(11), as: "8", now: 6)
        #expect(shelf.count == 1 && shelf.file("8", now: 6) != nil)
    }
}
