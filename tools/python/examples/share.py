#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Two processes share a buffer. The second one can only read it, until the first takes it away."""

import os
import socket

import iokmem


def reader(sock: socket.socket) -> None:
    with iokmem.receive(sock) as buffer, buffer.map() as memory:
        print(f"the reader has {buffer}, read-only: {buffer.read_only}")
        print(bytes(memory[:64]).rstrip(b"\0").decode())
        sock.send(b"!")


def main() -> None:
    here, there = socket.socketpair()
    with iokmem.Buffer(1 << 16) as buffer, buffer.map() as memory:
        memory[:18] = b"Hello from a maker"
        child = os.fork()
        if not child:
            reader(there)
            os._exit(0)
        buffer.send(here, read_only=True)
        here.recv(1)
        buffer.revoke()
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
