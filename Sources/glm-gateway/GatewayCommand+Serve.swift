import ArgumentParser
import Foundation
import Gateway
import Metrics
import OTLP
import Processes
import ServerKit
import TLS
import Telemetry
import Traces
import Tracing
import Wire

extension GatewayCommand {
    /// Serves until the process is told to end; then ends the stages that it keeps alive.
    func serve() async throws {
        defer { if removeRunDirectory { PrivateFolder.remove(server.runFolder.path) } }
        // Before any process is started, which would inherit its sockets.
        try ServiceManager.adopt()
        var (fleet, place) = try plan()
        fleet.jobs = jobs.bounds(fleet.jobs)
        try await GatewayProcess(
            GatewayConfiguration(
                server: server, connectionAge: ConnectionAge(connectionAge), plan: fleet, place: place, modelRoots: modelRoot,
                timing: FleetTiming(
                    probeInterval: .seconds(probeInterval), probe: .seconds(probeLimit), stall: stallLimit.map { .seconds($0) }),
                mixing: mixedNumerics,
                stageArguments: stageArguments(drain: server.drainDeadline ?? fleet.drainDeadline.inSeconds), jobs: try jobs.configuration(),
                labels: try labels.policy(), audit: audit.options,
                stageTLS: ClientTLSFiles(authorities: stageTLSCA, certificate: stageTLSCertificate, key: stageTLSKey), http: try telemetry(),
                keys: keys, spans: try traces(), stateDirectory: stateDirectory ?? Self.systemdStateDirectory, keepStages: keepStages,
                isPrivate: server.exitWithParent)
        ).run()
    }

    /// systemd may name several folders, colons between.
    private static var systemdStateDirectory: String? {
        ProcessInfo.processInfo.environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
    }

    private func telemetry() throws -> GatewayConfiguration.HTTP? {
        guard let http, case .tcp(let host, let port) = try Address(parsing: http) else { return nil }
        let registry = MetricsRegistry(GatewayMetrics.descriptions)
        MetricsSystem.bootstrap(registry)
        return GatewayConfiguration.HTTP(host: host, port: port, registry: registry, settings: httpOptions.settings)
    }

    /// Names of traces are passed on and stand in logs also where nothing is exported.
    private func traces() throws -> SpanExporter? {
        guard let settings = try ExportSettings(environment: ProcessInfo.processInfo.environment, service: "glm-gateway") else {
            InstrumentationSystem.bootstrap(SpanTracer())
            return nil
        }
        let exporter = SpanExporter(settings, version: Build.version)
        InstrumentationSystem.bootstrap(SpanTracer(settings.sampler, onEnd: exporter.add))
        return exporter
    }
}
