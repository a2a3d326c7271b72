"""The child's end of the socket pair: JSON lines in and out, out of reach of the user's prints."""

from __future__ import annotations

import os
import socket

from pydantic import BaseModel

from workers.protocol import LINE_MAX_BYTES, ORDER, Order


class Closed(Exception):  # noqa: N818 - not an error: the worker has gone
    """The other end is closed."""


class Channel:
    """Orders in, replies out."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")

    @classmethod
    def inherit(cls, fd: int) -> Channel:
        """Take over an inherited socket.

        From here on standard input is empty and standard output goes to standard error, and processes
        that the user's code starts do not inherit the socket.
        """
        os.set_inheritable(fd, False)
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        return cls(socket.socket(fileno=fd))

    def receive(self) -> Order:
        """The next order.

        Raises:
            Closed: The worker has gone.
            ValidationError: The line is no order.
        """
        line = self._lines.readline(LINE_MAX_BYTES)
        if not line:
            raise Closed
        return ORDER.validate_json(line)

    def send(self, reply: BaseModel) -> None:
        """Send one reply.

        Raises:
            Closed: The worker has gone.
        """
        try:
            self._connection.sendall(reply.model_dump_json().encode() + b"\n")
        except OSError as error:
            raise Closed from error
