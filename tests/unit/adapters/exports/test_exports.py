"""The joint list in four formats, each read back by a reader that is not its writer's."""

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from stix2validator import ValidationOptions, validate_string

from detente.adapters.exports import FORMATS, Edition
from detente.adapters.exports.edition import title
from detente.adapters.formats import Row, read_rows
from detente.errors import Misuse
from detente.node.listings import joint_content, joint_list
from detente.pact.joint_list import Reading, with_words
from detente.topics.designations.listing import OWN, Listing, Name
from detente.topics.designations.reconciling import reconcile
from detente.topics.groups import GroupsTopic

NORTH, SOUTH = ("0" * 64, "North"), ("1" * 64, "Юг & <South>")
HOSTILE = '=HYPERLINK("http://x","<script>alert(1)</script>")'
OURS = [
    Listing(
        "un",
        "QDe.115",
        (Name("AL-QAIDA IN IRAQ", "name"), Name("داعش")),
        legal_basis="1267 (1999)",
        since="2004-10-18",
    ),
    Listing(
        "ca",
        "1",
        (Name(HOSTILE, "name"), Name("@cmd;|calc", "weak"), Name("</style><b>", "former")),
        grounds="</article>" + HOSTILE,
    ),
    Listing(
        OWN, "2", (Name("Hizballah", "name"),), status="considered", reason="under study", review="2027-01-01"
    ),
]
THEIRS = [
    Listing(
        "us",
        "7",
        (Name("État islamique", "name"), Name("ИГИЛ"), Name("Исламское государство")),
        since="2004-12-17",
    ),
    Listing(OWN, "9", (Name("Hezbollah", "name"),), status="objects", reason="a party of parliament"),
]


def edition(ours=NORTH, theirs=SOUTH, **said) -> Edition:
    first, second = (OURS, THEIRS) if ours == NORTH else (THEIRS, OURS)
    content = joint_content(reconcile(first, second), ours[0], theirs[0], "Groups & <others>")
    return Edition(
        joint_list(content, ours[0], theirs[0]), ours, theirs, 1_795_000_000_000, hash="ab" * 32, **said
    )


def stix(text: str) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for one in json.loads(text)["objects"]:
        found.setdefault(one["type"], []).append(one)
    return found


def test_the_stix_bundle_is_valid_and_holds_a_group_an_entry_and_an_opinion_a_word():
    text = FORMATS["stix"](edition())
    report = validate_string(text, ValidationOptions(version="2.1"))
    assert report.is_valid
    # Ids are UUIDs of version 5: that they are not random is the one thing it remarks on (2.9 allows it).
    assert {str(warning).split("{")[1][:3] for warning in report.warnings} <= {"103"}
    found = stix(text)
    assert len(found["intrusion-set"]) == 3
    assert sorted(one["opinion"] for one in found["opinion"]) == [
        "neutral", "strongly-agree", "strongly-agree", "strongly-agree", "strongly-disagree",
    ]  # fmt: skip
    [marking] = found["marking-definition"]
    assert marking["id"] == "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
    assert all(
        one["object_marking_refs"] == [marking["id"]]
        for kind in ("intrusion-set", "opinion", "identity")
        for one in found[kind]
    )
    [isil] = [one for one in found["intrusion-set"] if "Iraq and the Levant" in one["name"]]
    assert {"État islamique", "ИГИЛ", "داعش", "AL-QAIDA IN IRAQ"} <= set(isil["aliases"])
    [names] = [one for one in found["language-content"] if one["object_ref"] == isil["id"]]
    assert names["contents"]["ru"] == {"name": "Исламское государство"}


