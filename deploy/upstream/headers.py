"""Sends one gRPC request with headers as they are given, and prints the frames that come back.

usage: headers.py HOST:PORT /package.Service/Method ['name: value' ...] [--open]      --open: without END_STREAM, and waits
"""

import socket
import struct
import sys
import time

from hpack import Decoder, Encoder


def frame(kind, flags, stream, body=b""):
    return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body


def main():
    address, path, *rest = sys.argv[1:]
    stays_open = "--open" in rest
    more = [tuple(part.strip() for part in line.split(":", 1)) for line in rest if line != "--open"]
    host, port = address.rsplit(":", 1)
    headers = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", host)]
    headers += [("content-type", "application/grpc"), ("te", "trailers")] + more
    peer = socket.create_connection((host, int(port)))
    peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + frame(4, 1, 0))
    time.sleep(0.2)
    peer.sendall(frame(1, 4, 1, Encoder().encode(headers)))
    if not stays_open:
        peer.sendall(frame(0, 1, 1, bytes(5)))
    peer.settimeout(None if stays_open else 2)
    received, decoder = b"", Decoder()
    try:
        while data := peer.recv(65536):
            received += data
            while len(received) >= 9 and len(received) >= 9 + int.from_bytes(received[:3], "big"):
                length, kind = int.from_bytes(received[:3], "big"), received[3]
                body, received = received[9 : 9 + length], received[9 + length :]
                print(kind, decoder.decode(body) if kind == 1 else body[:80])
    except OSError:
        pass


main()
