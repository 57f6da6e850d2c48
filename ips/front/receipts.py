"""The customers' door: their e-receipts, and nothing else. A port of its own, so that only it is public.

    GET /r/TOKEN            the page, in Korean or English by Accept-Language; ?lang=ko or en
    GET /r/TOKEN.txt        the same as plain text
    anything else           404, one and the same page

A token that is wrong, too old, or whose till has been without a line since the sale gets the same
answer, byte for byte: "not here (yet), try later". Nothing runs in a page, nothing is fetched, and the
one style is allowed by its hash. TLS is the business of a proxy before this port; a proxy on this
machine is believed its X-Forwarded-For (uvicorn).
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final, get_args

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ips.broker import Broker
from ips.cash_receipts.records import RequestRow, issue_key, of_order
from ips.config import StoreConfig
from ips.e_receipts import DAY_NS, Opened, opened
from ips.front.allowance import Allowance
from ips.store.errors import StoreError
from protocols.documents import DocumentError, staff_of, stored_document
from protocols.escpos.codes import Align
from protocols.journal import Record
from protocols.malformed import MALFORMED
from protocols.money import KRW, currency
from protocols.receipt_link import PATH, is_token
from receipts.document import Document, Feed, Language, PaperWidth, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.e_receipt import CameBack, e_receipt
from receipts.renderers import html, text

PAPER: Final = PaperWidth.STANDARD
PER_SECOND: Final = 2
BURST: Final = 20
TOGETHER: Final = 25
"""50 pages a second for everybody: a tenth of a core, and tills never feel it."""
RETRY_SECONDS: Final = 60
"""A till without a line tries again within a minute of its coming back."""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(html.style(PAPER).encode()).digest()).decode()
HEADERS: Final = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
    "vary": "Accept-Language",
}
_NAMES: Final[dict[Language, str]] = {"ko": "한국어", "en": "English"}
_ABSENT: Final[dict[Language, tuple[str, ...]]] = {
    "ko": (
        "영수증이 아직 여기에 없습니다",
        "방금 결제하셨다면 매장이 보내는 중일 수 있습니다. 잠시 뒤에 다시 열어 주세요.",
        "주소가 틀렸거나 보관 기간이 지난 영수증도 열리지 않습니다. 매장에 문의해 주세요.",
    ),
    "en": (
        "This receipt is not here yet",
        "If you have just paid, the shop may still be sending it. Please open it again later.",
        "An address that is wrong, or a receipt that is too old, does not open either. Please ask the shop.",
    ),
}
_BUSY: Final[dict[Language, tuple[str, ...]]] = {
    "ko": ("요청이 너무 많습니다", "잠시 뒤에 다시 열어 주세요."),
    "en": ("Too many requests", "Please open it again in a moment."),
}
_BROKEN: Final[dict[Language, tuple[str, ...]]] = {
    "ko": ("지금은 영수증을 읽을 수 없습니다", "영수증은 그대로 있습니다. 잠시 뒤에 다시 열어 주세요."),
    "en": ("Receipts cannot be read now", "Yours is safe. Please open it again later."),
}  # fmt: skip


def language_of(accepted: str, otherwise: Language) -> Language:
    """Return the language that an Accept-Language header wants most, of those there are."""
    best: tuple[float, Language] = (0.0, otherwise)
    for part in accepted.split(",")[:20]:
        name, _, quality = part.partition(";")
        wanted = name.strip().partition("-")[0].lower()
        try:
            weight = float(quality.strip().removeprefix("q=") or "1")
        except ValueError:
            continue
        for language in get_args(Language):
            if wanted == language and weight > best[0]:
                best = (weight, language)
    return best[1]


class Pages:
    """Answers customers of one broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._allowance = Allowance(per_second=PER_SECOND, burst=BURST, together=TOGETHER)
        self._names: tuple[int, dict[str, str]] = (0, {})

    async def receipt(self, request: Request) -> Response:
        """Give the page of a receipt."""
        peer = "" if request.client is None else request.client.host
        wait = self._allowance.take(peer, self._broker.clock.monotonic_ns())
        if wait:
            return self.say(request, _BUSY, 429, retry_after_s=wait)
        name: str = request.path_params["token"]
        token = name.removesuffix(".txt")
        found = self._opened(token)
        if found is None:
            return self.absent(request)
        language = self._language(request)
        page = self._page(found, language)
        if token != name:
            return Response(text.render(page, PAPER), headers=HEADERS, media_type="text/plain")
        return Response(
            html.render(page, PAPER, _others(language)), headers=HEADERS, media_type="text/html"
        )

    def absent(self, request: Request) -> Response:
        """Say that there is nothing under an address, whatever the reason is."""
        return self.say(request, _ABSENT, 404, retry_after_s=RETRY_SECONDS)

    def broken(self, request: Request) -> Response:
        """Say that the database cannot answer."""
        return self.say(request, _BROKEN, 503, retry_after_s=RETRY_SECONDS)

    def say(
        self,
        request: Request,
        sentences: Mapping[Language, tuple[str, ...]],
        status: int,
        *,
        retry_after_s: int,
    ) -> Response:
        """Return a page of a few sentences."""
        language = self._language(request)
        title, *others = sentences[language]
        heading = Text(text=title, align=Align.CENTRE, bold=True, size=Size.TALL)
        blocks = [block for line in others for block in (Feed(), Text(text=line))]
        page = Document(title=title, language=language, blocks=(heading, *blocks))
        return Response(
            html.render(page, PAPER, _others(language)),
            status_code=status,
            headers={**HEADERS, "retry-after": str(retry_after_s)},
            media_type="text/html",
        )

    def _language(self, request: Request) -> Language:
        """Return the language of a page; of somebody who asks for none, that of the shops' money."""
        asked = request.query_params.get("lang")
        for language in _NAMES:
            if asked == language:
                return language
        korean = any(each.currency == KRW.code for each in self._broker.config.stores.values())
        return language_of(request.headers.get("accept-language", ""), "ko" if korean else "en")

    def _opened(self, token: str) -> Opened | None:
        if not is_token(token):
            return None
        broker = self._broker
        since_ns = broker.clock.now_ns() - broker.config.receipts.keep_days * DAY_NS
        return opened(broker.reader, token, since_ns=since_ns)

    def _page(self, found: Opened, language: Language) -> Document:
        broker, record = self._broker, found.record
        store = broker.config.stores.get(found.store, StoreConfig())
        korean = language == "ko"
        policy = broker.reader.policy()
        approved = [
            each for each in of_order(broker.reader, found.order) if each.state == "approved"
        ]
        own = issue_key(found.order)
        issued = next((each.approval for each in approved if each.key == own), "")
        cancels: dict[tuple[str, int, int], list[RequestRow]] = {}
        for each in approved:
            if each.what == "cancel":
                cancels.setdefault((each.terminal, each.epoch, each.sequence), []).append(each)
        manifests = {
            name: listing.manifest
            for name, listing in broker.shelf.listings.items()
            if listing.manifest is not None
        }
        context = ReceiptContext(
            language=language,
            store_name=(store.name_ko if korean else store.name_en)
            or store.name_ko
            or broker.config.organisation,
            business_number=store.business_number,
            address=store.address,
            phone=store.telephone,
            owner=store.representative,
            terminal=record.terminal,
            clerk=self._name_of(record.actor),
            at_ns=record.at_ns,
            zone=store.zone,
            business_date=record.business_date,
            currency=currency(record.currency),
            vat_percent=policy.vat_percent,
            sale_key=found.order,
            footer=policy.receipt_footer_ko if korean else policy.receipt_footer_en,
            cash_receipt_approval=issued,
            methods={
                name: manifest.ko if korean else manifest.en for name, manifest in manifests.items()
            },
        )
        back = [
            CameBack(
                fact=fact,
                at_ns=each.at_ns,
                cancelled=sum(gone.amount for gone in cancels.get(_place(each), ())),
                approval=" ".join(gone.approval for gone in cancels.get(_place(each), ())),
            )
            for each, fact in found.refunds
        ]
        return e_receipt(found.sale, back, context)

    def _name_of(self, actor: str) -> str:
        """Return who sold, by the newest staff list; read once a version."""
        kept = self._broker.reader.document("staff")
        if kept is None:
            return actor
        if kept.version != self._names[0]:
            try:
                people = staff_of(stored_document(kept.signed)).people
            except (DocumentError, *MALFORMED):
                people = []
            self._names = (kept.version, {person.id: person.name for person in people})
        return self._names[1].get(actor, actor)


def _place(record: Record) -> tuple[str, int, int]:
    """Return where a record stands."""
    return record.terminal, record.epoch, record.sequence


def _others(language: Language) -> dict[str, str]:
    """Return the links to the page in its other languages."""
    return {name: f"?lang={each}" for each, name in _NAMES.items() if each != language}


def build_receipts_app(broker: Broker) -> Starlette:
    """Return the ASGI application of the customers' door."""
    pages = Pages(broker)

    async def no_such_page(request: Request, _: Exception) -> Response:
        return pages.absent(request)

    async def store_failed(request: Request, _: Exception) -> Response:
        return pages.broken(request)

    return Starlette(
        routes=[Route(f"{PATH}{{token}}", pages.receipt, methods=["GET"])],
        exception_handlers={
            HTTPException: no_such_page,
            StoreError: store_failed,
            Exception: store_failed,
        },
    )
