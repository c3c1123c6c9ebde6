"""A client in another language: makes a picture through the gateway, knowing nothing but its address.

The messages come from the server's own reflection, so this also proves that reflection, health and the wire format are real
gRPC. Needs grpcio and grpcio-reflection.

usage: grpc_client.py ADDRESS PROMPT OUTPUT [--image FILE]... [--size WxH] [--steps N] [--seed S]
       ADDRESS as gRPC writes it: unix:/run/glm/gateway.sock or host:port
"""

import argparse
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def main():
    parser = argparse.ArgumentParser(description="Makes a picture through glm-gateway.")
    parser.add_argument("address")
    parser.add_argument("prompt")
    parser.add_argument("output")
    parser.add_argument("--image", action="append", default=[])
    parser.add_argument("--size")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--timeout", type=float)
    arguments = parser.parse_args()

    limit = [("grpc.max_receive_message_length", 64 << 20)]
    with grpc.insecure_channel(arguments.address, options=limit) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        print("services:", " ".join(sorted(database.get_services())))
        pool = DescriptorPool(database)

        def message(name):
            return GetMessageClass(pool.FindMessageTypeByName(name))

        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=message("grpc.health.v1.HealthCheckResponse").FromString,
        )
        print("health:", str(check(message("grpc.health.v1.HealthCheckRequest")())).strip())

        request = message("glm.v1.GenerateImageRequest")(prompt=arguments.prompt)
        for path in arguments.image:
            with open(path, "rb") as file:
                request.images.append(file.read())
        if arguments.size:
            request.width, request.height = (int(side) for side in arguments.size.split("x"))
        if arguments.steps is not None:
            request.steps = arguments.steps
        if arguments.seed is not None:
            request.seed = arguments.seed
        generate = channel.unary_stream(
            "/glm.v1.Gateway/Generate",
            request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=message("glm.v1.GenerateImageEvent").FromString,
        )
        try:
            for event in generate(request, timeout=arguments.timeout):
                kind = event.WhichOneof("event")
                if kind == "image":
                    with open(arguments.output, "wb") as file:
                        file.write(event.image.image)
                    print(f"image: {event.image.width}x{event.image.height}, {len(event.image.image)} bytes, "
                          f"seed {event.image.seed}")
                else:
                    print(f"{kind}:", " ".join(str(getattr(event, kind)).split()))
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", dict(error.trailing_metadata() or ()), file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
