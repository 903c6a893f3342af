"""Which findings of one record stand beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from detente.topics.topic import Judgement

MARGIN = 8_000  # millibits by which another finding of either record must be better before a finding falls


def settle(
    findings: Sequence[tuple[int, int, Judgement]], margin: int = MARGIN, against_only: bool = True
) -> list[int]:
    """Indices, ascending, of the findings that no other finding of the same record beats by `margin` millibits. Symmetric.

    `against_only`: a finding that nothing speaks against stays, for one person may be on a list twice.
    """
    weights = [sum(reason.millibits for reason in judgement.because) for _, _, judgement in findings]
    best: dict[tuple[int, int], int] = {}
    for (ours, theirs, _), weight in zip(findings, weights, strict=True):
        for key in ((0, ours), (1, theirs)):
            best[key] = max(best.get(key, weight), weight)
    return [
        index
        for index, ((ours, theirs, judgement), weight) in enumerate(zip(findings, weights, strict=True))
        if weight >= max(best[0, ours], best[1, theirs]) - margin
        or (against_only and not _against(judgement))
    ]


def _against(judgement: Judgement) -> bool:
    return any(reason.millibits < -2_000 for reason in judgement.because[1:])
