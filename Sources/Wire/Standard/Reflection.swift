import GRPCCore

extension Service {
    /// Server reflection, by which a client of any language learns these services and their messages from the server itself.
    public static func reflection(listing services: [String]) -> [Service] {
        Methods.Reflection.services.map {
            Service(
                name: $0, requestLimit: Methods.Reflection.info($0).requestLimit, registration: ReflectionRegistration(service: $0, listed: services))
        }
    }
}

private struct ReflectionRegistration: Registration {
    let service: String
    let listed: [String]

    func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
        let method = Methods.Reflection.info(service)
        router.registerHandler(
            forMethod: method.descriptor, deserializer: method.requestDeserializer, serializer: method.responseSerializer
        ) { request, _ in
            StreamingServerResponse { writer in
                for try await question in request.messages { try await writer.write(answer(question)) }
                return [:]
            }
        }
    }

    private func answer(_ request: ReflectionRequest) -> ReflectionResponse {
        ReflectionResponse(request: request, answer: answer(request.question, in: .contract))
    }

    private func answer(_ question: ReflectionRequest.Question?, in index: DescriptorIndex) -> ReflectionResponse.Answer {
        func notFound(_ what: String) -> ReflectionResponse.Answer { .error(code: Int32(CallStatus.notFound.rawValue), message: "no \(what)") }
        switch question {
        case .listServices:
            return .services(listed.sorted())
        case .fileByFilename(let name):
            return index.filesWithImports(of: name).map { .files($0) } ?? notFound("file \(name)")
        case .fileContainingSymbol(let symbol):
            return index.file(declaring: symbol).flatMap(index.filesWithImports).map { .files($0) } ?? notFound("symbol \(symbol)")
        case .fileContainingExtension(let type, let number):
            return notFound("extension \(number) of \(type); the contract has no extensions")
        case .allExtensionNumbers(let type):
            return notFound("extensions of \(type); the contract has no extensions")
        case nil:
            return .error(code: Int32(CallStatus.invalidArgument.rawValue), message: "message_request is not set")
        }
    }
}
