package import Wire

/// Whether a caller may have images without the explicit label where the gateway draws it into all: whoever comes over the Unix socket.
package func mayOmitLabel(_ call: ServerCall) -> Bool { call.caller.isLocal }
