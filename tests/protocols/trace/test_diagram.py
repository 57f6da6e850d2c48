"""Sequence diagrams: the arrows go where they should, and the columns stand whatever is said."""

from xml.etree import ElementTree

from protocols.trace.diagram import as_svg, as_text, diagram
from protocols.trace.events import Direction
from protocols.trace.words import Row

TO, FROM = Direction.TO, Direction.FROM


def row(at_ms, channel, direction, text):
    return Row(at_ns=at_ms * 1_000_000, channel=channel, direction=direction, text=text)


ROWS = [
    row(1_000, "card:customer", TO, "SELECT purse"),
    row(1_500, "card:customer", FROM, "9000 done"),
    row(2_000, "tty:printer", TO, 'print line "한빛마트"'),
    row(2_001, "tty:printer", TO, "line feed"),
    row(2_002, "tty:printer", TO, "cut"),
    row(3_000, "tty:printer", None, "* paper_out"),
    row(3_000, "tty:printer", None, "link pulled"),
    row(4_000, "", None, "* <end> & all"),
]


def test_as_text_every_line_stands_under_its_names():
    assert list(as_text(diagram(ROWS))) == [
        "   seconds till   customer  printer",
        "  1.000000  |----->|         |          SELECT purse",
        "  1.500000  |<-----|         |          9000 done",
        '  2.000000  |------|-------->|          print line "한빛마트" (+2 more)',
        "  3.000000  |      |         *          * paper_out",
        "  3.000000  |      |         *          link pulled",
        "  4.000000  *      |         |          * <end> & all",
    ]


def test_columns_are_ascii_and_aligned():
    head, *lines = as_text(diagram(ROWS))
    places = [head.index(name) + 1 for name in ("till", "customer", "printer")]

    for line in lines:
        assert all(line[place] in "|*" for place in places), line
        assert line[: places[-1] + 9].isascii()


def test_an_arrow_ends_at_who_hears_it():
    head, select, done, *_ = as_text(diagram(ROWS))
    till, customer = head.index("till") + 1, head.index("customer") + 1

    assert select[customer - 1] == ">" and done[till + 1] == "<"


def test_nothing_is_a_diagram_too():
    assert list(as_text(diagram([]))) == ["   seconds till"]
    ElementTree.fromstring("\n".join(as_svg(diagram([]))))


def test_svg_is_well_formed_and_says_everything():
    drawn = diagram(ROWS)
    picture = ElementTree.fromstring("\n".join(as_svg(drawn, title="a <b>")))
    said = [element.text for element in picture.iter() if element.tag.endswith("text")]

    assert {"till", "customer", "printer"} <= set(said)
    assert {step.text for step in drawn.steps} <= set(said)
    assert picture.find("{http://www.w3.org/2000/svg}title").text == "a <b>"
