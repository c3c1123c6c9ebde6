package import NIOCore

/// Ends a connection whose peer does not read: what waits to be sent to it has stood above the channel's high-water mark for a minute.
///
/// Otherwise somebody who asks for images and reads none would hold their bytes for as long as he likes.
package final class StalledReader: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = Any

    package static let limit = TimeAmount.seconds(60)

    private var end: Scheduled<Void>?

    package init() {}

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        end?.cancel()
        end = nil
        if !context.channel.isWritable {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            end = context.eventLoop.scheduleTask(in: Self.limit) { bound.value.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end?.cancel()
        context.fireChannelInactive()
    }
}
