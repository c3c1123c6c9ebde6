package import NIOCore

/// Keeps the end of the server from a connection that has just come, at the head of its pipeline: what its peer asks first is on its way.
///
/// A connection without a request is closed when the server ends. In HTTP/1 nothing tells its peer that the request, sent a moment before, was not
/// looked at, so it could not be sent again.
package final class Newcomer: ChannelInboundHandler {
    package typealias InboundIn = Any

    /// How old a connection becomes before it may hear of the end.
    package static let grace = TimeAmount.seconds(1)

    private var arrival = NIODeadline.distantPast

    package init() {}

    package func handlerAdded(context: ChannelHandlerContext) { arrival = context.eventLoop.now }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent, context.eventLoop.now < arrival + Self.grace else {
            return context.fireUserInboundEventTriggered(event)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(deadline: arrival + Self.grace) {
            bound.value.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }
}
