import CWire

/// One question about the services of a server.
package struct ReflectionRequest: Hashable {
    package enum Question: Hashable {
        case fileByFilename(String)
        case fileContainingSymbol(String)
        case fileContainingExtension(type: String, number: Int32)
        case allExtensionNumbers(type: String)
        case listServices(String)
    }

    package var host: String
    package var question: Question?

    package init(host: String = "", question: Question?) {
        self.host = host
        self.question = question
    }
}

extension ReflectionRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Grpc__Reflection__V1__ServerReflectionRequest>) {
        grpc__reflection__v1__server_reflection_request__init(c)
    }

    func fill(_ c: inout Grpc__Reflection__V1__ServerReflectionRequest, _ arena: Arena) throws(WireError) {
        c.host = try arena.text(host, "host")
        switch question {
        case .fileByFilename(let name):
            c.message_request_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME
            c.file_by_filename = try arena.text(name, "file_by_filename")
        case .fileContainingSymbol(let symbol):
            c.message_request_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL
            c.file_containing_symbol = try arena.text(symbol, "file_containing_symbol")
        case .fileContainingExtension(let type, let number):
            c.message_request_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION
            let ext = arena.allocate(Grpc__Reflection__V1__ExtensionRequest.self)
            grpc__reflection__v1__extension_request__init(ext)
            ext.pointee.containing_type = try arena.text(type, "containing_type")
            ext.pointee.extension_number = number
            c.file_containing_extension = ext
        case .allExtensionNumbers(let type):
            c.message_request_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE
            c.all_extension_numbers_of_type = try arena.text(type, "all_extension_numbers_of_type")
        case .listServices(let content):
            c.message_request_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES
            c.list_services = try arena.text(content, "list_services")
        case nil:
            break
        }
    }

    init(_ c: Grpc__Reflection__V1__ServerReflectionRequest) throws(WireError) {
        host = try text(c.host, "host")
        switch c.message_request_case {
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
            question = .fileByFilename(try text(c.file_by_filename, "file_by_filename"))
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
            question = .fileContainingSymbol(try text(c.file_containing_symbol, "file_containing_symbol"))
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
            guard let ext = c.file_containing_extension?.pointee else { throw WireError(.malformed, "file_containing_extension is missing") }
            question = .fileContainingExtension(type: try text(ext.containing_type, "containing_type"), number: ext.extension_number)
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
            question = .allExtensionNumbers(type: try text(c.all_extension_numbers_of_type, "all_extension_numbers_of_type"))
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
            question = .listServices(try text(c.list_services, "list_services"))
        default:
            question = nil
        }
    }
}

/// The answer to one question. The files' descriptors are already encoded.
package struct ReflectionResponse: Hashable {
    package enum Answer: Hashable {
        case files([[UInt8]])
        case services([String])
        case error(code: Int32, message: String)
    }

    package var request: ReflectionRequest
    package var answer: Answer
}

extension ReflectionResponse: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Grpc__Reflection__V1__ServerReflectionResponse>) {
        grpc__reflection__v1__server_reflection_response__init(c)
    }

    func fill(_ c: inout Grpc__Reflection__V1__ServerReflectionResponse, _ arena: Arena) throws(WireError) {
        c.valid_host = try arena.text(request.host, "host")
        c.original_request = try arena.message(request)
        switch answer {
        case .files(let files):
            c.message_response_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE
            let response = arena.allocate(Grpc__Reflection__V1__FileDescriptorResponse.self)
            grpc__reflection__v1__file_descriptor_response__init(response)
            response.pointee.n_file_descriptor_proto = files.count
            response.pointee.file_descriptor_proto = arena.bytes(files)
            c.file_descriptor_response = response
        case .services(let names):
            c.message_response_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE
            let response = arena.allocate(Grpc__Reflection__V1__ListServiceResponse.self)
            grpc__reflection__v1__list_service_response__init(response)
            response.pointee.n_service = names.count
            response.pointee.service = try arena.messages(names.map(ReflectedService.init))
            c.list_services_response = response
        case .error(let code, let message):
            c.message_response_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE
            let response = arena.allocate(Grpc__Reflection__V1__ErrorResponse.self)
            grpc__reflection__v1__error_response__init(response)
            response.pointee.error_code = code
            response.pointee.error_message = try arena.text(message, "error_message")
            c.error_response = response
        }
    }

    init(_ c: Grpc__Reflection__V1__ServerReflectionResponse) throws(WireError) {
        request = try message(c.original_request, "original_request")
        switch c.message_response_case {
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE:
            guard let files = c.file_descriptor_response?.pointee else { throw WireError(.malformed, "file_descriptor_response is missing") }
            answer = .files(bytes(files.n_file_descriptor_proto, files.file_descriptor_proto))
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE:
            guard let list = c.list_services_response?.pointee else { throw WireError(.malformed, "list_services_response is missing") }
            let services: [ReflectedService] = try messages(list.n_service, list.service)
            answer = .services(services.map(\.name))
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE:
            guard let error = c.error_response?.pointee else { throw WireError(.malformed, "error_response is missing") }
            answer = .error(code: error.error_code, message: try text(error.error_message, "error_message"))
        default:
            throw WireError(.malformed, "\(Self.name): answer is not set")
        }
    }
}

/// A service's full name in the list of services.
struct ReflectedService: Hashable {
    var name: String
}

extension ReflectedService: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Grpc__Reflection__V1__ServiceResponse>) { grpc__reflection__v1__service_response__init(c) }
    func fill(_ c: inout Grpc__Reflection__V1__ServiceResponse, _ arena: Arena) throws(WireError) { c.name = try arena.text(name, "name") }
    init(_ c: Grpc__Reflection__V1__ServiceResponse) throws(WireError) { name = try text(c.name, "name") }
}
