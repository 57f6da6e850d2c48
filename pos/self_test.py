"""Self-tests of the device page: each device does something that a person can see.

printer    a test page with a ruler, Korean and large figures; its queue, its proof, as any paper
drawer     opens, with the right and the record of any opening without a sale
display    shows a pattern
scanner    the next code is shown and not sold
others     say what they last said of themselves

Source: clerk-and-courier.md 5.5 (device errors), issue step 4f.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pos.entry import masked
from pos.equipment import Display
from pos.points import NOTE
from pos.register import Register
from pos.view import DeviceView, Notice
from protocols.facts import TerminalNoted

_PATTERN = ("0123456789 가나다라", "ABCDEFGHIJ 12,345")


@dataclass(slots=True)
class SelfTest:
    """Carries the tests out."""

    register: Register
    display: Display
    open_drawer: Callable[[str], Awaitable[Notice | None]]
    awaits_code: bool = False
    """The next code that is read is shown, not sold."""

    async def run(self, device: DeviceView) -> Notice | None:
        """Test one device. Raises: StoreError, NotAllowedError."""
        register = self.register
        match device.role:
            case "printer":
                fact = TerminalNoted(note="self-test", detail={"address": device.address})
                draft = register.draft(fact, amount=0)
                await register.append([draft], NOTE, papers=[register.paper("test", fact)])
                return register.say("test_prints")
            case "drawer":
                return await self.open_drawer(register.say("test_drawer").banner)
            case "line_display":
                self.display.show(*_PATTERN)
                return register.say("test_display")
            case "scanner":
                self.awaits_code = True
                return register.say("test_scanner")
            case _:
                return register.say(
                    "test_state", device=device.label, state=device.sentence or "OK"
                )

    def read(self, code: str) -> Notice | None:
        """Tell what the scanner has read, if that was waited for; None: the code is for the sale."""
        if not self.awaits_code:
            return None
        self.awaits_code = False
        return self.register.say("test_scanned", code=masked(code))
