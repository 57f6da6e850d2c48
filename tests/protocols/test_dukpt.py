"""DUKPT, against the vectors of its standards, and the pad's registers against the bank's derivation.

ANSI X9.24-3:2017 supplement (AES-128); ANSI X9.24-1:2009 A.4 (triple DES).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.des import encrypt
from protocols.dukpt import aes, tdes
from protocols.dukpt.future_keys import (
    FutureKeys,
    ImageError,
    Scheme,
    UsedUpError,
    decode_registers,
    encode_registers,
    load,
    take,
)
from protocols.pin_block import format_0

AES_BASE = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
AES_PAD = bytes.fromhex("1234567890123456")
AES_INITIAL = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")
TDES_BASE = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
TDES_PAD = bytes.fromhex("FFFF9876543210E00000")
TDES_INITIAL = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")
BOTH = pytest.mark.parametrize(
    ("scheme", "initial", "pad"),
    [(aes.SCHEME, AES_INITIAL, AES_PAD), (tdes.SCHEME, TDES_INITIAL, TDES_PAD)],
    ids=["aes", "tdes"],
)


def test_initial_keys() -> None:
    assert aes.initial_key(AES_BASE, AES_PAD) == AES_INITIAL
    assert tdes.initial_key(TDES_BASE, TDES_PAD) == TDES_INITIAL


@pytest.mark.parametrize(
    ("counter", "key"),
    [
        (1, "4F21B565BAD9835E112B6465635EAE44"),
        (2, "2F34D68DE10F68D38091A73B9E7C437C"),
        (3, "031504E530365CF81264238540518318"),
        (4, "0EEFC7ADA628BA68878DA9165A8A1887"),
        (5, "C2A7AC328A5DA2D6002D62465BFC028B"),
        (6, "D30F7D9351DA58448A2F5E92B4EE3B7D"),
        (7, "A8253CEED9AC042C54F75D35C8352278"),
        (8, "718EE6CF0B27E53D5F7AF99C4D8146A2"),
        (0x1FFFE, "E21E8C8D347F8561A2BE752DAA85A111"),
        (0x20000, "F7AE9025468A25D37B7249CFFED224C8"),
        (0x20001, "692C8EA4013645135B36497131DF9D2C"),
        (0xFFFE2000, "48E585B694EB0B18D5C35443E163C0BA"),
        (0xFFFE4000, "396C2C7CA1EA701C03B86B7D41F0C562"),
        (0xFFFE8000, "0387625F189B58AE03EF0E8CCA41105E"),
        (0xFFFF0000, "F6BA59389BD14A9855BE9727E7C52E3C"),
    ],
)
def test_aes_transaction_keys_of_the_supplement(counter: int, key: str) -> None:
    ksn = aes.ksn_of(AES_PAD, counter)

    assert aes.valid_ksn(ksn)
    assert aes.transaction_key(AES_INITIAL, ksn).hex().upper() == key


@pytest.mark.parametrize(
    ("counter", "key"),
    [
        (1, "AF8CB133A78F8DC2D1359F18527593FB"),
        (2, "D30BDC73EC9714B000BEC66BDB7B6D09"),
        (3, "7D69F01F3B45449F62C7816ECE723268"),
        (4, "91A0588318EC2673214271F70137896E"),
        (5, "35A43BC9EFEB09C756204B57E3FB7D4D"),
        (6, "02DCC6CD1201A3A2CA7099559C862123"),
        (7, "6ECF912F3B18CA11A7A27BB60705FD09"),
        (8, "4D9DF3FBEE3448FC3E676D04320A90F5"),
    ],
)
def test_aes_pin_keys_of_the_supplement(counter: int, key: str) -> None:
    ksn = aes.ksn_of(AES_PAD, counter)
    transaction = aes.transaction_key(AES_INITIAL, ksn)

    assert aes.working_key(transaction, ksn, aes.Usage.PIN).hex().upper() == key


@pytest.mark.parametrize(
    ("usage", "key"),
    [
        (aes.Usage.MAC_GENERATION, "A2DC23DE6FDE0824A2BC321E08E4B8B7"),
        (aes.Usage.MAC_VERIFICATION, "DBB463945B286C07CD3AD82EE96FD9C9"),
        (aes.Usage.MAC_BOTH, "85675439D18D7F1158BD8E3EAA3D502B"),
        (aes.Usage.DATA_ENCRYPTION, "A35C412EFD41FDB98B69797C02DCD08F"),
        (aes.Usage.DATA_DECRYPTION, "16292C6EA8F64C5420A0584BFBC577BE"),
        (aes.Usage.DATA_BOTH, "A308E080DD15A1B741F1721BF67DE11C"),
    ],
)
def test_aes_working_keys_of_annex_b(usage: aes.Usage, key: str) -> None:
    ksn = aes.ksn_of(AES_PAD, 1)
    transaction = aes.transaction_key(AES_INITIAL, ksn)

    assert aes.working_key(transaction, ksn, usage).hex().upper() == key


@pytest.mark.parametrize(
    ("counter", "key", "block"),
    [
        (1, "042666B49184CFA368DE9628D0397BC9", "1B9C1845EB993A7A"),
        (2, "C46551CEF9FD24B0AA9AD834130D3BC7", "10A01C8D02C69107"),
        (3, "0DF3D9422ACA56E547676D07AD6BADFA", "18DC07B94797B466"),
        (4, "279C0F6AEED0BE652B2C733E1383AE91", "0BC79509D5645DF7"),
        (5, "5F8DC6D2C845C125508DDC048093B83F", "5BC0AF22AD87B327"),
        (6, "5E415CB0BAF9F03CD0C14B63FB62FF43", "A16DF70AE36158D8"),
        (7, "0C8F780B7C8B49D0AE84A9EB2A6CE660", "27711C16CB257F8E"),
        (8, "27F66D5244FF62E1AA6F6120EDEB4280", "50E55547A5027551"),
        (0xFF800, "F9CDFEBF4F5B1D9EB3EC12454527E176", "33365F5CC6F23C35"),
        (0xFF801, "5BEE92627E97825C911BF619DF72CA3B", "3A86BF003F835C9D"),
        (0xFF802, "64CA2F8AB93F61B01620B00BF77C7301", "3DB977D05C36DF3F"),
        (0xFFA00, "2B9E2CE7C2750337E10B54D2989EA6AF", "849763B43E5F9CFF"),
        (0xFFC00, "F9430DF975082491C77BE4EF4FDB91EE", "DEFC6F09F8927B71"),
        (0x100000, "AA4D58DB653EC74A48C75F2F047DD2B5", "73EC88AD0AC5830E"),
    ],
)
def test_tdes_keys_and_blocks_of_annex_a(counter: int, key: str, block: str) -> None:
    """PIN 1234 of card 4012345678909, initial and rollover sequence."""
    ksn = tdes.ksn_of(TDES_PAD, counter)
    transaction = tdes.transaction_key(TDES_INITIAL, ksn)

    assert tdes.valid_ksn(ksn) and tdes.pad_of(ksn) == TDES_PAD
    # The standard's tables give the key before its variant.
    assert transaction.hex().upper() == key
    clear = format_0("1234", "4012345678909")
    assert encrypt(tdes.pin_key(transaction), clear).hex().upper() == block


@BOTH
def test_a_pad_says_only_what_the_bank_derives(scheme: Scheme, initial: bytes, pad: bytes) -> None:
    registers = load(scheme, initial, pad)
    counters = []
    for _ in range(300):
        taken = take(scheme, registers)
        assert taken.key == scheme.path(initial, pad, taken.counter)
        registers = taken.left
        counters.append(taken.counter)
    assert counters == sorted(set(counters))


@BOTH
def test_a_pad_that_is_opened_tells_nothing_of_what_it_has_said(
    scheme: Scheme, initial: bytes, pad: bytes
) -> None:
    registers, used = load(scheme, initial, pad), set()
    for _ in range(100):
        taken = take(scheme, registers)
        registers = taken.left
        used.add(taken.key)
        assert not used & set(registers.keys)
    assert initial not in registers.keys


@BOTH
def test_keys_are_in_no_repr(scheme: Scheme, initial: bytes, pad: bytes) -> None:
    taken = take(scheme, load(scheme, initial, pad))

    assert repr(taken.key)[2:-1] not in repr(taken) and "keys" not in repr(taken)


@BOTH
@given(data=st.data())
def test_counter_goes_on_to_the_next_that_is_allowed(
    scheme: Scheme, initial: bytes, pad: bytes, data: st.DataObject
) -> None:
    counter = data.draw(st.integers(1, (1 << scheme.bits) - 1))
    if counter.bit_count() > scheme.ones_max:
        return
    following = scheme.following(counter)

    last = counter.bit_count() == scheme.ones_max and counter >> (scheme.bits - scheme.ones_max)
    if following == 0:
        assert last == (1 << scheme.ones_max) - 1
        return
    assert counter < following and following.bit_count() <= scheme.ones_max
    near = range(counter + 1, min(following, counter + 2_000))
    assert all(between.bit_count() > scheme.ones_max for between in near)


@BOTH
def test_a_pad_is_used_up_at_its_last_counter_and_says_so(
    scheme: Scheme, initial: bytes, pad: bytes
) -> None:
    last = ((1 << scheme.ones_max) - 1) << (scheme.bits - scheme.ones_max)
    lowest = scheme.bits - scheme.ones_max
    keys = [b""] * scheme.bits
    keys[lowest] = scheme.path(initial, pad, last)

    taken = take(scheme, FutureKeys(pad, last, tuple(keys)))

    assert taken.counter == last and taken.left.counter == 0
    with pytest.raises(UsedUpError):
        take(scheme, taken.left)


@BOTH
def test_registers_are_kept_and_read_again(scheme: Scheme, initial: bytes, pad: bytes) -> None:
    registers = take(scheme, load(scheme, initial, pad)).left
    image = encode_registers(registers)

    assert decode_registers(scheme, image) == registers
    for size in range(len(image)):
        with pytest.raises(ImageError):
            decode_registers(scheme, image[:size])


@pytest.mark.parametrize(
    "ksn", [b"", bytes(12), AES_PAD + b"\xff" * 4, AES_PAD + bytes(4), bytes(13)]
)
def test_what_no_pad_says_is_not_derived_for(ksn: bytes) -> None:
    assert not aes.valid_ksn(ksn)


@pytest.mark.parametrize("ksn", [b"", TDES_PAD, b"\xff" * 10, bytes(11)])
def test_the_same_for_pads_of_old(ksn: bytes) -> None:
    assert not tdes.valid_ksn(ksn)
