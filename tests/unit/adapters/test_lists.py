"""Lists of designations as files: which list, on which law, with which entries."""

import json

import pytest

from detente.adapters.formats.misp import names_within
from detente.adapters.lists import MOST_NAMES, read_list, status_of
from detente.errors import Misuse

UN = """<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z"><ENTITIES><ENTITY><DATAID>1</DATAID>
<FIRST_NAME>ORDER OF THE TEAPOT (OT)</FIRST_NAME><UN_LIST_TYPE>Al-Qaida</UN_LIST_TYPE><REFERENCE_NUMBER>QDe.999 </REFERENCE_NUMBER>
<LISTED_ON>2015-03-27-04:00</LISTED_ON><COMMENTS1>Boils.
Water.</COMMENTS1><ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>Kettle</ALIAS_NAME></ENTITY_ALIAS></ENTITY></ENTITIES>
<INDIVIDUALS><INDIVIDUAL><DATAID>2</DATAID><FIRST_NAME>A</FIRST_NAME></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>"""
GALAXY = {
    "values": [
        {
            "value": "Order of the Teapot",
            "uuid": "u",
            "description": "Boils water.",
            "meta": {
                "summary": "The Kettles, the Order of Tea (OT) and the Samovar Front.",
                "published": "2020-01-02",
                "id": "7",
            },
        }
    ],
    "type": "listed-teapots",
    "uuid": "g",
}


def test_the_uns_list_tells_its_day_its_references_and_its_resolutions(tmp_path):
    file = tmp_path / "list.xml"
    file.write_text(UN)
    found = read_list(file)
    assert (found.source, found.as_of, dict(found.left_out)) == ("un", "2026-02-27", {"Person": 1})
    [listing] = found.listings
    assert (listing.reference, listing.since) == ("QDe.999", "2015-03-27")
    assert "1267 (1999)" in listing.legal_basis
    assert [(name.text, name.kind) for name in listing.names] == [
        ("ORDER OF THE TEAPOT (OT)", "name"),
        ("Kettle", "former"),
    ]
    assert listing.grounds == "Boils. Water."


def test_a_galaxy_of_listed_entities_tells_its_names_and_its_law(tmp_path):
    file = tmp_path / "galaxy.json"
    file.write_text(json.dumps(GALAXY))
    found = read_list(file)
    assert found.source == "listed-teapots"
    [listing] = found.listings
    assert [name.text for name in listing.names] == [
        "Order of the Teapot",
        "The Kettles",
        "the Order of Tea (OT)",
        "the Samovar Front",
    ]
    assert (listing.since, listing.reference) == ("2020-01-02", "7")
    assert "Criminal Code" in listing.legal_basis


def test_an_own_table_says_status_reason_review_and_basis(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text(
        "id,name,alias,status,reason,grounds,legalBasis,listingDate,review\n"
        "1,Order of the Teapot,Kettle;Théière,Not listed,no case,Boils water,Tea Act 1773,1773-05-10,2027-01-01\n"
    )
    found = read_list(file)
    [listing] = found.listings
    assert found.source == "own"
    assert (listing.status, listing.reason, listing.review) == ("not-listed", "no case", "2027-01-01")
    assert (listing.legal_basis, listing.grounds, listing.since) == (
        "Tea Act 1773",
        "Boils water",
        "1773-05-10",
    )
    assert [name.text for name in listing.names] == ["Order of the Teapot", "Kettle", "Théière"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,Teapot,banned,2020-01-01", "a status is"),
        ("1,Teapot,listed,yesterday", "is no day"),
        ("1,,listed,2020-01-01", "without a name"),
    ],
)
def test_a_row_that_says_nothing_sound_is_refused_with_its_line(tmp_path, row, reason):
    file = tmp_path / "own.csv"
    file.write_text(f"id,name,status,listingDate\n{row}\n")
    found = read_list(file)
    assert not found.listings
    [(line, why)] = found.refused
    assert line == 2
    assert reason in why


def test_one_reference_twice_keeps_the_first_and_says_so(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,name\n1,Teapot\n1,Samovar\n1,Teapot\n")
    found = read_list(file)
    assert [listing.name for listing in found.listings] == ["Teapot"]
    assert ["stands twice" in why for _, why in found.refused] == [True]


def test_what_does_not_print_and_what_never_ends_does_not_get_in(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,name,grounds\n1,Tea\u202epot\x07," + "x" * 5000 + "\n")
    [listing] = read_list(file).listings
    assert listing.name.isprintable()
    assert len(listing.grounds) == 2000
    names = ";".join(f"name {n}" for n in range(MOST_NAMES + 1))
    file.write_text(f"id,name\n1,{names}\n")
    assert "more than" in read_list(file).refused[0][1]


def test_a_list_is_named_by_a_slug(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,name\n1,Teapot\n")
    with pytest.raises(Misuse, match="can't name a list"):
        read_list(file, source="../etc")
    with pytest.raises(Misuse, match="no day"):
        read_list(file, as_of="soon")


def test_only_the_programmes_that_are_asked_for(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,name,program\n1,Teapot,FTO;SDGT\n2,Samovar,CUBA\n")
    found = read_list(file, programs=["FTO"])
    assert [listing.name for listing in found.listings] == ["Teapot"]
    assert found.left_out == {"another programme": 1}


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("N/A", []),
        ("", []),
        (
            "Imarat Kavkaz and Islamic Emirate of the Caucasus",
            ["Imarat Kavkaz", "Islamic Emirate of the Caucasus"],
        ),
        ("A One, the Group for Preaching and Combat", ["A One", "the Group for Preaching and Combat"]),
        ("One; Two (of old, and new); and Three X", ["One", "Two", "Three X"]),
        ("Islamic Group, (IG).", ["Islamic Group", "IG"]),
        ("M.K.Y. and MKU", ["M.K.Y.", "MKU"]),
    ],
)
def test_names_in_a_sentence_are_told_apart(sentence, names):
    assert names_within(sentence) == names


def test_a_status_is_one_of_four():
    assert status_of("NOT LISTED") == "not-listed"
    with pytest.raises(Misuse):
        status_of("banned")
