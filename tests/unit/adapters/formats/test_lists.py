"""Sanctions lists, STIX, MISP and spreadsheets, on invented samples in their form."""

from __future__ import annotations

import datetime
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from detente.adapters.formats import Problem, Row, read_rows
from detente.adapters.formats import rows as formats_rows
from detente.errors import Misuse

LISTING = """<?xml version='1.0' encoding='utf-8'?>
<CONSOLIDATED_LIST dateGenerated="2026-01-01T00:00:00Z">
  <INDIVIDUALS>
    <INDIVIDUAL>
      <DATAID>1</DATAID>
      <FIRST_NAME>ZENOBIA </FIRST_NAME><SECOND_NAME>QUILLFEATHER</SECOND_NAME>
      <NAME_ORIGINAL_SCRIPT>زنوبيا</NAME_ORIGINAL_SCRIPT>
      <UN_LIST_TYPE>Test</UN_LIST_TYPE>
      <GENDER>Female</GENDER>
      <NATIONALITY><VALUE>Iran (Islamic Republic of)</VALUE><VALUE>Ruritania</VALUE></NATIONALITY>
      <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Zen &amp; Co</ALIAS_NAME></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Z</ALIAS_NAME></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1970-01-02</DATE></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH><FROM_YEAR>1973</FROM_YEAR><TO_YEAR>1974</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH><FROM_YEAR>1950</FROM_YEAR><TO_YEAR>1979</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_PLACE_OF_BIRTH><CITY>Tyre</CITY><COUNTRY>Lebanon</COUNTRY></INDIVIDUAL_PLACE_OF_BIRTH>
      <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>AB 123456</NUMBER></INDIVIDUAL_DOCUMENT>
      <INDIVIDUAL_DOCUMENT/>
    </INDIVIDUAL>
    <INDIVIDUAL><DATAID>2</DATAID></INDIVIDUAL>
  </INDIVIDUALS>
  <ENTITIES>
    <ENTITY><DATAID>3</DATAID><FIRST_NAME>Front of Tests</FIRST_NAME>
      <ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>Old Front</ALIAS_NAME></ENTITY_ALIAS>
      <ENTITY_ADDRESS><CITY>Goma</CITY><COUNTRY>Democratic Republic of the Congo</COUNTRY></ENTITY_ADDRESS>
    </ENTITY>
  </ENTITIES>
</CONSOLIDATED_LIST>
"""


def read(
    path: Path, content: str | bytes | dict[str, Any] | list[Any], **options: Any
) -> list[Row | Problem]:
    if isinstance(content, dict | list):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_rows(path, **options))


def entities(found: list[Row | Problem]) -> list[dict[str, Any]]:
    assert all(isinstance(item, Row) for item in found), found
    return [item.row for item in found if isinstance(item, Row)]


def test_a_un_listing_becomes_a_person_and_an_entity_an_organization(tmp_path: Path) -> None:
    person, problem, front = read(tmp_path / "un.xml", LISTING)
    assert person == Row(
        4,
        {
            "id": "un-1",
            "schema": "Person",
            "properties": {
                "name": ["ZENOBIA QUILLFEATHER"],
                "alias": ["زنوبيا", "Zen & Co"],
                "weakAlias": ["Z"],
                "program": ["Test"],
                "gender": ["female"],
                "nationality": ["ir"],
                "birthDate": ["1970-01-02", "1973", "1974"],
                "birthPlace": ["Tyre, Lebanon"],
                "birthCountry": ["lb"],
                "passportNumber": ["AB 123456"],
            },
        },
    )
    assert problem == Problem(20, "a listing without a name")
    assert isinstance(front, Row)
    assert front.row["schema"] == "Organization"
    assert front.row["properties"] == {
        "name": ["Front of Tests"],
        "previousName": ["Old Front"],
        "address": ["Goma, Democratic Republic of the Congo"],
        "country": ["cd"],
    }


BOMBS = {
    "billion laughs": '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><CONSOLIDATED_LIST>&b;',
    "a file of ours": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><CONSOLIDATED_LIST>&a;',
    "a declaration alone": "<!DOCTYPE CONSOLIDATED_LIST><CONSOLIDATED_LIST>",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=list(BOMBS))
