"""The roof: it may import every package, and nothing imports it.

cli        the command ips-sim
plan       what a bench shall serve, read from a TOML file
kinds      the kinds of device there are, and what each is built from
bench      the bench itself: opens everything a plan asks for, announces it, ends with its parent
children   our own programs as processes, none of which outlives this one
shop       broker, equipment and a till's folder, made and opened in one folder
shop_cards  the e-cash of that shop: its customers' cards, certified by its own broker
shop_banks  the banks of that shop, and what its broker knows of them
counter    a till as a process, worked by entries
day        a trading day with its troubles, and the books at the end of it
cards      the command ips-sim cards
agent      the command ips-sim agent: a virtual agent of the tax office
playing    the commands shop and day
searching  the arguments of ips-sim verify
verify     the search of the purse as a command
verify_icash  the search of ICash as a command
evidence   how a search is shown, and how many run side by side
told       what journals say, record by record, and what contradicts itself in them
auditors   what must be true of a shop at rest, whatever happened
world/     the whole system on one loop: for scenarios and soak
soak/      shops of many hours in virtual time, where everything goes wrong
remote     the commands show and do: a running bench, worked from a shell
recording  the trace of a bench: its channels, what a tester did, its file
hand/      the command ips-sim bench: equipment worked by hand
tracing    the command ips-sim trace
decks      the cards of a bench, by folder; whose issuers its PIN pads know
scenario/  scenarios: the language, the player, the command run
scenarios/ those that come with the program
readers    the card slots of a bench: a private pcscd, and the cards beside them
profiles   devices as they are sold: named sets of options
quirks/    what those are, in TOML
presets/   plans that come with the program
"""
