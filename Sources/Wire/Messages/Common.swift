import CWire

/// A raster of VQ codes: what the stages hand to each other instead of pictures.
public struct CodeGrid: Sendable, Hashable {
    /// Rows; one row covers 32 pixels.
    public var height: Int
    /// Columns; one column covers 32 pixels.
    public var width: Int
    /// `[height × width]`, raster order.
    public var codes: [Int32]

    public init(height: Int, width: Int, codes: [Int32]) {
        self.height = height
        self.width = width
        self.codes = codes
    }
}

extension CodeGrid: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__CodeGrid>) { glm__v1__code_grid__init(c) }

    func fill(_ c: inout Glm__V1__CodeGrid, _ arena: Arena) throws(WireError) {
        c.height = try UInt32(wire: height, "height")
        c.width = try UInt32(wire: width, "width")
        c.n_codes = codes.count
        c.codes = arena.numbers(codes)
    }

    init(_ c: Glm__V1__CodeGrid) throws(WireError) {
        self.init(height: Int(c.height), width: Int(c.width), codes: numbers(c.n_codes, c.codes))
    }
}

/// Rows and columns of a raster of codes, each 32 pixels.
public struct GridSize: Sendable, Hashable {
    public var height: Int
    public var width: Int

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }
}

extension GridSize: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__GridSize>) { glm__v1__grid_size__init(c) }

    func fill(_ c: inout Glm__V1__GridSize, _ arena: Arena) throws(WireError) {
        c.height = try UInt32(wire: height, "height")
        c.width = try UInt32(wire: width, "width")
    }

    init(_ c: Glm__V1__GridSize) throws(WireError) {
        self.init(height: Int(c.height), width: Int(c.width))
    }
}

/// How the next code is drawn. What is nil comes from the checkpoint's generation_config.json.
public struct Sampling: Sendable, Hashable {
    /// Always the most likely code; the rest is then ignored.
    public var greedy: Bool
    /// Over 0; 1 leaves the model's distribution as it is.
    public var temperature: Float?
    /// Over 0 up to 1: the smallest set of codes with at least this probability.
    public var topP: Float?
    /// Codes; at least 1.
    public var topK: Int?

    public init(greedy: Bool = false, temperature: Float? = nil, topP: Float? = nil, topK: Int? = nil) {
        self.greedy = greedy
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
    }
}

extension Sampling: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__Sampling>) { glm__v1__sampling__init(c) }

    func fill(_ c: inout Glm__V1__Sampling, _ arena: Arena) throws(WireError) {
        c.greedy = greedy ? 1 : 0
        if let temperature {
            c.temperature_opt_case = GLM__V1__SAMPLING__TEMPERATURE_OPT_TEMPERATURE
            c.temperature = temperature
        }
        if let topP {
            c.top_p_opt_case = GLM__V1__SAMPLING__TOP_P_OPT_TOP_P
            c.top_p = topP
        }
        if let topK {
            c.top_k_opt_case = GLM__V1__SAMPLING__TOP_K_OPT_TOP_K
            c.top_k = try UInt32(wire: topK, "top_k")
        }
    }

    init(_ c: Glm__V1__Sampling) throws(WireError) {
        self.init(
            greedy: c.greedy != 0,
            temperature: c.temperature_opt_case.rawValue == 0 ? nil : c.temperature,
            topP: c.top_p_opt_case.rawValue == 0 ? nil : c.top_p,
            topK: c.top_k_opt_case.rawValue == 0 ? nil : Int(c.top_k))
    }
}

/// How long one phase of a request took.
public struct Timing: Sendable, Hashable {
    /// For example `prefill`, `decode`, `denoise`, `vae`.
    public var phase: String
    /// Wall clock, seconds.
    public var seconds: Double

    public init(phase: String, seconds: Double) {
        self.phase = phase
        self.seconds = seconds
    }
}

extension Timing: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__Timing>) { glm__v1__timing__init(c) }

    func fill(_ c: inout Glm__V1__Timing, _ arena: Arena) throws(WireError) {
        c.phase = try arena.text(phase, "phase")
        c.seconds = seconds
    }

    init(_ c: Glm__V1__Timing) throws(WireError) {
        self.init(phase: try text(c.phase, "phase"), seconds: c.seconds)
    }
}

/// How a picture is written as bytes. On the wire, none means PNG.
public enum ImageFormat: UInt32, Sendable, Hashable, CaseIterable {
    case png = 1
    case jpeg = 2

    init(_ c: Glm__V1__ImageFormat) throws(WireError) {
        guard let format = c.rawValue == 0 ? .png : ImageFormat(rawValue: c.rawValue) else {
            throw WireError(.outOfRange, "format is \(c.rawValue); 1 is PNG, 2 is JPEG")
        }
        self = format
    }

    var c: Glm__V1__ImageFormat { Glm__V1__ImageFormat(rawValue: rawValue) }
}
