"""The processes of the servers that Inspect starts: they end with this one, in whatever way it ends.

Inspect ends them when Python exits, which a process that is killed does not come to, and by the command ``pkill``,
which slim containers do not have; without it, nothing ends at all.
"""

from __future__ import annotations

import logging
import subprocess
from functools import cache
from typing import Any

from inspect_ai._util import local_server

from ste_plugin.process_tree import end_tree, watch_over

logger = logging.getLogger(__name__)

_watchers: list[subprocess.Popen[bytes]] = []


@cache
def end_servers_with_this_process() -> None:
    """Have every server that Inspect starts from now on watched from its first moment, and ended with its children.

    It takes minutes until Inspect hands out the process of a server, so the two functions that start and end one are
    replaced.
    """
    start = getattr(local_server, "execute_shell_command", None)
    if start is None or not hasattr(local_server, "kill_process_tree"):
        logger.warning("this release of Inspect starts servers in another way: one that a killed run leaves goes on")
        return

    def watched(*arguments: Any, **more: Any) -> subprocess.Popen[str]:
        process: subprocess.Popen[str] = start(*arguments, **more)
        _watchers[:] = [watcher for watcher in _watchers if watcher.poll() is None]
        _watchers.append(watch_over(process.pid))
        return process

    local_server.execute_shell_command = watched
    local_server.kill_process_tree = end_tree
