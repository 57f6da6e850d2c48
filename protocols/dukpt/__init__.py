"""DUKPT: every PIN under a key of its own, and a PIN pad that cannot open what it said before.

    bank      base key ---+--> initial key of one pad ---> loaded into it once, and kept nowhere else
                          |
    bank, per message     +--> initial key --> key of this transaction --> keys for PIN, MAC ...
    pad, per message      future keys --> key of this transaction, erased with that; KSN, block

The key serial number (KSN) goes with each block: which base key, which pad, which transaction. The pad
keeps one future key for each bit of its counter, and erases what it used: whoever opens it learns
nothing of what it has said. Keys are in no repr.

future_keys  the pad's registers, over either scheme: the next key, and what is left
aes          AES-128 (ANSI X9.24-3:2017)
tdes         triple DES, for pads of old (ANSI X9.24-1:2009)
"""
