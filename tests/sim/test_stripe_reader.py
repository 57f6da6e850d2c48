"""The virtual stripe reader: what it sends for a card, and how a card can be drawn through it wrongly."""

from pathlib import Path

import pytest

from protocols.control import Verb
from sim.cards.stripes import SHIPPED, StripeFileError, read_stripes
from sim.stripe_reader import OUTGOING_MAX, StripeReaderTwin
from sim.twin import Twin, VerbError

CREDIT = b"%B9410110000000010^KIM/YEONGHUI^491210100000000?;9410110000000010=491210100000000?"
NUMBER = "9410110000000010"


def sent(twin: StripeReaderTwin, name: str, **arguments: str) -> bytes:
    """Return what the reader sends when a verb is done."""
    twin.do(Verb(verb=name, arguments=arguments), 5)
    return twin.outgoing()


def test_is_a_twin() -> None:
    assert isinstance(StripeReaderTwin(), Twin)


@pytest.mark.parametrize(
    ("verb", "arguments", "expected"),
    [
        ("swipe", {}, CREDIT + b"\r"),
        ("swipe_twice", {}, (CREDIT + b"\r") * 2),
        ("swipe_slowly", {}, b"%E?;9410110000000010=491210100000000?\r"),
        ("swipe_partly", {}, b"%E?;E?\r"),
        ("swipe_upside_down", {}, b"\r"),
        ("swipe_worn", {}, b"%E?;E?\r"),
        ("swipe_without", {"track": "1"}, b";9410110000000010=491210100000000?\r"),
        ("swipe_without", {"track": "3"}, CREDIT + b"\r"),
    ],
)
def test_verbs_send_what_they_say(verb: str, arguments: dict[str, str], expected: bytes) -> None:
    assert sent(StripeReaderTwin(), verb, card="credit", **arguments) == expected


def test_half_of_a_torn_swipe_and_garbage_hold_no_whole_track() -> None:
    twin = StripeReaderTwin()
    assert CREDIT.startswith(sent(twin, "tear", card="credit"))
    assert not any(48 <= byte < 58 for byte in sent(twin, "garble"))


def test_a_reader_that_sends_the_lrc_judges_nothing() -> None:
    twin = StripeReaderTwin(lrc=True, tracks="2")

    assert sent(twin, "swipe", card="credit") == b";9410110000000010=491210100000000?:\r"
    assert sent(twin, "swipe_worn", card="credit") == b";9410110000000010=591210100000000?:\r"


def test_settings_show_on_the_wire() -> None:
    assert sent(StripeReaderTwin(framed=True, tracks="2"), "swipe", card="credit").startswith(
        b"\x02;"
    )
    assert sent(StripeReaderTwin(framed=True), "swipe", card="credit").endswith(b"?\r\x03")
    assert sent(StripeReaderTwin(a_line_each=True), "swipe", card="credit").count(b"?\r") == 2
    assert b"!01" in sent(StripeReaderTwin(third="!"), "swipe", card="third-track")
    assert sent(StripeReaderTwin(ending="none"), "swipe_upside_down", card="credit") == b""


def test_number_stands_in_no_state_and_no_history() -> None:
    twin = StripeReaderTwin()
    sent(twin, "swipe", card="credit")

    [event] = twin.history
    assert (event.what, event.detail) == ("swiped", "credit 941011******0010")
    assert twin.state()["last"] == "credit" and NUMBER not in str(twin.state())


@pytest.mark.parametrize(
    ("verb", "arguments", "says"),
    [
        ("swip", {}, "did you mean 'swipe'"),
        ("swipe", {}, "it takes card"),
        ("swipe", {"card": "gold"}, "there are: bank-chip, bank-credit"),
        ("swipe_without", {"card": "credit", "track": "4"}, "one of 1, 2, 3"),
    ],
)
def test_a_wrong_verb_says_what_there_is(verb: str, arguments: dict[str, str], says: str) -> None:
    with pytest.raises(VerbError, match=says):
        sent(StripeReaderTwin(), verb, **arguments)


def test_verbs_list_the_cards() -> None:
    [swipe] = [verb for verb in StripeReaderTwin().verbs() if verb.name == "swipe"]
    assert swipe.choices == {"card": sorted(read_stripes(SHIPPED))}


def test_what_nobody_fetches_does_not_grow_without_end() -> None:
    twin = StripeReaderTwin()
    for _ in range(OUTGOING_MAX // len(CREDIT) + 5):
        twin.do(Verb(verb="swipe", arguments={"card": "credit"}), 1)

    assert len(twin.outgoing()) <= OUTGOING_MAX
    assert twin.history[-1].what == "dropped"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[a]\nnumber = "9410110000000011"', "a: the check digit"),
        ('[a]\nnumber = "9410110000000010"\nexpires = "1249"', "expected MM/YY"),
        ('[a]\nnumber = "9410110000000010"\nexpires = "13/49"', "the expiry is no month"),
        ('[a]\nnumer = "9"', "unknown field `numer`"),
        ('[a]\ntrack_2 = ";12A?"', "cannot hold"),
        ("[a", "cards.toml"),
    ],
)
def test_a_wrong_file_of_cards_says_what(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "cards.toml"
    file.write_text(text)
    with pytest.raises(StripeFileError, match=says):
        read_stripes(file)
    with pytest.raises(VerbError, match=says):
        StripeReaderTwin(cards=str(file))
