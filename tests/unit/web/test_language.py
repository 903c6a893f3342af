"""Three languages: no string is missing, and the node's own sentences are known."""

import re
import time
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import Misuse, Refused
from detente.pact.agreement import consequences, parse_terms, template
from detente.pact.terms import PartyTerms
from detente.web.catalogues import catalogue, extracted
from detente.web.language import LANGUAGES, pattern_of, preferred, tongue
from detente.web.sentences import SENTENCES

OURS, THEIRS = PartyTerms("a" * 64, "North, or so"), PartyTerms("b" * 64, "South")
OTHERS = [code for code in LANGUAGES if code != "en"]


@pytest.fixture(scope="module")
def shown():
    return {message.id: message for message in extracted() if message.id}


@pytest.mark.parametrize("code", OTHERS)
def test_no_string_is_missing(code, shown):
    known = {message.id: message.string for message in catalogue(code) if message.id}
    missing = [key for key in shown if not known.get(key) or not all(known[key])]
    assert not missing, "write them with `python -m detente.web.catalogues`, then translate"
    assert not set(known) - set(shown), "no page shows these any more"


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_keeps_every_place_that_is_filled_in(code):
    for message in catalogue(code):
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        source = message.id if isinstance(message.id, str) else message.id[-1]
        if not message.id:
            continue
        for text in texts:
            assert set(re.findall(r"%\(\w+\)s", text)) == set(re.findall(r"%\(\w+\)s", source)), source
            if source in SENTENCES:
                assert names(text) == names(source), source


