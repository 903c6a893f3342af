"""One party of a SecretFlow SPU run, CSV to CSV; runs in a venv of its own (bench/psi.py). Prints one JSON line."""

from __future__ import annotations

import json
import resource
import sys
import time

import spu.libspu as libspu
import spu.psi as psi

PROTOCOLS = {"spu-rr22": psi.PsiProtocol.PROTOCOL_RR22, "spu-ecdh": psi.PsiProtocol.PROTOCOL_ECDH}


def main(engine: str, rank: int, port: int, source: str, result: str) -> None:
    desc = libspu.link.Desc()
    desc.recv_timeout_ms = 600_000
    for party in range(2):
        desc.add_party(str(party), f"127.0.0.1:{port + party}")
    link = libspu.link.create_brpc(desc, rank)
    config = psi.PsiExecuteConfig(
        protocol_conf=psi.PsiProtocolConfig(
            protocol=PROTOCOLS[engine],
            receiver_rank=0,
            bucket_size=1 << 24,
            broadcast_result=True,
            ecdh_params=psi.EcdhParams(curve=psi.EllipticCurveType.CURVE_25519),
        ),
        input_params=psi.InputParams(path=source, selected_keys=["id"], keys_unique=True),
        output_params=psi.OutputParams(path=result, disable_alignment=True),
    )
    link.barrier()
    start, used = time.perf_counter(), time.process_time()
    report = psi.psi_execute(config, link)
    wall, cpu = time.perf_counter() - start, time.process_time() - used
    link.stop_link()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = report.intersection_count
    print(json.dumps({"wall_s": wall, "cpu_s": cpu, "peak_mb": peak, "bytes": None, "found": found}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
