"""The content of a bar code and the bytes that stand for it in GS k.

    CODE128    code sets are chosen with {A {B {C; "{" itself is {{; in set C a byte is two digits
    others     the characters as they are

Source: Epson GS k; ISO/IEC 15417 for the code sets.
"""

import re
from typing import Final

from protocols.escpos.codes import BARCODE_BYTES_MAX, Symbology

_SHAPES: Final = {
    Symbology.UPC_A: re.compile(r"\d{11,12}"),
    Symbology.UPC_E: re.compile(r"\d{6,8}|\d{11,12}"),
    Symbology.EAN13: re.compile(r"\d{12,13}"),
    Symbology.EAN8: re.compile(r"\d{7,8}"),
    Symbology.CODE39: re.compile(r"[0-9A-Z $%*+\-./]+"),
    Symbology.ITF: re.compile(r"(\d\d)+"),
    Symbology.CODABAR: re.compile(r"[A-Da-d][0-9$+\-./:]+[A-Da-d]"),
    Symbology.CODE93: re.compile(r"[\x20-\x7e]+"),
    Symbology.CODE128: re.compile(r"[\x20-\x7e]+"),
}
_SET_B: Final = b"{B"
_SET_C: Final = b"{C"
_DIGITS_FOR_SET_C: Final = re.compile(r"(?:\d\d){2,}")


def barcode_content_bytes(symbology: Symbology, content: str) -> bytes:
    """Return what stands behind the length in GS k.

    Runs of four digits or more are written two to a byte in code set C: a shorter symbol.
    Raises: ValueError for a character or a length that the symbology does not have.
    """
    if not _SHAPES[symbology].fullmatch(content):
        raise ValueError(f"{content!r} cannot be a {symbology.name} bar code")
    if symbology is not Symbology.CODE128:
        return content.encode("ascii")
    data, rest, current = b"", 0, b""
    for digits in _DIGITS_FOR_SET_C.finditer(content):
        data, current = _in_set_b(data, current, content[rest : digits.start()])
        pairs = digits.group()
        data += _SET_C + bytes(int(pairs[i : i + 2]) for i in range(0, len(pairs), 2))
        current, rest = _SET_C, digits.end()
    data, _ = _in_set_b(data, current, content[rest:])
    if len(data) > BARCODE_BYTES_MAX:
        raise ValueError(f"a bar code of {len(content)} characters is too long")
    return data


def _in_set_b(data: bytes, current: bytes, text: str) -> tuple[bytes, bytes]:
    if not text:
        return data, current
    change = b"" if current == _SET_B else _SET_B
    return data + change + text.replace("{", "{{").encode("ascii"), _SET_B


def read_barcode_content(symbology: Symbology, data: bytes) -> str:
    """Return what a scanner would read. Raises: ValueError for what no printer prints."""
    content = _read_code128(data) if symbology is Symbology.CODE128 else data.decode("ascii")
    if not _SHAPES[symbology].fullmatch(content):
        raise ValueError(f"{content!r} cannot be a {symbology.name} bar code")
    return content


def _read_code128(data: bytes) -> str:
    if data[:1] != b"{" or data[1:2] not in (b"A", b"B", b"C"):
        raise ValueError("CODE128 begins with a code set")
    content, in_set_c, position = "", False, 0
    while position < len(data):
        byte = data[position]
        if byte == ord("{"):
            selector = data[position + 1 : position + 2]
            if selector in (b"A", b"B", b"C"):
                in_set_c = selector == b"C"
            elif selector == b"{" and not in_set_c:
                content += "{"
            else:
                raise ValueError(f"code set {selector!r} is not known")
            position += 2
            continue
        if in_set_c and byte > 99:
            raise ValueError("code set C holds 00 to 99")
        content += f"{byte:02d}" if in_set_c else chr(byte)
        position += 1
    return content
