public import HTTPAPI
public import OTLP
public import ServerKit
public import TLS
public import Telemetry
import Wire

/// All that a gateway is started with.
public struct GatewayConfiguration: Sendable {
    /// The API, metrics and health over HTTP.
    public struct HTTP: Sendable {
        public var host: String
        /// 0: one that the system chooses.
        public var port: Int
        /// What this process counts; see ``GatewayMetrics/descriptions``.
        public var registry: MetricsRegistry
        public var settings: HTTPSettings

        public init(host: String, port: Int, registry: MetricsRegistry, settings: HTTPSettings = HTTPSettings()) {
            self.host = host
            self.port = port
            self.registry = registry
            self.settings = settings
        }

        var address: Address { .tcp(host: host, port: port) }

        /// - Parameter port: in use.
        func url(port: Int, isEncrypted: Bool) -> String { (isEncrypted ? "https" : "http") + "://\(Address.tcp(host: host, port: port))" }
    }

    public var server: ServerOptions
    /// Of connections over TCP and HTTP.
    public var connectionAge: ConnectionAge
    public var plan: FleetPlan
    /// Where one more stage goes.
    public var place: Operations.Placing
    /// The folders that a swap may take models from; empty: those that hold the plan's models.
    public var modelRoots: [String]
    public var timing: FleetTiming
    /// What becomes of stages whose numerics differ.
    public var mixing: NumericsMixing
    /// Flags that all stages get.
    public var stageArguments: [String]
    public var jobs: JobConfiguration
    public var labels: LabelPolicy
    /// Nil: it is not kept who asked for what.
    public var audit: AuditOptions?
    /// For stages elsewhere that speak TLS. Without a certificate of its own there, the gateway shows them that of its ports.
    public var stageTLS: ClientTLSFiles
    /// Nil: not served.
    public var http: HTTP?
    /// Path of the key file; nil: no keys are asked for.
    public var keys: String?
    /// Where spans go; nil: nowhere.
    public var spans: SpanExporter?
    /// The folder of `jobs.sqlite`, where there is no database, and `key-usage.json`; nil: the run directory.
    public var stateDirectory: String?
    /// Stages live on when this process is told to end.
    public var keepStages: Bool
    /// It ends with the process that started it: nobody could come back for a job or for what operators changed, so neither is kept.
    public var isPrivate: Bool

    public init(
        server: ServerOptions, connectionAge: ConnectionAge = .unlimited, plan: FleetPlan, place: @escaping Operations.Placing,
        modelRoots: [String] = [],
        timing: FleetTiming = FleetTiming(),
        mixing: NumericsMixing = .standby, stageArguments: [String] = [], jobs: JobConfiguration = JobConfiguration(),
        labels: LabelPolicy = LabelPolicy(), audit: AuditOptions? = nil,
        stageTLS: ClientTLSFiles = ClientTLSFiles(), http: HTTP? = nil, keys: String? = nil, spans: SpanExporter? = nil,
        stateDirectory: String? = nil, keepStages: Bool = false, isPrivate: Bool = false
    ) {
        self.server = server
        self.connectionAge = connectionAge
        self.plan = plan
        self.place = place
        self.modelRoots = modelRoots
        self.timing = timing
        self.mixing = mixing
        self.stageArguments = stageArguments
        self.jobs = jobs
        self.labels = labels
        self.audit = audit
        self.stageTLS = stageTLS
        self.http = http
        self.keys = keys
        self.spans = spans
        self.stateDirectory = stateDirectory
        self.keepStages = keepStages
        self.isPrivate = isPrivate
    }
}