def test_an_xml_bomb_is_refused_at_its_declaration(tmp_path: Path, bomb: str) -> None:
    with pytest.raises(Misuse, match="document type"):
        read(tmp_path / "un.xml", bomb + LISTING.partition("?>")[2])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (LISTING[:1500], "broken at line"),
        ("<CONSOLIDATED_LIST>" + "<a>" * 100, "nested deeper"),
        ("<CONSOLIDATED_LIST><ENTITY><A>" + "x" * (2 << 20), "longer than"),
        ("<html><body/></html>", "no other XML"),
    ],
)
def test_xml_that_is_no_list_is_refused(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(Misuse, match=told):
        read(tmp_path / "un.xml", content)


SDN = (
    '36,"EXAMPLE, CO., LTD.",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"NIT # 800-1 (Colombia); Linked To: X."\r\n'
    '77,"QUILLFEATHER, Zenobia","individual","SDNT] [TEST",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    '"DOB 10 Oct 1955; alt. DOB circa 1956; alt. DOB Mar 1957; alt. DOB 1958 to 1959; alt. DOB soon; POB Giza, Egypt; '
    "nationality Lebanon; Cedula No. 16258303 (Colombia); alt. Passport AB 304555 (Egypt) issued 2001; a.k.a. 'EL ZEN'; "
    'Gender Female; Director, Example.; Email Address zen@example.org."\r\n'
    '78,"short row"\r\n'
    '79,"N7 FLYER","aircraft","TEST",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    "\x1a"
)


@pytest.mark.parametrize("name", ["sdn.csv", "ofac_sdn.csv", "SDN.CSV"])
def test_ofacs_rows_are_joined_with_the_files_beside_them(tmp_path: Path, name: str) -> None:
    alt, add = (name.replace("sdn", kind).replace("SDN", kind.upper()) for kind in ("alt", "add"))
    (tmp_path / alt).write_bytes(
        '77,1,"aka","PEREZ, Zoé",-0- \r\n77,2,"fka","OLD, Name",-0- \r\n'.encode("latin-1")
    )
    (tmp_path / add).write_text(
        '77,1,"Calle 1","Cali","Colombia",-0- \r\n77,2,-0- ,-0- ,"Cote d Ivoire",-0- \r\n'
    )
    company, person, problem, plane = read(tmp_path / name, SDN)
    assert isinstance(company, Row)
    assert company.row["schema"] == "Organization"
    assert company.row["properties"] == {
        "name": ["EXAMPLE, CO., LTD."],
        "program": ["CUBA"],
        "taxNumber": ["800-1"],
        "notes": ["NIT # 800-1 (Colombia); Linked To: X."],
    }
    assert isinstance(person, Row)
    assert (person.line, person.row["id"], person.row["schema"]) == (2, "ofac-77", "Person")
    properties = person.row["properties"]
    assert properties.pop("notes")
    assert properties == {
        "name": ["Zenobia QUILLFEATHER"],
        "lastName": ["QUILLFEATHER"],
        "firstName": ["Zenobia"],
        "alias": ["Zoé PEREZ"],
        "previousName": ["Name OLD"],
        "address": ["Calle 1, Cali, Colombia", "Cote d Ivoire"],
        "country": ["co", "ci"],
        "program": ["SDNT", "TEST"],
        "birthDate": ["1955-10-10", "1956", "1957-03", "1958", "1959"],
        "birthPlace": ["Giza, Egypt"],
        "nationality": ["lb"],
        "idNumber": ["16258303"],
        "passportNumber": ["AB 304555"],
        "weakAlias": ["EL ZEN"],
        "gender": ["female"],
        "email": ["zen@example.org"],
    }
    assert isinstance(problem, Problem)
    assert problem.line == 3
    assert isinstance(plane, Row)
    assert plane.row["schema"] == "Airplane"


def test_ofacs_list_is_read_without_the_files_beside_it(tmp_path: Path) -> None:
    found = read(tmp_path / "list.csv", SDN.splitlines()[0])
    assert [row["id"] for row in entities(found)] == ["ofac-36"]


def _stix(*objects: dict[str, Any], **bundle: Any) -> dict[str, Any]:
    return {"type": "bundle", "id": "bundle--1", "objects": list(objects)} | bundle


def _actor(**members: Any) -> dict[str, Any]:
    return {"type": "threat-actor", "id": "threat-actor--1", "name": "Quiet Feather"} | members


AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
STRICT = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"


@pytest.mark.parametrize("indent", [None, 2])
def test_a_stix_bundle_yields_its_persons_and_groups(tmp_path: Path, indent: int | None) -> None:
    bundle = _stix(
        {"type": "indicator", "id": "indicator--1"},
        _actor(aliases=["QF"], description="They.\nWrite.", confidence=85),
        {"type": "intrusion-set", "id": "intrusion-set--1", "name": "Set", "resource_level": "individual"},
        {
            "type": "identity",
            "id": "identity--1",
            "name": "Zen",
            "identity_class": "individual",
            "roles": ["clerk"],
        },
        {"type": "identity", "id": "identity--2", "name": "All banks", "identity_class": "class"},
        _actor(revoked=True),
        _actor(name=" "),
    )
    found = read(tmp_path / "bundle.json", json.dumps(bundle, indent=indent) + "\n")
    assert [(type(item), item.line) for item in found] == [(Row, 2), (Row, 3), (Row, 4)] + [
        (Problem, line) for line in (5, 6, 7)
    ]
    assert entities(found[:3]) == [
        {
            "id": "threat-actor--1",
            "schema": "Organization",
            "properties": {"name": ["Quiet Feather"], "alias": ["QF"], "notes": ["They. Write."]},
            "grade": "F1",
        },
        {"id": "intrusion-set--1", "schema": "Person", "properties": {"name": ["Set"]}},
        {"id": "identity--1", "schema": "Person", "properties": {"name": ["Zen"], "position": ["clerk"]}},
    ]


@pytest.mark.parametrize(
    ("members", "marking"),
    [
        ({}, None),
        ({"object_marking_refs": [AMBER]}, "TLP:AMBER"),
        ({"object_marking_refs": [STRICT, AMBER]}, "TLP:AMBER+STRICT"),
        ({"object_marking_refs": ["marking-definition--own-1"]}, "TLP:CLEAR"),
        ({"object_marking_refs": ["marking-definition--own-2"]}, "TLP:AMBER+STRICT"),
        ({"object_marking_refs": ["marking-definition--copyright"]}, None),
        ({"granular_markings": [{"marking_ref": AMBER, "selectors": ["name"]}, {"lang": "en"}]}, "TLP:AMBER"),
    ],
)
def test_a_stix_marking_is_kept_and_of_several_the_strictest(
    tmp_path: Path, members: dict[str, Any], marking: str | None
) -> None:
    extension = {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {"tlp_2_0": "amber+strict"}}
    bundle = _stix(
        _actor(**members),
        {"type": "marking-definition", "id": "marking-definition--own-1", "definition_type": "tlp", "definition": {"tlp": "white"}},
        {"type": "marking-definition", "id": "marking-definition--own-2", "extensions": extension},
        {"type": "marking-definition", "id": "marking-definition--copyright", "definition_type": "statement"},
    )  # fmt: skip
    (row,) = entities(read(tmp_path / "bundle.json", bundle))
    assert row.get("marking") == marking


@pytest.mark.parametrize(
    "definition",
    [
        None,
        {"definition_type": "iep"},
        {"definition_type": "tlp", "definition": {"tlp": "purple"}},
        {"definition_type": "tlp"},
    ],
)
def test_a_stix_marking_that_is_not_understood_keeps_its_object_out(
    tmp_path: Path, definition: dict[str, Any] | None
) -> None:
    held = (
        []
        if definition is None
        else [{"type": "marking-definition", "id": "marking-definition--x"} | definition]
    )
    bundle = _stix(_actor(object_marking_refs=["marking-definition--x"]), _actor(id="threat-actor--2"), *held)
    found = read(tmp_path / "bundle.json", bundle)
    assert [type(item) for item in found] == [Problem, Row]


def _event(*objects: dict[str, Any], tags: tuple[str, ...] = (), **event: Any) -> dict[str, Any]:
    return {"Event": {"uuid": "e1", "Object": list(objects), "Tag": [{"name": tag} for tag in tags]} | event}


def _misp_person(tags: tuple[str, ...] = (), **values: str) -> dict[str, Any]:
    attributes = [
        {"object_relation": name.replace("_", "-"), "value": value, "Tag": [{"name": tag} for tag in tags]}
        for name, value in values.items()
    ]
    return {"name": "person", "uuid": "p1", "Attribute": attributes}


def test_a_misp_event_yields_its_persons_organisations_and_actors(tmp_path: Path) -> None:
    event = _event(
        _misp_person(first_name="Zenobia", last_name="Quill", nationality="Lebanon", date_of_birth="1970-01-02", gender="Female"),
        {"name": "organization", "uuid": "o1", "Attribute": [{"object_relation": "name", "value": "Front"}]},
        {"name": "file", "uuid": "f1", "Attribute": []},
        _misp_person(title="Dr") | {"uuid": "p2"},
        _misp_person(alias="Gone") | {"deleted": True},
        tags=("tlp:amber", 'admiralty-scale:source-reliability="b"', "PAP:GREEN", "type:OSINT"),
        Attribute=[{"type": "threat-actor", "value": "Quiet Feather", "uuid": "a1"}, {"type": "ip-dst", "value": "::1"}],
    )  # fmt: skip
    handling = {"marking": "TLP:AMBER PAP:GREEN", "grade": "B6"}
    for document in (event, [event], {"response": [event]}):
        person, front, problem, actor = read(tmp_path / "event.json", document)
        assert isinstance(problem, Problem)
        assert entities([person, front, actor]) == [
            {
                "id": "misp-p1",
                "schema": "Person",
                "properties": {
                    "firstName": ["Zenobia"],
                    "lastName": ["Quill"],
                    "nationality": ["lb"],
                    "birthDate": ["1970-01-02"],
                    "gender": ["female"],
                    "name": ["Zenobia Quill"],
                },
            }
            | handling,
            {"id": "misp-o1", "schema": "Organization", "properties": {"name": ["Front"]}} | handling,
            {"id": "misp-a1", "schema": "Organization", "properties": {"name": ["Quiet Feather"]}} | handling,
        ]


def test_a_stricter_tag_on_an_attribute_marks_the_whole_object(tmp_path: Path) -> None:
    event = _event(
        _misp_person(tags=("tlp:red",), alias="Zen"),
        _misp_person(tags=("tlp:ex:chr",), alias="Z"),
        tags=("tlp:green",),
    )
    row, problem = read(tmp_path / "event.json", event)
    assert isinstance(row, Row)
    assert row.row["marking"] == "TLP:RED"
    assert isinstance(problem, Problem)


def test_a_label_about_use_alone_is_marked_with_the_strictest_about_sharing(tmp_path: Path) -> None:
    (row,) = entities(read(tmp_path / "event.json", _event(_misp_person(alias="Zen"), tags=("PAP:AMBER",))))
    assert row["marking"] == "TLP:RED PAP:AMBER"


@pytest.mark.parametrize("indent", [None, 2])
def test_a_misp_galaxy_yields_its_clusters(tmp_path: Path, indent: int | None) -> None:
    galaxy = {
        "authors": ["us"],
        "name": "Actors",
        "type": "threat-actor",
        "uuid": "g1",
        "values": [
            {"value": "Quiet Feather", "uuid": "c1", "meta": {"synonyms": ["QF"], "country": "LB", "refs": ["https://x"]}},
            {"value": "", "uuid": "c2"},
            {"value": "Bare", "uuid": "c3"},
        ],
    }  # fmt: skip
    found = read(tmp_path / "galaxy.json", json.dumps(galaxy, indent=indent))
    assert [type(item) for item in found] == [Row, Problem, Row]
    assert entities(found[:1])[0]["properties"] == {
        "name": ["Quiet Feather"],
        "alias": ["QF"],
        "country": ["lb"],
        "sourceUrl": ["https://x"],
    }


@pytest.mark.parametrize(
    "content",
    [
        '{"type": "bundle", "objects": [',
        '{"type": "bundle", "objects": ' + "[" * 100_000,
        '[{"id": "a"}]',
        b'{"type": "bundle", "x": "\xff"}',
    ],
)
def test_a_document_that_is_broken_or_a_list_is_refused(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(Misuse):
        read(tmp_path / "x.json", content)


@pytest.mark.parametrize(
    "content", [_stix(), _stix(objects=None), _stix(objects=[1, None, {}]), {"Event": {"Object": 3}}]
)
def test_a_document_with_nothing_in_it_yields_nothing(tmp_path: Path, content: dict[str, Any]) -> None:
    assert read(tmp_path / "x.json", content) == []


def _sheet(path: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.create_sheet("another").append(["not", "read"])
    book.save(path)
    return path


def test_a_spreadsheet_is_read_like_a_table(tmp_path: Path) -> None:
    path = _sheet(
        tmp_path / "people.xlsx",
        [
            ["id", "Full name", "birthDate", "idNumber", None],
            [7, "Zenobia; Zen", datetime.date(1970, 1, 2), 123456789012.0],
            [],
            ["8", "Ann", datetime.datetime(1980, 5, 6), "0123", "beyond the header"],
            [9, "Bo"],
        ],
    )
    found = list(read_rows(path, {"name": "Full name"}))
    assert [item.line for item in found] == [2, 4, 5]
    assert [row["properties"] for row in entities(found)] == [
        {"name": ["Zenobia", "Zen"], "birthDate": ["1970-01-02"], "idNumber": ["123456789012"]},
        {"name": ["Ann"], "birthDate": ["1980-05-06"], "idNumber": ["0123"]},
        {"name": ["Bo"]},
    ]
    assert [row["id"] for row in entities(found)] == ["7", "8", "9"]


def test_formulas_errors_and_inexact_numbers_are_problems_of_their_row(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["name"],
        ["=1+1"],
        ["#REF!"],
        [1234567890123456789],
        ["Ann"],
        ['=HYPERLINK("http://x")'],
    ]
    found = list(read_rows(_sheet(tmp_path / "x.xlsx", rows)))
    assert [(type(item), item.line) for item in found] == [
        (Problem, 2),
        (Problem, 3),
        (Problem, 4),
        (Row, 5),
        (Problem, 6),
    ]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _sheet(tmp_path / "bomb.xlsx", [["name"], ["Ann"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(8 << 20))
    assert path.stat().st_size < 1 << 20
    assert len(list(read_rows(path))) == 1
    monkeypatch.setattr("detente.adapters.formats.xlsx.DOCUMENT_BYTES", 4 << 20)
    with pytest.raises(Misuse, match="unpacks to more"):
        list(read_rows(path))


def test_an_xml_bomb_in_a_spreadsheet_is_refused(tmp_path: Path) -> None:
    path, bomb = _sheet(tmp_path / "x.xlsx", [["name"], ["Ann"]]), tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(bomb, "w") as bad:
        for part in good.namelist():
            content = good.read(part)
            if part == "xl/worksheets/sheet1.xml":
                entity = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
                content = content.replace(b"<worksheet", entity + b"<worksheet", 1)
            bad.writestr(part, content)
    assert load_workbook(path)
    with pytest.raises(Misuse, match="CSV"):
        list(read_rows(bomb))


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"PK\x03\x04" + bytes(1000)])
def test_what_only_begins_like_a_spreadsheet_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Misuse, match="not a spreadsheet"):
        read(tmp_path / "x.xlsx", content)


def test_a_document_past_the_cap_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("document", "ofac"):
        monkeypatch.setattr(f"detente.adapters.formats.{module}.DOCUMENT_BYTES", 100)
    assert formats_rows.DOCUMENT_BYTES > 1 << 20
    for content in (json.dumps(_stix(_actor())), SDN):
        with pytest.raises(Misuse, match="larger than 100"):
            read(tmp_path / "x", content)


DATA = Path(os.environ.get("DETENTE_DATA", "/nonexistent")) / "lists"


@pytest.mark.skipif(not DATA.is_dir(), reason="DETENTE_DATA names no directory with the public lists")
@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("un_consolidated.xml", {"Person": 50, "Organization": 273}),
        ("ofac_sdn.csv", {"Person": 200, "Organization": 592, "Airplane": 132, "Vessel": 4}),
        ("misp_galaxy_threat-actor.json", {"Organization": 1041}),
        ("misp_galaxy_terrorist-groups.json", {"Organization": 90}),
    ],
)
def test_the_public_lists_are_read_without_a_problem(name: str, counted: dict[str, int]) -> None:
    rows = entities(list(read_rows(DATA / name)))
    assert {schema: sum(row["schema"] == schema for row in rows) for schema in counted} == counted
    assert len(rows) == sum(counted.values()) == len({row["id"] for row in rows})
    assert all(row["properties"]["name"] for row in rows)
