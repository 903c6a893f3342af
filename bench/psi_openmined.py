"""OpenMined's PSI, both parties in one process after one another (it has no transport), CSV to CSV; runs in a venv of its own.

Their times are added up: what two machines would need one after the other, as its messages alternate. Prints one JSON line.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import private_set_intersection.python as psi


def main(ours: str, theirs: str, result: str) -> None:
    start, used = time.perf_counter(), time.process_time()
    items = Path(ours).read_text().split()[1:]
    others = Path(theirs).read_text().split()[1:]
    querier = psi.client.CreateWithNewKey(True)
    keyer = psi.server.CreateWithNewKey(True)
    setup = keyer.CreateSetupMessage(1e-9, len(items), others, psi.DataStructure.RAW)
    request = querier.CreateRequest(items)
    response = keyer.ProcessRequest(request)
    found = querier.GetIntersection(setup, response)
    Path(result).write_text("".join(f"{items[i]}\n" for i in found))
    sent = sum(len(message.SerializeToString()) for message in (setup, request, response))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = time.perf_counter() - start, time.process_time() - used
    print(json.dumps({"wall_s": wall, "cpu_s": cpu, "peak_mb": peak, "bytes": sent, "found": len(found)}))


if __name__ == "__main__":
    main(*sys.argv[1:4])
