"""Two nodes, two browsers: from the first sign-in to a swap that both journals prove, by the pages alone."""

from __future__ import annotations

import csv
import time

import detente_verify
from support.consoles import PURPOSE
from support.world import NORTH, SOUTH


def table(path, people):
    """A file as a person has it: columns in their own words."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Ref", "Full name", "Date of birth", "Remark"])
        for each in people:
            properties = each["properties"]
            writer.writerow([each["id"], properties["name"][0], properties["birthDate"][0], "seen"])
    return path


def until(true, what):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.1)


def pair(people, tmp_path):
    files = {}
    for name, who in people.items():
        who.goto("/peers")
        with who.page.expect_download() as download:
            who.page.click("text=Save the invitation")
        files[name] = tmp_path / f"{name}.invitation"
        download.value.save_as(files[name])
        who.check()
    for name, other in (("north", "south"), ("south", "north")):
        page = people[name].page
        page.set_input_files("[name=file]", files[other])
        page.click("text=Look at it")
        spoken = people[other].page.locator("ol.fours li").all_text_contents()
        shown = page.locator("label.fours span").all_text_contents()
        assert [" ".join(four.split()) for four in shown] == [" ".join(four.split()) for four in spoken]
        people[name].check()
        if name == "north":
            people[name].picture("compare")
        for box in page.locator("[name=heard]").all():
            box.check()
        page.click("text=All sixteen are the same")
    for who in people.values():
        until(lambda who=who: who.served.node.pairings.peers()[0].status == "paired", "paired")


def agree(people):
    north, south = people["north"], people["south"]
    north.goto("/agreements")
    north.page.click("text=Propose an agreement to south")
    north.page.fill("[name='topics.0.audit']", "8")
    north.page.fill("[name='topics.0.buckets']", "3")
    north.page.wait_for_selector("#meaning .banner")  # three is no power of two, and the form says so
    north.page.fill("[name='topics.0.buckets']", "4")
    north.page.fill("[name='swap.imbalance_limit']", "7")
    north.page.wait_for_selector("#meaning >> text=can be ahead by at most 7")
    north.check()
    north.picture("terms")
    north.page.click("text=Sign and propose")
    until(lambda: south.served.node.agreements.show(), "the proposal has come")
    south.goto("/agreements")
    assert "can be ahead by at most 7" in south.page.locator("main").inner_text()
    south.check()
    south.picture("proposal")
    south.page.click("button:text-is('Sign')")
    until(lambda: north.served.node.agreements.show()[0].state == "in_force", "in force")


def load(people, tmp_path):
    for name, rows in (("north", NORTH), ("south", SOUTH)):
        who = people[name]
        who.goto("/load")
        assert who.page.url.endswith("/purpose?next=/load"), "first say why"
        who.page.fill("[name=purpose]", PURPOSE)
        who.page.click("main button.primary")
        who.page.set_input_files("[name=file]", table(tmp_path / f"{name}.csv", rows))
        who.page.click("text=Look at it first")
        assert who.page.locator("[name='map.name']").input_value() == "Full name"
        who.page.select_option("[name='map.id']", "Ref")
        who.page.fill("[name=grounds]", "case 2026-114")
        who.page.click("text=Look again")
        assert rows[0]["properties"]["name"][0] in who.page.locator("main").inner_text()
        who.check()
        if name == "north":
            who.picture("load")
        who.page.click("text=Load the file")
        assert f"{len(rows)} added" in who.page.locator(".banner.good").inner_text()


def match(people):
    north = people["north"]
    north.goto("/match")
    said = north.page.locator(".plain-words").inner_text()
    assert "south will learn that you bring at most" in said
    assert "the other learns nothing" in said
    north.check()
    north.picture("match")
    north.page.click("text=Begin the run")
    north.page.wait_for_selector("#runs .tag:text-is('done')", timeout=60_000)
    north.check()


def shows(page, id):
    page.wait_for_selector(f"#detail form[action='/findings/{id}/decide'] .confirm:not([disabled])")


def judge(people):
    """By keys alone."""
    for who in people.values():
        who.goto("/findings")
        page = who.page
        count = page.locator("#queue .row").count()
        assert count == 3
        ids = [row.get_attribute("id").removeprefix("row-") for row in page.locator("#queue .row").all()]
        page.keyboard.press("j")
        shows(page, ids[1])
        who.check()
        page.keyboard.press("k")
        page.keyboard.press("p")  # at once: it waits for the finding that is on its way
        page.wait_for_selector(f"#row-{ids[0]} .parked")
        page.keyboard.press("u")
        page.wait_for_selector(f"#row-{ids[0]} .open")
        assert not who.served.node.runs.findings(status="parked")
        for id in ids:
            shows(page, id)
            page.keyboard.press("c")
            page.wait_for_selector(f"#row-{id} .confirmed")
        assert len(who.served.node.runs.findings(status="confirmed")) == count
        if who is people["north"]:
            who.goto("/findings?status=confirmed")
            who.picture("findings")


def swap(people):
    for who in people.values():
        who.goto("/swap")
        who.page.click("text=Draft 3 confirmed findings")
        who.check()
    north, south = people["north"], people["south"]
    north.page.locator("td a").first.click()
    assert "canonical JSON" in north.page.locator("main").inner_text()
    north.page.click("text=Byte for byte")
    exact = north.page.locator("pre.exact").inner_text()
    assert '"marking": "TLP:AMBER"' in exact
    north.check()
    north.picture("item")
    for who in (north, south):
        who.goto("/swap")
        for box in who.page.locator("[name=ids]").all():
            box.check()
        who.page.click("text=Approve what is chosen")
    until(lambda: len(north.served.node.swaps.ledger("south").lines) == 6, "six items moved")
    for who, name in ((north, "Shamil Basayev"), (south, "Шамиль Салманович Басаев")):
        who.goto("/swap")
        assert name in who.page.locator("main").inner_text()
        who.check()
    north.picture("swap")
    north.page.locator("button:text-is('Accept')").first.click()
    north.page.wait_for_selector("td .tag.accepted")


def recall(people):
    north, south = people["north"], people["south"]
    north.goto("/swap")
    north.page.locator("a:text-is('Recall')").first.click()
    north.page.fill("#recall [name=reason]", "our source withdrew it")
    north.page.click("#recall button")
    until(lambda: south.served.node.letters.waiting(), "the recall has come")
    south.goto("/")
    assert "recalls to answer" in south.page.locator("main").inner_text()
    south.goto("/swap")
    assert "our source withdrew it" in south.page.locator("main").inner_text()
    south.page.click("text=Erase it and attest")
    until(lambda: any(i.state == "erased" for i in north.served.node.swaps.status("south").items), "erased")


def prove(people, tmp_path):
    north = people["north"]
    north.goto("/ledger")
    north.check()
    north.picture("ledger")
    north.page.locator("td a").first.click()
    assert north.page.locator("tbody tr").count() >= 2, "a line leads to the entries that prove it"
    north.page.click("text=Verify the whole journal")
    assert "Verified:" in north.page.locator(".banner.good").inner_text()
    north.check()
    north.picture("journal")
    with north.page.expect_download() as download:
        north.page.click("text=Evidence bundle")
    download.value.save_as(tmp_path / "bundle.jsonl")
    assert detente_verify.main([str(tmp_path / "bundle.jsonl")]) == 0


def suspend(people):
    north, south = people["north"], people["south"]
    south.goto("/agreements")
    south.page.click("text=Suspend or end")
    south.page.fill("details [name=reason]", "our minister asks")
    south.page.click("button:text-is('Suspend')")
    until(lambda: north.served.node.agreements.show()[0].state == "suspended", "suspended")
    for path in ("/", "/findings", "/journal", "/load"):
        north.goto(path)
        assert "Suspended" in north.page.locator("#alarms").inner_text(), "it cannot be overlooked"
    north.goto("/")
    north.check()
    north.picture("suspended")


def test_the_whole_story_from_the_first_sign_in_to_a_proof(consoles, person, tmp_path):
    people = {name: person(served) for name, served in consoles.items()}
    for who in people.values():
        who.enrol("j.moreau")
        who.check()
    pair(people, tmp_path)
    agree(people)
    load(people, tmp_path)
    match(people)
    judge(people)
    swap(people)
    people["north"].goto("/")
    people["north"].check()
    people["north"].picture("home")
    recall(people)
    prove(people, tmp_path)
    suspend(people)