def names(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


@pytest.mark.parametrize("code", OTHERS)
def test_letters_are_those_of_the_language(code):
    latin = re.compile(r"[A-Za-z]{12,}")
    for message in catalogue(code):
        if code == "ru" and message.id and isinstance(message.string, str):
            assert not latin.search(re.sub(r"[{(%`].*?[})`]|FollowTheMoney", "", message.string)), (
                message.string
            )


def terms(change=lambda toml: toml):
    return parse_terms(change(template(OURS, THEIRS, 1_826_841_600_000)))


CHANGES = {
    "as it is": lambda t: t,
    "no audit": lambda t: t.replace("audit = 64", "audit = 0").replace('inspector = "peer"', 'inspector = "none"'),
    "nobody inspects": lambda t: t.replace('inspector = "peer"', 'inspector = "none"'),
    "an inspector": lambda t: t.replace('inspector = "peer"', f'inspector = "{"c" * 64}"'),
    "scopes": lambda t: t.replace("languages = []", 'languages = ["rus", "fra"]')
    .replace("groups = []", 'groups = ["X"]')
    .replace("grounds = []", 'grounds = ["y"]'),
    "groups alone": lambda t: t.replace("groups = []", 'groups = ["X", "Y"]'),
    "no release": lambda t: re.sub(r"(?s)release = \[.*?\]", "release = []", t),
    "no onward": lambda t: t.replace('onward = "consent"', 'onward = "never"'),
    "two people": lambda t: t.replace("approvals = 1", "approvals = 2").replace("attachments = false", "attachments = true"),
    "graded": lambda t: t.replace('admiralty = "F6"', 'admiralty = "C3"'),
    "no pap": lambda t: re.sub(r"pap = \[.*?\]", "pap = []", t),
    "no pap, graded": lambda t: re.sub(r"pap = \[.*?\]", "pap = []", t).replace('admiralty = "F6"', 'admiralty = "C3"'),
    "conditions": lambda t: t.replace("conditions = []", 'conditions = ["No arrests."]').replace("one_to_one = false", "one_to_one = true"),
    "nothing goes on": lambda t: re.sub(r"continues_when_suspended = \[.*?\]", "continues_when_suspended = []", t),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("code", OTHERS)
def test_what_a_term_means_is_said_in_every_language(code, change):
    for sentence in consequences(terms(change), OURS.id):
        said = str(tongue(code).say(sentence))
        assert 'lang="en"' not in said, sentence
        assert "South" in said or "South" not in sentence, "the peer's name is kept"
        for number in re.findall(r"\d+", sentence.split(" until ")[0]):
            if len(number) < 4:
                assert number in said


def reasons():
    """Every reason that the topics' scores give, from their source: the words before a place that is filled in."""
    import detente.topics.groups_score as groups
    import detente.topics.people_score as people

    for module in (people, groups):
        source = Path(module.__file__).read_text(encoding="utf-8")
        for text in re.findall(r'Reason\(\s*f?"([^"]+)"', source):
            yield re.sub(r"\{[^{}]*\}", "x", text + "x" * text.endswith(" "))


@pytest.mark.parametrize("sentence", sorted(set(reasons())))
def test_each_reason_of_a_score_is_said_in_every_language(sentence):
    if sentence in ("x: x", "xx: x"):
        pytest.skip("put together from words that other tests cover")
    for code in OTHERS:
        assert 'lang="en"' not in str(tongue(code).say(sentence)), sentence


def test_a_dry_run_is_said_in_every_language(matched):
    for sentence in matched.nodes["north"].runs.plan("people", "south").sentences:
        for code in OTHERS:
            said = str(tongue(code).say(sentence))
            assert 'lang="en"' not in said, sentence


def test_a_sentence_that_nobody_knows_stays_english_and_is_marked_and_escaped():
    said = str(tongue("fr").say("<b>news</b>"))
    assert said == '<span lang="en">&lt;b&gt;news&lt;/b&gt;</span>'


def test_a_peer_s_name_can_t_bring_markup_into_a_sentence():
    said = str(tongue("ru").say("You agree with <script>x</script> until 2027-11-22T00:00:00.000Z; after that nothing is matched or swapped."))  # fmt: skip
    assert "<script>" not in said
    assert "22 нояб. 2027" in said


def test_a_hostile_sentence_takes_no_time():
    hostile = "people: " + "a token with more than " * 400
    assert 'lang="en"' in str(tongue("fr").say(hostile))


def test_dates_and_numbers_are_written_as_the_language_writes_them():
    english, french, russian = (tongue(code) for code in LANGUAGES)
    instant = "2026-11-22T19:42:13.123Z"
    assert english.minute(instant) == "22 Nov 2026, 19:42"
    assert french.minute(instant) == "22 nov. 2026, 19:42"
    assert russian.minute(instant) == "22 нояб. 2026, 19:42"
    assert (english.number(1234567), french.number(1234567)) == ("1,234,567", "1\u202f234\u202f567")
    assert english.signed(-2) == "−2"
    assert (english.percent(0.5), english.percent(0.99999), english.percent(1)) == ("50.0%", "> 99.9%", "100.0%")  # fmt: skip


@pytest.mark.parametrize(
    ("header", "code"),
    [("", "en"), ("ru", "ru"), ("de,fr;q=0.5", "fr"), ("fr-CA, en;q=0.9", "fr"), ("x" * 10_000, "en"), ("ru;q=x, fr", "fr")],
)  # fmt: skip
def test_the_browser_s_language_counts(header, code):
    assert preferred(header) == code


def test_a_pattern_matches_the_whole_sentence_alone():
    assert pattern_of("{peer} waits.").places("South waits. And more") is None


def expression(message):
    """What the pattern stands for, slowly."""
    return re.compile(re.sub(r"\\\{([a-z_]+)\\\}", r"(?P<\1>.+?)", re.escape(message)), re.DOTALL)


@given(st.sampled_from([m for m in SENTENCES if "{" in m]), st.data())
def test_a_pattern_finds_what_an_expression_finds(message, data):
    """Parts of the sentence itself in each place: what could be taken for words between places."""
    pattern = pattern_of(message)
    scrap = st.lists(st.sampled_from([*pattern.words, "x", " ", "\n"]), max_size=3).map("".join)
    sentence = "".join(
        data.draw(scrap) if n in pattern.names else n for n in re.split(r"\{([a-z_]+)\}", message)
    )
    found = expression(message).fullmatch(sentence)
    assert pattern.places(sentence) == (found.groupdict() if found else None)


@pytest.mark.parametrize("message", [m for m in SENTENCES if m.count("{") > 1])
def test_a_sentence_that_is_nearly_one_of_ours_takes_no_time(message):
    head, *between, _ = pattern_of(message).words
    hostile = head + "x" + "x".join(between * 3000) + "!"
    began = time.process_time()
    tongue("fr").say(hostile)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "purpose",
    ["1" * 5000, f"7 x, {'1' * 5000} y", "2026-99-99T00:00:00.000Z", "same word: " * 5000, "{topic}", "{0.__class__}"],
    ids=["digits", "counted digits", "no date", "nested", "place", "attribute"],
)  # fmt: skip
def test_what_a_peer_writes_into_a_term_breaks_no_sentence(purpose):
    for code in OTHERS:
        said = tongue(code).say(f"people: the purpose is: {purpose} The legal basis is: none")
        assert 'lang="en"' not in said
        assert purpose[:100] in said or "same" in purpose


def test_errors_of_the_console_itself_are_known():
    for error in (Refused("your roles do not allow this: ask an administrator"), Misuse("no grounds")):
        for code in OTHERS:
            assert 'lang="en"' not in str(tongue(code).say(str(error)))