@pytest.mark.parametrize("label", ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"])
def test_every_tlp_label_has_oasiss_own_marking(label):
    text = FORMATS["stix"](edition(marking=label))
    assert validate_string(text, ValidationOptions(version="2.1")).is_valid
    [marking] = stix(text)["marking-definition"]
    [extension] = marking["extensions"].values()
    assert f"TLP:{extension['tlp_2_0']}".upper() == label == marking["name"]


def test_both_parties_exports_of_one_version_have_the_same_ids():
    ours, theirs = edition(), edition(SOUTH, NORTH)
    assert {o["id"] for o in json.loads(FORMATS["stix"](ours))["objects"]} == {
        o["id"] for o in json.loads(FORMATS["stix"](theirs))["objects"]
    }
    assert FORMATS["ftm"](ours) == FORMATS["ftm"](theirs)
    assert FORMATS["stix"](ours) == FORMATS["stix"](edition())


def test_our_own_reader_loads_the_groups_of_a_followthemoney_export(tmp_path: Path):
    file = tmp_path / "list.ftm.json"
    file.write_text(FORMATS["ftm"](edition()))
    rows = [item.row for item in read_rows(file) if isinstance(item, Row)]
    organisations = [row for row in rows if row["schema"] == "Organization"]
    assert len(organisations) == 3
    names = [GroupsTopic().parse(row).properties["name"] for row in organisations]
    assert ("Islamic State of Iraq and the Levant",) in names
    sanctions = [row for row in rows if row["schema"] == "Sanction"]
    assert {row["properties"]["entity"][0] for row in sanctions} <= {row["id"] for row in organisations}
    assert ["objects"] in [row["properties"]["status"] for row in sanctions]
    assert all(row["marking"] == "TLP:AMBER" for row in organisations)


def test_the_table_has_a_line_a_group_and_no_cell_that_a_spreadsheet_runs():
    rows = list(csv.reader(io.StringIO(FORMATS["csv"](edition()), newline="")))
    assert len(rows) == 4
    assert {len(row) for row in rows} == {len(rows[0])}
    by_group = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    assert by_group["isil"]["state"] == "both"
    assert by_group["hizballah"]["state"] == "disputed"
    assert by_group["hizballah"]["North: review"] == "2027-01-01"
    assert by_group["isil"]["North: sources"] == "un QDe.115 2004-10-18"
    assert not [
        cell for row in rows for cell in row if cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
    ]


class Page(HTMLParser):
    """Tags and text of a page, and the languages that stand at its names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.names: dict[str, tuple[str | None, str | None]] = {}
        self._bdi: tuple[str | None, str | None] | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        held = dict(attrs)
        self.attributes |= held.keys()
        self._bdi = (held.get("lang"), held.get("dir")) if tag == "bdi" else None

    def handle_data(self, data):
        self.words.append(data)
        if self._bdi:
            self.names[data] = self._bdi

    def handle_endtag(self, tag):
        self._bdi = None


@pytest.mark.parametrize(
    ("language", "word"),
    [("en", "Both list"), ("fr", "Inscrits par les deux parties"), ("ru", "Внесены обеими сторонами")],
)
def test_the_sheet_speaks_three_languages_and_runs_nothing(language, word):
    text = FORMATS["html"](edition(language=language))
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "b"} & set(page.tags)
    assert f'<html lang="{language}">' in text
    assert any(word in each for each in page.words)
    assert HOSTILE in page.words
    assert page.names["داعش"][1] == "rtl"
    assert page.names["Исламское государство"][0] == "ru"
    assert not {"src", "href", "style", "onclick"} & page.attributes


def test_a_sheet_in_another_language_is_misuse():
    with pytest.raises(Misuse, match="en, fr, ru"):
        FORMATS["html"](edition(language="de"))


def test_a_marking_that_is_none_is_misuse():
    with pytest.raises(Misuse):
        edition(marking="SECRET")


@pytest.mark.parametrize("format_", FORMATS)
def test_an_empty_list_exports(format_):
    content = with_words(None, "Groups", NORTH[0], {})
    text = FORMATS[format_](Edition(joint_list(content, NORTH[0], SOUTH[0]), NORTH, SOUTH, 0))
    assert text or format_ == "ftm"


def test_what_one_reads_as_another_group_is_told_in_every_format():
    ours = [
        Listing("un", "1", (Name("Egyptian Islamic Jihad", "name"),)),
        Listing("un", "2", (Name("Al-Qaida", "name"),)),
    ]
    theirs = [Listing("us", "1", (Name("Al-Qaeda", "name"), Name("Egyptian Islamic Jihad")))]
    content = joint_content(reconcile(ours, theirs), NORTH[0], SOUTH[0], "Groups")
    read = joint_list(content, NORTH[0], SOUTH[0])
    assert read.entries["al-qaida"].words[NORTH[0]].reads == (Reading("Egyptian Islamic Jihad", "eij"),)
    assert read.entries["eij"].words[NORTH[0]].reads == ()
    found = Edition(read, NORTH, SOUTH, 0)
    assert title("eij", read.entries["eij"]) == "Egyptian Islamic Jihad"
    for format_ in ("stix", "csv", "html"):
        assert "eij" in FORMATS[format_](found)
