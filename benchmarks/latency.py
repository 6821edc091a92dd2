"""How long one client waits, while something else goes on."""

import http.client
import time
from collections.abc import Callable, Mapping


def p99(
    port: int,
    path: str,
    more: Callable[[float], bool],
    headers: Mapping[str, str] | None = None,
) -> float:
    """Return the p99 in seconds of one kept-alive client that asks some 200 times a second.

    It goes on as long as `more` says so of the seconds that have passed.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times: list[float] = []
    began = time.perf_counter()
    while more(time.perf_counter() - began):
        asked = time.perf_counter()
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        times.append(time.perf_counter() - asked)
        time.sleep(0.005)
    connection.close()
    return sorted(times)[int(len(times) * 0.99)]
