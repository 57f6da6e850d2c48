"""Training mode: the same counter on a folder of its own, and nothing of it is real.

    journal    in `training` inside the till's folder, under another terminal's name; the store is marked,
               and neither mode opens the other's
    devices    only those of a bench (sim://); no real drawer, printer, reader or purse hears of it
    broker     none, ever
    goods      those of the till, and its policy, taken over whenever it is opened
    people     two to practise with, one PIN for both: real PINs are not tried here
    paper      each sheet says that nothing on it has happened; a sale's fact says so too

Source: clerk-and-courier.md 1.2 (Training); CORE-POS's cashier 9999 (1.1).
"""

from pathlib import Path
from typing import Final

from msgspec.structs import replace

from pos.catalogue import load_catalogue, replace_catalogue
from pos.config import BrokerTable, Config, DevicesTable
from pos.document_file import take_document
from pos.loading import TRAINING
from pos.store.errors import StoreError
from pos.store.store import FILE_NAME, Store
from protocols.ports import Clock
from protocols.staff import SALT_BYTES, Person, Staff, hash_pin

FOLDER: Final = "training"
PIN: Final = "2580"
_PREFIX: Final = "TR"
_NAME_CHARACTERS_MAX: Final = 8
_COPIED: Final = ("policy",)


def as_training(config: Config) -> Config:
    """Return the configuration of a till's training counter."""
    devices = config.devices
    real = [
        name
        for name in DevicesTable.__struct_fields__
        if isinstance(value := getattr(devices, name), str)
        and "://" in value
        and not value.startswith("sim://")
    ]
    bench = replace(devices, shop_cards={}, **dict.fromkeys(real, ""))
    room = _NAME_CHARACTERS_MAX - len(_PREFIX)
    return replace(
        config,
        training=True,
        folder=str(Path(config.folder) / FOLDER),
        terminal=_PREFIX + config.terminal[-room:],
        devices=bench,
        broker=BrokerTable(),
    )


def open_marked(config: Config, clock: Clock) -> Store:
    """Open the till's store; it must be of the mode that the configuration asks for. Raises: StoreError."""
    path = Path(config.folder) / FILE_NAME
    store = Store(path, clock=clock, terminal=config.terminal)
    try:
        marked = store.setting(TRAINING) == b"1"
        if marked is not config.training and (marked or store.head()[0]):
            raise StoreError(
                f"{path} holds {'training' if marked else 'real sales'}: "
                + ("start with --training" if marked else "training has a folder of its own")
            )
        if config.training:
            _prepare(store, config, clock)
    except BaseException:
        store.close()
        raise
    return store


def practice_staff(language: str) -> Staff:
    """Return a clerk and a supervisor to be."""
    korean = language == "ko"
    kept = hash_pin(PIN, bytes(SALT_BYTES))
    clerk = Person(number=1, name="연습 계산원" if korean else "Trainee", role="clerk", pin=kept)
    boss = "연습 책임자" if korean else "Supervisor"
    return Staff(people=[clerk, Person(number=2, name=boss, role="supervisor", pin=kept)])


def _prepare(store: Store, config: Config, clock: Clock) -> None:
    """Mark the store, and take goods and policy over from the till's own, where they are others."""
    if store.setting(TRAINING) is None:
        store.set_setting(TRAINING, b"1")
    if store.document("staff") is None:
        take_document(store, "staff", practice_staff(config.language), clock.now_ns())
    real = Path(config.folder).parent / FILE_NAME
    if not real.exists():
        return
    with Store(real, clock=clock) as source:
        goods, ours = load_catalogue(source.database), load_catalogue(store.database)
        if goods is not None and (ours is None or ours.version != goods.version):
            replace_catalogue(store.database, goods, now_ns=clock.now_ns())
        for name in _COPIED:
            kept = source.document(name)
            if kept is not None and kept != store.document(name):
                store.put_document(name, *kept)
