"""Whatever a page holds, reading it ends, in a report or in a Misuse."""

from __future__ import annotations

import contextlib
import os
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detente.adapters.pages import page_of
from detente.errors import Misuse
from detente.node.enclosures import REDACTED, merged, redacted
from detente.topics.reports.report import read

EXAMPLES = 2000 if os.environ.get("DETENTE_SOAK") else 60
PIECES = st.sampled_from(
    [
        "Islamic State", "(IS, formerly ISIS/ISIL)", "[an Arabic acronym for IS]", "also known as", "он же", "dit", "المعروف باسم", "داعش", "«Гром»",
        "Sergey Lavrov", "M.", "Mr", "said", "заявил", "قال", "19 Nov, 2015 18:46", "00:00 / 03:41", "READ MORE:", "Comments (3)", "© AFP", ".", "\n", "\n\n",
        "(", ")", "[", "/", "—", "the minister said on Monday that it was so", "т.е.", "\u202e", "\u200b", "\u0000", "\ufeff", "İ", "ß", "𝔄", "🙂", 
        "١٩ نوفمبر ٢٠١٥",
        "l'État islamique", "d’Al-Qaïda", "A", "A-B", "'s", "’",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=30)), max_size=60).map(" ".join)
FAST = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FAST
@given(TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        report = read(page_of(text.encode("utf-8", "surrogatepass"), "page").page)
    except Misuse:
        return
    assert not re.search("[\x00-\x08\u202a-\u202e\u200b\ufeff]", report.text + report.title)
    assert len({(named.kind, named.text) for named in report.named}) == len(report.named)
    assert all(len(set(names)) > 1 for names in report.aliases)
    names = [name for each in report.aliases for name in each]
    assert len(names) == len(set(names))


@FAST
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"<html>", b"%PDF-1.4\n", b"\xff\xfe", b"<?xml version='1.0'?><html>"]),
)
def test_any_bytes_are_read_or_refused(data: bytes, head: bytes) -> None:
    with contextlib.suppress(Misuse):
        read(page_of(head + data, "page").page)


@FAST
@given(
    st.text(min_size=1, max_size=80), st.lists(st.tuples(st.integers(0, 79), st.integers(1, 80)), max_size=6)
)
def test_of_a_redacted_span_no_character_is_left(text: str, ends: list[tuple[int, int]]) -> None:
    spans = [(start, end) for start, end in ends if start < end <= len(text)]
    hidden = {at for start, end in spans for at in range(start, end)}
    kept = "".join(character for at, character in enumerate(text) if at not in hidden)
    told = redacted(text, spans)
    assert len(told) == len(kept) + len(REDACTED) * len(merged(spans))
    assert told.replace(REDACTED, "") == kept or REDACTED in text
