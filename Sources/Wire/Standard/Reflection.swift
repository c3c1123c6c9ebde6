import GRPCCore

extension Service {
    /// Server reflection, by which a client of any language learns these services and their messages from the server itself.
    public static func reflection(listing services: [String]) -> [Service] {
        Methods.Reflection.services.map {
            let method = Methods.Reflection.info($0)
            return Service(
                name: $0, requestLimits: [method.name: method.requestLimit], registration: ReflectionRegistration(service: $0, listed: services))
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

    private func answer(_ request: ServerReflectionRequest) -> ServerReflectionResponse {
        ServerReflectionResponse(
            validHost: request.host, originalRequest: request, messageResponse: answer(request.messageRequest, in: .contract))
    }

    private func answer(_ question: ServerReflectionRequest.MessageRequest?, in index: DescriptorIndex) -> ServerReflectionResponse.MessageResponse {
        switch question {
        case .listServices:
            .listServicesResponse(ListServiceResponse(service: listed.sorted().map { ServiceResponse(name: $0) }))
        case .fileByFilename(let name):
            index.filesWithImports(of: name).map { .fileDescriptorResponse(FileDescriptorResponse(fileDescriptorProto: $0)) }
                ?? error(.notFound, "no file \(name)")
        case .fileContainingSymbol(let symbol):
            index.file(declaring: symbol).flatMap(index.filesWithImports)
                .map { .fileDescriptorResponse(FileDescriptorResponse(fileDescriptorProto: $0)) } ?? error(.notFound, "no symbol \(symbol)")
        case .fileContainingExtension(let wanted):
            error(.notFound, "no extension \(wanted.extensionNumber) of \(wanted.containingType); the contract has no extensions")
        case .allExtensionNumbersOfType(let type):
            error(.notFound, "no extensions of \(type); the contract has no extensions")
        case nil:
            error(.invalidArgument, "message_request is not set")
        }
    }

    private func error(_ status: CallStatus, _ message: String) -> ServerReflectionResponse.MessageResponse {
        .errorResponse(ErrorResponse(errorCode: Int32(status.rawValue), errorMessage: message))
    }
}
