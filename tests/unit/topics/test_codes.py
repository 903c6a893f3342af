"""Sound codes of name parts (topics/names/codes), against the published examples of the Daitch-Mokotoff chart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.topics.names.codes import daitch_mokotoff, metaphones, skeletons

# Examples of Avotaynu's and JewishGen's descriptions of the chart, and of the two implementations in common use.
PUBLISHED = {
    "auerbach": "097400 097500",
    "ohrbach": "097400 097500",
    "lipshitz": "874400",
    "lippszyc": "874400 874500",
    "lewinsky": "876450",
    "levinski": "876450",
    "szlamawicz": "486740",
    "shlamovitz": "486740",
    "moskowitz": "645740",
    "moskovitz": "645740",
    "ceniow": "467000 567000",
    "tsenyuv": "467000",
    "holubica": "587400 587500",
    "golubitsa": "587400",
    "przemysl": "746480 794648",
    "pshemeshil": "746480",
    "rosochowaciec": "944744 944745 944754 944755 945744 945745 945754 945755",
    "rosokhovatsets": "945744",
    "peters": "734000 739400",
    "peterson": "734600 739460",
    "jackson": "145460 154600 445460 454600",
    "kleinman": "586660",
}


@pytest.mark.parametrize(("word", "codes"), PUBLISHED.items())
def test_daitch_mokotoff_codes_are_the_published_ones(word, codes):
    assert daitch_mokotoff(word) == tuple(codes.split())


@given(st.text("abcdefghijklmnopqrstuvwxyz", max_size=40))
def test_every_word_has_between_one_and_eight_codes_of_six_digits(word):
    codes = daitch_mokotoff(word)
    assert 1 <= len(codes) <= 8
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert list(codes) == sorted(set(codes))


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=40))
def test_metaphones_are_at_most_two_and_never_empty(word):
    codes = metaphones(word)
    assert len(codes) <= 2
    assert all(codes)


@pytest.mark.parametrize(
    ("latin", "arabic"),
    [
        ("mouchaweh", "mashuh"),
        ("ridha", "ridha"),
        ("reza", "ridha"),
        ("elmasri", "masri"),
        ("essabar", "sabar"),
        ("fayyadh", "fayadh"),
    ],
)
def test_a_latin_spelling_and_arabic_letters_share_a_skeleton(latin, arabic):
    assert set(skeletons(latin)) & set(skeletons(arabic))


def test_skeletons_keep_names_of_other_consonants_apart():
    assert not set(skeletons("hassan")) & set(skeletons("hussam"))
