import CProcess
import Foundation
import Glibc
import Synchronization

/// A program that this process started. Its output is read line by line.
public final class ChildProcess: Sendable {
    public enum StandardInput: Sendable {
        /// A pipe that only this process holds the other end of: the child sees its end when we are gone, however we went.
        case lifeline
        /// Nothing to read.
        case none
    }

    public enum StandardError: Sendable {
        /// Read by this process; what came last is kept, for when the child fails.
        case kept
        /// Ours: it stays open when we are gone.
        case inherited
    }

    /// How it ended.
    public enum Exit: Sendable, Hashable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        public var description: String {
            switch self {
            case .code(let code): "ended with exit code \(code)"
            case .signal(let signal): "was ended by signal \(signal)"
            }
        }
    }

    /// Lines of standard error that are kept.
    static let keptLines = 20

    public let name: String
    public let processID: Int32
    /// Lines of standard output, until the child closes it.
    public let output: AsyncStream<String>
    /// Set when it has ended and what it wrote to standard error has been read.
    public let exit = Promise<Exit>()
    private let errors = Mutex<[String]>([])
    private let lifeline: Int32?
    /// Not signalled any more once it is reaped: its id may then be another's.
    private let reaped = Mutex(false)

    /// - Parameters:
    ///   - name: in messages.
    ///   - environment: set beside what this process has.
    ///   - onErrorLine: called with every line of a standard error that is kept, on a thread of its own.
    public init(
        name: String, executable: String, arguments: [String], environment: [String: String] = [:], standardInput: StandardInput = .lifeline,
        standardError: StandardError = .kept, onErrorLine: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(LaunchError) {
        func refusal(_ number: Int32) -> LaunchError {
            LaunchError(
                Shortage.isMeant(by: number) ? .noResources : .notStarted,
                "\(name) can't be started: \(executable): \(String(cString: strerror(number)))")
        }
        let streams: ChildStreams
        do { streams = try ChildStreams(standardInput, standardError) } catch { throw refusal(error.number) }
        var child: pid_t = 0
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        let failure = Self.withCStrings([executable] + arguments) { arguments in
            Self.withCStrings(variables) { cprocess_spawn(&child, executable, arguments, $0, streams.theirs, 1) }
        }
        guard failure == 0 else {
            streams.close()
            throw refusal(failure)
        }
        streams.closeTheirs()
        let (input, output, error) = (streams.ours[0], streams.ours[1], streams.ours[2])
        self.name = name
        processID = child
        lifeline = input >= 0 ? input : nil

        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        self.output = lines
        LineReader.start(output, onLine: { continuation.yield($0) }, onEnd: { continuation.finish() })
        let errorsRead = Promise<Void>()
        if error >= 0 {
            LineReader.start(
                error,
                onLine: { [weak self] line in
                    self?.errors.withLock { $0 = ($0 + [line]).suffix(Self.keptLines) }
                    onErrorLine(line)
                },
                onEnd: { errorsRead.fulfil(()) })
        } else {
            errorsRead.fulfil(())
        }
        Task.detached { [self] in
            await waitForEnd()
            // What it started may hold its standard error open for longer than it lived.
            let timer = Task {
                try await Task.sleep(for: .milliseconds(500))
                errorsRead.fulfil(())
            }
            _ = await errorsRead.value
            timer.cancel()
            exit.fulfil(reap())
        }
    }

    deinit { if let lifeline { close(lifeline) } }

    /// The last lines that it wrote to standard error, oldest first.
    public var lastErrorLines: [String] { errors.withLock { $0 } }

    /// Sends a signal, unless it has ended.
    public func send(_ signal: Int32) {
        reaped.withLock { if !$0 { kill(processID, signal) } }
    }

    /// Asks it to end, and after `grace` ends it. Returns when it has ended, also when the task is cancelled meanwhile.
    @discardableResult
    public func stop(grace: Duration) async -> Exit? {
        send(SIGTERM)
        return await Task.detached { [self] in
            let timer = Task.detached { [self] in
                try await Task.sleep(for: grace)
                send(SIGKILL)
            }
            defer { timer.cancel() }
            return await exit.value
        }.value
    }

    private func waitForEnd() async {
        let ended = Promise<Void>()
        let id = processID
        BlockingThread.start {
            _ = cprocess_await(id)
            ended.fulfil(())
        }
        _ = await ended.value
    }

    private func reap() -> Exit {
        reaped.withLock { reaped in
            var code: Int32 = 0, signal: Int32 = 0
            _ = cprocess_reap(processID, &code, &signal)
            reaped = true
            return signal != 0 ? .signal(signal) : .code(code)
        }
    }

    private static func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
        var pointers = strings.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        pointers.append(nil)
        return body(pointers)
    }
}
