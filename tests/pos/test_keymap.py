"""Key maps: data files that cannot break the sale path, whatever is written into them."""

import pytest

from pos.keymap import Binding, KeymapError, load_keymap, parse_keymap, shipped_keymaps


@pytest.mark.parametrize("name", shipped_keymaps())
def test_shipped_keymap_has_a_key_for_every_binding(name: str) -> None:
    """A keyboard that cannot take cash is no keyboard."""
    keymap = load_keymap(name)

    assert set(keymap.bindings.values()) == set(Binding)
    assert not [key for key in keymap.bindings if len(key) == 1 and key.isalnum()]


@pytest.mark.parametrize("name", shipped_keymaps())
def test_shipped_keymap_keeps_the_keys_of_the_design(name: str) -> None:
    """The map of clerk-and-courier.md 5.3; keypad operators come as characters."""
    keymap = load_keymap(name)

    assert keymap.binding("f12", None) is Binding.CASH
    assert keymap.binding("plus", "+") is Binding.SUBTOTAL
    assert keymap.binding("full_stop", ".") is None, "three noughts, read by the grammar"
    assert keymap.binding("ctrl+o", None) is keymap.binding("f10", None) is Binding.DRAWER
    assert keymap.binding("7", "7") is None
    assert keymap.binding("ㅂ", "ㅂ") is None


def test_label_is_what_stands_on_the_key() -> None:
    """The key strip prints the first key."""
    keymap = load_keymap("us")

    labels = [
        keymap.label(b) for b in (Binding.CASH, Binding.CLEAR, Binding.LEAVE, Binding.VOID_LINE)
    ]
    assert labels == ["F12", "Esc", "Ctrl+C", "-"]
    assert keymap.label(Binding.SUBTOTAL) == "+"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('"pay.cash" = ["a"]', "a is text for the entry line"),
        ('"pay.cash" = ["5"]', "5 is text for the entry line"),
        ('"pay.cash" = ["ctrl+m"]', "same byte as Enter"),
        ('"pay.cash" = ["ctrl+s"]', "XOFF"),
        ('"pay.cash" = ["shift+f3"]', "modified function keys"),
        ('"pay.kash" = ["f12"]', "unknown binding 'pay.kash'; did you mean 'pay.cash'?"),
        ('"pay.cash" = "f12"', "wants a list of keys"),
        (
            '"pay.cash" = ["f12"]\n"menu.show" = ["f12", "ctrl+n"]',
            "f12 means pay.cash and menu.show",
        ),
        ('"menu.show" = ["f1"]', "menu.show needs a second key"),
        ('"pay.cash" = ["f12"]', "no key for entry.commit"),
        ('"pay.cash = ', "keymap odd"),
    ],
)
def test_keymap_is_refused_with_the_entry_and_the_reason(line: str, says: str) -> None:
    """One clear error: which file, which entry, what to do."""
    with pytest.raises(KeymapError, match="keymap odd") as refused:
        parse_keymap("odd", line)
    assert says in str(refused.value)


def test_unknown_keymap_names_those_there_are() -> None:
    """A wrong word in the configuration is answered with the right ones."""
    with pytest.raises(KeymapError, match="no keymap 'de'; there are kr-106, us"):
        load_keymap("de")
