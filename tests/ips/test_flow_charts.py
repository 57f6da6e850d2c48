"""A flow as a graph: every state and transition of the file, and nothing else."""

import pytest

from ips.flow_charts import chart_of, mermaid
from ips.flows import Flow
from ips.rules import read_flows

FLOWS = read_flows()


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_chart_has_every_state_and_transition(flow: Flow) -> None:
    """I3: the diagram is the flow."""
    chart = chart_of(flow)

    assert [node.name for node in chart.nodes] == list(flow.states)
    assert len(chart.edges) == sum(len(row) for row in flow.cells.values())
    assert {(e.source, e.command) for e in chart.edges} == {(s, v.value) for s, v in flow.cells}


def test_mermaid_names_states_in_both_languages() -> None:
    """The drawing speaks the reader's language; ends are marked as ends."""
    chart = chart_of(FLOWS["cash"])

    english, korean = mermaid(chart), mermaid(chart, language="ko")

    assert 'state "settled" as settled' in english and 'state "결제 완료" as settled' in korean
    assert "    [*] --> opened\n" in english
    assert "settled --> refunded: refund_pay [within_requested, pays_all]" in english
    assert "    void --> [*]\n" in english and "taken --> [*]" not in english
