"""People who use the console: enrolling, signing in, throttling, roles, looks."""

import msgspec
import pytest
from argon2 import PasswordHasher

from detente.errors import Misuse, Refused
from detente.node.accounts import IDLE_MS, SESSION_MS, code_at, provisioning_uri
from support.world import World

PASSWORD = "lantern orbit walnut cradle"
WRONG = "that is not right"


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A node with nobody in it, closed: its folder, and the time."""
    world = World(tmp_path_factory.mktemp("before") / "world")
    world.directory.mkdir()
    world.node("north")
    world.close()
    return world.directory, world.clock.time


@pytest.fixture
def world(before, tmp_path):
    made = World.copied(*before, tmp_path / "world")
    yield made
    made.close()


@pytest.fixture
def node(world):
    """The node; passwords are hashed cheaply."""
    made = world.nodes["north"]
    made.accounts._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return made


def step(world):
    """The next time step: a code counts once."""
    world.clock.time += 30_000


def enrol(node, world, name="j.moreau", code=None):
    step(world)
    accounts = node.accounts
    opened = accounts.enrol(name, code or accounts.first_code(), PASSWORD)
    secret = accounts.secret(opened.session)
    return accounts.confirm(opened.session, code_at(secret, world.clock.time)), secret


def test_the_terminal_s_code_makes_one_administrator_and_no_second(node, world):
    code = node.accounts.first_code()
    full, _ = enrol(node, world, code=code)
    assert full.session.stage == "full"
    assert node.accounts.first_code() == ""
    with pytest.raises(Refused, match=WRONG):
        node.accounts.enrol("intruder", code, PASSWORD)


def test_two_people_with_the_terminal_s_code_do_not_both_become_administrator(node, world):
    code = node.accounts.first_code()
    first, second = (node.accounts.enrol(name, code, PASSWORD) for name in ("first", "second"))
    for opened in (first, second):
        secret = node.accounts.secret(opened.session)
        step(world)
        if opened is first:
            node.accounts.confirm(opened.session, code_at(secret, world.clock.time))
        else:
            with pytest.raises(Refused, match=WRONG):
                node.accounts.confirm(opened.session, code_at(secret, world.clock.time))


def test_an_enrolment_that_was_left_half_done_is_begun_anew_under_the_same_name(node, world):
    node.accounts.enrol("j.moreau", node.accounts.first_code(), PASSWORD)
    world.clock.time += 3_600_000
    full, _ = enrol(node, world, "j.moreau", node.accounts.first_code())
    assert full.session.stage == "full"


def test_who_used_a_one_time_code_first_has_nothing_once_its_person_enrols(node, world):
    """The code went through other hands. Its person enrols: the secret that was seen before, and the session, are worth nothing."""
    enrol(node, world)
    code = node.accounts.invite("r.karam", ["releaser"], "j.moreau").code
    thief = node.accounts.enrol("r.karam", code, "another password, of a thief")
    seen = node.accounts.secret(thief.session)
    enrol(node, world, "r.karam", code)
    step(world)
    assert node.accounts.session(thief.token) is None
    for secret in (seen, secret_of(node, "r.karam")):
        with pytest.raises(Refused, match=WRONG):
            node.accounts.confirm(thief.session, code_at(secret, world.clock.time))


def secret_of(node, name):
    with node.office.store.snapshot() as tx:
        return tx.accounts.get(name).secret


def test_a_second_factor_without_a_session_that_stands_opens_nothing(node, world):
    _, secret = enrol(node, world)
    half = node.accounts.sign_in("j.moreau", PASSWORD)
    node.accounts.sign_out(half.session)
    step(world)
    with pytest.raises(Refused, match=WRONG):
        node.accounts.confirm(half.session, code_at(secret, world.clock.time))


def test_a_password_opens_nothing_before_the_second_factor_is_enrolled(node, world):
    node.accounts.enrol("j.moreau", node.accounts.first_code(), PASSWORD)
    with pytest.raises(Refused, match=WRONG):
        node.accounts.sign_in("j.moreau", PASSWORD)


def test_a_session_that_ended_is_not_brought_back_by_a_purpose(node, world):
    full, _ = enrol(node, world)
    node.accounts.sign_out(full.session)
    with pytest.raises(Refused, match="over"):
        node.accounts.state_purpose(full.session, "case 2026-114")
    assert node.accounts.session(full.token) is None


def test_nobody_is_called_as_the_command_line_signs(node, world):
    """`terminal` may begin the only administrator anew; an account of that name must not."""
    enrol(node, world)
    with pytest.raises(Misuse):
        node.accounts.invite("terminal", ["administrator"], "j.moreau")


def test_a_newer_terminal_code_makes_the_older_one_void(node):
    old = node.accounts.first_code()
    node.accounts.first_code()
    with pytest.raises(Refused, match=WRONG):
        node.accounts.enrol("j.moreau", old, PASSWORD)


def test_a_one_time_code_is_over_after_a_day(node, world):
    code = node.accounts.first_code()
    world.clock.time += 25 * 3_600_000
    with pytest.raises(Refused, match=WRONG):
        node.accounts.enrol("j.moreau", code, PASSWORD)


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaaaaaaaaaa", "j.moreau j.moreau 1", "x" * 257])
def test_a_weak_password_is_refused(node, weak):
    with pytest.raises(Misuse):
        node.accounts.enrol("j.moreau", node.accounts.first_code(), weak)


def test_the_session_s_token_changes_at_every_step_and_the_old_one_is_worth_nothing(node, world):
    enrol(node, world)
    step(world)
    half = node.accounts.sign_in("j.moreau", PASSWORD)
    with node.office.store.snapshot() as tx:
        secret = tx.accounts.get("j.moreau").secret
    full = node.accounts.confirm(half.session, code_at(secret, world.clock.time))
    assert full.token != half.token
    assert node.accounts.session(half.token) is None
    assert node.accounts.session(full.token) is not None


def test_a_password_alone_is_no_session_that_may_do_anything(node, world):
    enrol(node, world)
    row, _ = node.accounts.session(node.accounts.sign_in("j.moreau", PASSWORD).token)
    assert row.stage == "password"


def test_a_code_counts_once(node, world):
    _, secret = enrol(node, world)
    with pytest.raises(Refused, match=WRONG):
        node.accounts.confirm(
            node.accounts.sign_in("j.moreau", PASSWORD).session, code_at(secret, world.clock.time)
        )


@pytest.mark.parametrize("digits", ["", "000000", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12 34 56 78"])
def test_a_wrong_code_is_refused(node, world, digits):
    enrol(node, world)
    half = node.accounts.sign_in("j.moreau", PASSWORD)
    with pytest.raises(Refused, match=WRONG):
        node.accounts.confirm(half.session, digits)


def test_guessing_is_slowed_down_even_for_the_right_password(node, world):
    enrol(node, world)
    for _ in range(5):
        with pytest.raises(Refused, match=WRONG):
            node.accounts.sign_in("j.moreau", "a wrong password, again")
    with pytest.raises(Refused, match=WRONG):
        node.accounts.sign_in("j.moreau", PASSWORD)
    world.clock.time += 16 * 60_000
    node.accounts.sign_in("j.moreau", PASSWORD)


def test_guessing_the_second_factor_is_slowed_down_too(node, world):
    _, secret = enrol(node, world)
    half = node.accounts.sign_in("j.moreau", PASSWORD)
    for _ in range(6):
        with pytest.raises(Refused, match=WRONG):
            node.accounts.confirm(half.session, "000000")
    step(world)
    world.clock.time -= 29_500
    with pytest.raises(Refused, match=WRONG):
        node.accounts.confirm(half.session, code_at(secret, world.clock.time + 30_000))


def test_a_name_that_nobody_has_and_a_wrong_password_are_told_alike(node, world):
    enrol(node, world)
    said = set()
    for name in ("j.moreau", "nobody", "", "x" * 5000, "é"):
        with pytest.raises(Refused) as refused:
            node.accounts.sign_in(name, "a wrong password, again")
        said.add(str(refused.value))
    assert len(said) == 1


def test_a_session_ends_when_it_is_idle_and_in_any_case_after_twelve_hours(node, world):
    full, _ = enrol(node, world)
    world.clock.time += IDLE_MS - 60_000
    assert node.accounts.session(full.token) is not None
    world.clock.time += IDLE_MS - 60_000
    assert node.accounts.session(full.token) is not None, "it was used meanwhile"
    world.clock.time += IDLE_MS + 1
    assert node.accounts.session(full.token) is None
    full, _ = enrol(node, world, name="second", code=node.accounts.invite("second", ["analyst"], "j").code)
    for _ in range(SESSION_MS // (IDLE_MS - 60_000) + 1):
        world.clock.time += IDLE_MS - 60_000
        node.accounts.session(full.token)
    assert node.accounts.session(full.token) is None


def test_listening_for_events_is_no_use_of_a_session(node, world):
    full, _ = enrol(node, world)
    world.clock.time += IDLE_MS - 60_000
    assert node.accounts.session(full.token, touch=False) is not None
    world.clock.time += 120_000
    assert node.accounts.session(full.token) is None


def test_a_closed_account_s_sessions_end_at_once_and_it_signs_in_no_more(node, world):
    enrol(node, world)
    full, _ = enrol(node, world, "second", node.accounts.invite("second", ["auditor"], "j.moreau").code)
    node.accounts.close("second", "j.moreau")
    assert node.accounts.session(full.token) is None
    with pytest.raises(Refused, match=WRONG):
        node.accounts.sign_in("second", PASSWORD)


def test_the_only_administrator_stays_one(node, world):
    enrol(node, world)
    for attempt in (
        lambda: node.accounts.close("j.moreau", "x"),
        lambda: node.accounts.assign("j.moreau", ["auditor"], "x"),
        lambda: node.accounts.invite("j.moreau", ["auditor"], "x"),
    ):
        with pytest.raises(Refused, match="only administrator"):
            attempt()


def test_new_roles_count_at_once(node, world):
    enrol(node, world)
    full, _ = enrol(node, world, "second", node.accounts.invite("second", ["analyst"], "j.moreau").code)
    node.accounts.assign("second", ["auditor"], "j.moreau")
    assert node.accounts.session(full.token)[1].roles == ("auditor",)
    with pytest.raises(Misuse):
        node.accounts.assign("second", ["king"], "j.moreau")


def test_a_look_needs_a_purpose_and_is_chained_to_the_one_before(node, world):
    full, _ = enrol(node, world)
    with pytest.raises(Refused, match="why"):
        node.accounts.look(full.session, ("finding", "f1"))
    with pytest.raises(Misuse):
        node.accounts.state_purpose(full.session, "  ")
    session = node.accounts.state_purpose(full.session, "case 2026-114")
    for subject in ("f1", "f2", "f3"):
        node.accounts.look(session, ("finding", subject))
    assert [look.subject for look in node.accounts.looks()] == ["f3", "f2", "f1"]
    assert node.accounts.verify_looks() == 3


def test_a_look_that_was_altered_is_noticed(node, world):
    from detente.adapters.sql import tables

    full, _ = enrol(node, world)
    session = node.accounts.state_purpose(full.session, "case 2026-114")
    for subject in ("f1", "f2"):
        node.accounts.look(session, ("finding", subject))
    with node.office.store.transaction() as tx:
        tx.looks._connection.execute(
            tables.looks.update().where(tables.looks.c.subject == "f1").values(account="x")
        )
    with pytest.raises(Misuse, match="altered"):
        node.accounts.verify_looks()


def test_passwords_are_hashed_as_rfc_9106_says(world):
    encoded = world.nodes["north"].accounts._encode(PASSWORD)
    assert encoded.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_neither_password_nor_code_nor_token_is_in_the_store(node, world):
    code = node.accounts.first_code()
    full, _ = enrol(node, world, code=code)
    with node.office.store.snapshot() as tx:
        kept = msgspec.json.encode([tx.accounts.all(), tx.sessions.get(full.session.id)]).decode()
        kept += str(tx.settings.get("console.first_code"))
    for secret in (PASSWORD, code, full.token):
        assert secret not in kept
    assert "$argon2id$" in kept


def test_the_authenticator_s_address_names_person_and_organisation():
    assert provisioning_uri(bytes(20), "j.moreau", "North & Co").startswith(
        "otpauth://totp/North%20%26%20Co:j.moreau?"
    )
