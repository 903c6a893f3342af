import pytest

from detente.errors import Misuse
from detente.wire.fingerprint import FINGERPRINT_BITS, fingerprint_words, same_fingerprint
from detente.wire.words import EVEN, ODD

PARTY = "e58294f2e9a227486e8b061b31cc528fd7fa3f19" + "00" * 12


def test_the_lists_are_the_pgp_ones_with_512_different_words():
    assert len(EVEN) == len(ODD) == 256
    assert len({*EVEN, *ODD}) == 512


def test_words_are_those_of_the_published_example():
    # the usual example of the PGP word list: E582 94F2 E9A2 2748 6E8B 061B 31CC 528F ...
    spoken = (
        "topmost istanbul pluto vagabond treadmill pacific brackish dictator "
        "goldfish medusa afflict bravado chatter revolver dupont midsummer"
    )
    assert fingerprint_words(PARTY) == tuple(spoken.split())


def test_sixteen_words_carry_128_bits():
    assert len(fingerprint_words(PARTY)) * 8 == FINGERPRINT_BITS == 128
    other = PARTY[:30] + "8e" + PARTY[32:]
    assert fingerprint_words(other) != fingerprint_words(PARTY)


def test_what_was_spoken_is_compared_whole():
    words = fingerprint_words(PARTY)
    same_fingerprint(PARTY, " ".join(words).upper())
    same_fingerprint(PARTY, words)
    same_fingerprint(PARTY, PARTY)
    for wrong in (words[:-1], words[::-1], (*words, "zulu"), "", PARTY[:-1]):
        with pytest.raises(Misuse):
            same_fingerprint(PARTY, wrong)


def test_only_party_ids_have_words():
    for bad in ("", "AB" * 32, b"short", "zz" * 32):
        with pytest.raises(Misuse):
            fingerprint_words(bad)
