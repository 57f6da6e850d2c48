"""What a decoder may raise at bytes of a stranger, in one place, so that no reader forgets one of them.

msgspec tells shape by DecodeError, text that is no UTF-8 by UnicodeDecodeError, and nesting without
end by RecursionError. Each reader of wire bytes turns all three into its own error.
"""

from typing import Final

import msgspec

MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""For `except MALFORMED as error`."""
