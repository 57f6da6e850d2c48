"""The counter and the courier's hand-terminal: one set of rules, two skins.

A command goes in (commands), facts become durable (store), a snapshot comes out (view). No file here
but ui/ knows a screen, and only devices and uplink know a wire.

cli            the command ips-pos
config         the configuration file, decoded once
host           the one place that asks the operating system for time and randomness
opening        opens a till for one command or for the screen: lock, store, side door
wiring         who talks to whom, decided in one place
training       the same counter on a folder of its own, and nothing of it is real
side_door      the socket by which a command reaches the counter that is open in its folder
headless       requests and answers without a screen
script         the till worked by entries, answering in JSON lines
demo           supervises the demonstration: standard library only
telling        an answer as text for a shell

till           carries out commands one at a time; law 2 lives here
register       its memory between two commands, and the only way to the store
loading        that memory rebuilt from the store alone; what a sudden end left is put right
selling        scan, quantity, void, find, pick
self_test      what a person can see of each device
members        whose sale it is
member_points  what it earns, and what a return takes back
club           members and points at the broker
acquirer       cards and accounts, approved by their banks through the broker
card_presenting  waits for a customer's card: into the reader, or through the stripe reader
stripe_payment  a payment by a card's stripe
passbook_payment  a transfer by passbook: the dialogue, played
chip_payment   a payment by a card's chip
chip_terminal  the till as an EMV terminal
pricing        discount, another price, coupon
returning      goods that come back, and their money
returns        which part of an earlier sale comes back, and what it is worth
originals      finds that sale, in the journal and at the broker
closing        the end of a ticket, with its papers
last_sale      how the ticket before this one ended, for the screen
errands        what the issuer of e-cash wants of purses
attending      takes it to a customer's card that is in the reader for something else
own_purses     takes it to the till's own purses
elsewhere      what other tills of the store have put aside
holding        a basket put aside, and gone on with here or at another till
cash_receipt   whose Korean cash receipt it is, and which sales get one unasked
e_receipts     with paper or without, and the link on the screen
bank_payments  what card and transfer have in common: how an attempt ended, and the way back
paying         subtotal, quick cash, payment, the end of a sale
payment_desk   one attempt to pay: its key, its intent, what is journalled with its result
correcting     voids a sale that was closed in this shift, or changes a payment of it
voiding        takes payments out of an open sale and gives them back
doubted        the payment in doubt that holds the counter, and what is known of it
parking        sets it aside, so that its sale can go on
repaying       gives late money back to the card that it came from
checking       asks about it by itself
dialogues      plays a dialogue of protocols to its end
purses         two cards at the counter, and a dialogue played between them
card_lamps     the card slots among the devices, and what the till's own purses say to doctor
purse_reading  what one purse in one slot says of itself
purse_setup    makes the till's own purse in a folder
card_slots     the two card slots as configured
payment_terminal  what it expects of a stand-alone payment terminal
keypads        where a customer enters the PIN, and how it gets to the card
purse_moving   value that leaves a purse of the till's own
purse_services  balance, statement, load, refund and deposit of e-cash
purse_transfer  a transfer between two purses here: both on the table, settled by what they say
purse_refusals  what a purse's status word says to the clerk
trading_day    open, cash moves, count, close, X, no-sale, reprint
paper          brings receipts out, beside the sales
press          a stored fact as its receipt or report: bytes or text
showing        the register as one snapshot for any skin, and two lines for the customer
equipment      what the till expects of drawer, display and printer
devices        the equipment as configured, and its health as lamps
device_setup   what the configuration says of devices beside their addresses
device_hints   what is newly the matter with a device, on the hint line until it is well
scanning       what a scanner says: sold in order, or told; never swallowed
swiping        what a swiped card is: told, with another way to pay
uplink         the line to the broker, or nothing while the till is alone

commands       everything a person can ask of the till
entry          the one grammar of what is keyed
view           the snapshot
messages       the one table of messages, in messages.toml
people         who is asked to allow what the clerk may not, and how they prove it
pin_tries      wrong PINs, counted and locked
audit          who did what, from the journal
rights         named rights, roles
keymap         which keys mean which binding, in keymaps/
points         every place where a test may kill the till

sale           what may happen to a basket
sale_state     the basket as it stands
sale_events    its events and their bytes
shift          float, expected cash, count, Z
quick_cash     what customers hand over

catalogue      what the store sells, found by code, name and initial consonants
catalogue_file  the CSV import
catalogue_gate  what a catalogue must be, wherever it comes from
hangul         initial consonants and half-typed syllables

broker_client  typed questions to the broker
broker_link    one HTTP exchange inside our own deadline
enrol          joins a broker by a one-time code
outbox         takes the journal to the broker
upload         what goes into one batch
document_file  policy and staff from a file, for a till alone
pushed         documents that the broker pushes
control_client  talks to virtual equipment, for the training panel

store/         what is kept: one SQLite file, one writer, full sync
tenders/       ways to pay, one file each
ui/            the counter's screen
"""
