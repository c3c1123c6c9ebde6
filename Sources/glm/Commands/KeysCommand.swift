import ArgumentParser
import Domain
import Foundation
import Keys
import ServerKit

/// `glm keys`: who may call a gateway that was started with `--keys`. A gateway that runs sees each change with the next call.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make, show and revoke the keys of a gateway.",
        discussion: "They stand in a file of mode 0600, as SHA-256; glm-gateway --keys names it.", subcommands: [Add.self, List.self, Revoke.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key, and print it: this once, for nobody keeps it.", discussion: "The file is made where there is none.")

        @Argument(help: ArgumentHelp("Of the key, for logs and for glm keys revoke: letters, digits, -, _ and .", valueName: "name"))
        var name: String

        @Option(
            help: ArgumentHelp(
                "What it allows, commas between: images and chat; fleet:read, to see the fleet; fleet:write, to change it; label:off, to have images without the visible label.",
                valueName: "scopes"))
        var scope = "images,chat"

        @Option(help: ArgumentHelp("Name of a model that it may use. Repeatable. Default: all.", valueName: "name"))
        var model: [String] = []

        @Option(help: ArgumentHelp("Requests a minute at most. Default: any number.", valueName: "n"))
        var perMinute: Int?

        @Option(help: ArgumentHelp("Images and answers a day (UTC) at most. Default: any number.", valueName: "n"))
        var quota: Int?

        @Option(help: ArgumentHelp("Turns that its holder gets for each one of another caller, where callers wait for each other.", valueName: "n"))
        var weight = 1.0

        @Option(help: ArgumentHelp("The day, 2027-01-31, or time, 2027-01-31T12:00:00Z, from which on it is refused.", valueName: "date"))
        var expires: String?

        @OptionGroup var file: KeyFileOption

        private func scopes() throws -> Set<Scope> {
            let scopes = scope.split(separator: ",").map { Scope(rawValue: String($0)) }
            guard !scopes.contains(nil) else { throw ValidationError("--scope is \"\(scope)\"; there are: \(Scope.listing)") }
            return Set(scopes.compactMap(\.self))
        }

        private func expiry() throws -> Date? {
            guard let expires else { return nil }
            guard let date = KeyDate.read(expires) else { throw ValidationError("--expires \"\(expires)\" \(KeyDate.syntax)") }
            return date
        }

        func validate() throws { _ = (try scopes(), try expiry()) }

        func run() async throws {
            let text = Key.makeText(), path = try file.path()
            let grant = Grant(name: name, scopes: try scopes(), models: model, perMinute: perMinute, quota: quota, weight: weight)
            let key = Key(grant, text: text, expires: try expiry())
            try KeyFile.edit(path, isNew: true) { ring throws(KeyError) in try ring.add(key) }
            do {
                try StandardStream.output.write(text + "\n")
            } catch {
                // Nobody has it.
                try KeyFile.edit(path) { ring throws(KeyError) in try ring.revoke(name) }
                throw error
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show all keys, without their texts.")

        @OptionGroup var file: KeyFileOption

        func run() async throws { try printLine(KeyReport.table(KeyFile.ring(of: file.path()).keys)) }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a key: from the next call on it is refused.")

        @Argument(help: ArgumentHelp("As glm keys list shows it.", valueName: "name"))
        var name: String

        @OptionGroup var file: KeyFileOption

        func run() async throws { try KeyFile.edit(try file.path()) { ring throws(KeyError) in try ring.revoke(name) } }
    }
}

/// Which key file is meant.
struct KeyFileOption: ParsableArguments {
    @Option(help: ArgumentHelp("The key file. Default: GLM_KEYS.", valueName: "file"))
    var keys: String?

    func path() throws -> String {
        if let path = keys ?? ProcessInfo.processInfo.environment["GLM_KEYS"], !path.isEmpty { return path }
        throw ValidationError("no key file: --keys names none, and GLM_KEYS is not set")
    }
}
