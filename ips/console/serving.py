"""serve: the broker as a program, and the wiring that all commands share."""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Callable

import uvloop

from ips.broker import Broker, Threads
from ips.config import Config, split_address
from ips.console.answers import Answer
from ips.front.server import Wishes, serve
from ips.host import HostClock, HostEntropy, die_with_parent, fault_points
from ips.rules import load_rules


def open_broker(config: Config, threads: Threads, *, holder: str) -> Broker:
    """Open the broker of a configuration with this machine's clock and randomness."""
    return Broker.open(
        config,
        holder=holder,
        clock=HostClock(),
        entropy=HostEntropy(),
        points=fault_points(os.environ.get("FAULT", "")),
        threads=threads,
        rules=load_rules(config.flows_folder()),
    )


def run(arguments: argparse.Namespace, config: Config) -> Answer:
    """Serve until told to end."""
    if arguments.parent_fd is not None:
        die_with_parent()
    address = split_address(arguments.listen) if arguments.listen else config.address()
    broker = open_broker(config, Threads.OWN, holder="ips-broker serve")
    try:
        # What was made by now lives as long as the program; collecting it again and again costs
        # pauses of milliseconds under load.
        gc.collect()
        gc.freeze()
        wishes = Wishes(
            address=address,
            announce=_announcer(arguments.announce_fd),
            parent_fd=arguments.parent_fd,
            receipts=config.receipts_address(),
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(broker, wishes))
    finally:
        broker.close()
    return Answer(value=None, text="")


def _announcer(descriptor: int | None) -> Callable[[bytes], None]:
    def announce(line: bytes) -> None:
        if descriptor is None:
            sys.stdout.buffer.write(line)
            sys.stdout.flush()
        else:
            os.write(descriptor, line)
            os.close(descriptor)

    return announce
