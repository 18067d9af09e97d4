"""The address that a server listens on."""

import asyncio
import socket

import pytest

from capexpand.errors import RunError
from capexpand.web.serving import listen


def test_an_answer_leaves_at_once():
    """A head and a body sent apart would else wait 40 ms for each other (Nagle's algorithm)."""

    async def option_of_a_connection() -> int:
        found = asyncio.get_running_loop().create_future()

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            del reader
            own = writer.get_extra_info("socket")
            found.set_result(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = listen("127.0.0.1", 0)
        async with await asyncio.start_server(accepted, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            option = await found
            writer.close()
        return option

    assert asyncio.run(option_of_a_connection()) == 1


def test_a_port_that_is_taken_is_said_with_what_to_do():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(RunError, match=f"cannot listen on 127.0.0.1, port {port}: .*name another --port"):
            listen("127.0.0.1", port)
