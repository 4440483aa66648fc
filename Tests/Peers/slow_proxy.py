"""Stands before a server on loopback and hands everything on. Prints its port; each line of input is how many
milliseconds what the server says is held back from then on."""

import asyncio
import sys


class Delay:
    seconds = 0.0


async def hand_on(reader, writer, delayed):
    """What comes later never overtakes: each piece waits behind the one before it."""
    pieces = asyncio.Queue(maxsize=1024)
    loop = asyncio.get_running_loop()

    async def read():
        while piece := await reader.read(65536):
            await pieces.put((loop.time(), piece))
        await pieces.put((loop.time(), None))

    async def write():
        while True:
            came, piece = await pieces.get()
            while delayed and (left := came + Delay.seconds - loop.time()) > 0:
                await asyncio.sleep(min(left, 0.05))
            if piece is None:
                return
            writer.write(piece)
            await writer.drain()

    try:
        await asyncio.gather(read(), write())
    except OSError:
        pass
    finally:
        writer.close()


async def connected(reader, writer):
    try:
        server = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    except OSError:
        writer.close()
        return
    await asyncio.gather(hand_on(reader, server[1], False), hand_on(server[0], writer, True))


async def main():
    proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(proxy.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        Delay.seconds = int(line) / 1000
        print("delaying", line.strip(), flush=True)


asyncio.run(main())
