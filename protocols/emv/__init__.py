"""EMV contact cards: what terminal, card and issuer say, over our own private RID.

    card <---- APDUs ----> terminal <---- field 55 ----> issuer
      cryptogram over the payment  ------------------------->  checked under the card's key
      <------------------------------------  the issuer's proof, and scripts

The AIDs begin with F0 49 50 53, which is registered by nobody: a card of ours is no scheme's, and a
scheme's is none of ours. Keys of certification authority, issuers and cards are made by whoever runs a bench.
Source: EMV 4.4 books 1 to 4.

tags           the data objects by their names
bits           the bit fields: AIP, TVR, TSI, capabilities, CVM
dol            data object lists
rsa            RSA with recovery, and keys made of given randomness
certificates   who a card says it is, checked
personalising  certificates and signatures, made
keys           a card's keys from its issuer's; a transaction's
cryptograms    ARQC, ARPC, scripts
issuer         the issuer's side: examine a cryptogram, answer, give orders
terminal       what the terminal is told: itself, its applications, one payment
steps          what a payment asks of whoever carries it out, and how it can end
selection      which application pays
reading        what the card is and may
authentication  SDA, DDA, CDA
holder         the card's list of ways to verify its holder
deciding       restrictions, risk, action analysis
scripts        the issuer's commands to its card
transaction    the whole payment as a generator of steps
"""
