"""What the keys of the bench mean: digits do, arrows choose, letters are typed only where letters are asked for."""

import pytest

from protocols.control import DeviceState, Verb, VerbHelp
from sim.stage.hand.desk import Desk, Do, Key, Mode, Save, Wish, press
from sim.stage.hand.seen import TILL, Seen
from tests.ui.scripted_till import empty_view

VERBS = [
    VerbHelp(name=f"verb_{n}", label_ko="일", label_en=f"verb {n}", arguments=arguments)
    for n, arguments in enumerate(
        [{}, {"card": "which of the cards"}, {"code": "digits", "symbology": "one of ean13, qr"}]
        + [{}] * 9
    )
]


def device(name, verbs=VERBS, **state):
    return DeviceState(name=name, device="thing", address="sim://x", verbs=verbs, state=state)


SEEN = Seen(title="t", devices=[device("one", cards=["alice", "bob"]), device("two", [])])
WITH_TILL = Seen(title="t", devices=SEEN.devices, till=empty_view("en"))


def keyed(desk, *keys, seen=SEEN):
    """Press keys; returns everything that was meant."""
    meant = []
    for key in keys:
        character = key if len(key) == 1 else ""
        meant += press(desk, key, character, seen)
    return meant


def typed(desk, text, seen=SEEN):
    return keyed(desk, *text, "enter", seen=seen)


def test_arrows_choose_and_stop_at_the_ends():
    desk = Desk()
    places = []
    for key in ("up", "down", "down", "up"):
        keyed(desk, key)
        places.append(desk.chosen)

    assert places == ["one", "two", "two", "one"]


def test_a_digit_does_what_has_its_number_and_pages_turn_round():
    desk = Desk()

    assert keyed(desk, "1") == [Do("one", Verb(verb="verb_0"))]
    assert keyed(desk, "0") == [Do("one", Verb(verb="verb_9"))]
    assert keyed(desk, "pagedown", "2") == [Do("one", Verb(verb="verb_11"))]
    assert keyed(desk, "3") == [], "no such verb"
    assert keyed(desk, "pagedown", "1") == [Do("one", Verb(verb="verb_0"))]
    assert keyed(desk, "pageup", "1") == [Do("one", Verb(verb="verb_10"))]
    assert keyed(desk, "down", "1") == [], "a device without verbs"


def test_arguments_are_asked_for_one_after_the_other_and_taken_by_number_or_as_typed():
    desk = Desk()

    assert keyed(desk, "2") == [] and desk.mode is Mode.ASKING
    assert desk.choices(SEEN) == ["alice", "bob"]
    assert typed(desk, "2") == [Do("one", Verb(verb="verb_1", arguments={"card": "bob"}))]
    keyed(desk, "3")
    assert typed(desk, "8801") == [] and desk.asking.name == "symbology"
    assert desk.choices(SEEN) == ["ean13", "qr"]
    assert typed(desk, "2") == [
        Do("one", Verb(verb="verb_2", arguments={"code": "8801", "symbology": "qr"}))
    ]
    keyed(desk, "2")
    assert typed(desk, "carol") == [Do("one", Verb(verb="verb_1", arguments={"card": "carol"}))]
    assert desk.mode is Mode.DEVICES


def test_nothing_typed_is_not_taken_and_escape_leaves():
    desk = Desk()
    keyed(desk, "2")

    assert keyed(desk, "enter") == [] and desk.mode is Mode.ASKING
    assert keyed(desk, "1", "backspace", "enter") == [] and desk.text == ""
    keyed(desk, "escape")
    assert (desk.mode, desk.asking) == (Mode.DEVICES, None)


@pytest.mark.parametrize(
    ("key", "wish"),
    [
        ("f2", Wish.PAUSE_OR_RUN),
        ("f3", Wish.STEP),
        ("f4", Wish.CLEAR),
        ("f10", Wish.LEAVE),
        ("ctrl+c", Wish.LEAVE),
        ("ctrl+q", Wish.LEAVE),
    ],
)
@pytest.mark.parametrize("mode", [Mode.DEVICES, Mode.ENTRY])
def test_wishes_are_heard_wherever_the_hand_is(key, wish, mode):
    assert keyed(Desk(mode=mode), key, seen=WITH_TILL) == [wish]


def test_letters_are_no_commands_and_go_to_the_till_when_it_is_asked():
    desk = Desk()

    assert keyed(desk, *"qwertyㅂㅈㄷ한글", seen=WITH_TILL) == []
    keyed(desk, "f6", seen=WITH_TILL)
    assert typed(desk, "3*8801", seen=WITH_TILL) == [Key("3*8801")]
    assert desk.mode is Mode.ENTRY, "the next entry follows"
    keyed(desk, "tab", seen=WITH_TILL)
    assert desk.mode is Mode.DEVICES
    assert keyed(desk, "f6") == [] and desk.mode is Mode.DEVICES, "no till, no entry"


def test_hangul_is_read_as_the_keys_that_were_pressed():
    desk = Desk(mode=Mode.ENTRY)

    assert typed(desk, "ㄸㅊ", seen=WITH_TILL) == [Key("Ec")]


def test_enter_on_the_till_begins_an_entry():
    desk = Desk()
    keyed(desk, "enter", seen=WITH_TILL)

    assert (desk.chosen, desk.mode) == (TILL, Mode.ENTRY)


def test_saving_offers_a_name():
    desk = Desk()

    assert keyed(desk, "f8", "enter") == [Save("by-hand.toml")]
    keyed(desk, "f8", *["backspace"] * 20)
    assert typed(desk, "a.toml") == [Save("a.toml")]


def test_help_is_left_by_any_key_which_does_nothing_else():
    desk = Desk()

    assert keyed(desk, "f1") == [] and desk.mode is Mode.HELP
    assert keyed(desk, "1") == [] and desk.mode is Mode.DEVICES
    assert keyed(desk, "question_mark") == [] and desk.mode is Mode.HELP


def test_f5_narrows_the_trace():
    desk = Desk()
    keyed(desk, "f5")

    assert desk.only
