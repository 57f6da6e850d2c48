"""Our own dialogue with a PIN pad on a serial line: what it shows, and a PIN that it alone ever sees.

    till                                    pad
      |  ENQ n                               |      forget everything, we begin anew
      |<---------------------------- EOT n --|
      |  command --------------------------->|
      |<------------------------------ ACK --|      either way each frame is acknowledged by itself
      |<--------------------- digits so far --|     how many, never which
      |<----------------------------- answer --|    one to each command: the till asks one at a time
      |  ACK ------------------------------->|

The pad gives no digit away and no PIN in clear. What it hands out is the body of a VERIFY, sealed for
one card whose certificate it has checked under the issuer's key that was put into it when it was made
(protocols.purse.sealed_pin). So neither the till nor whoever listens can learn, change or reuse it.
For the bank it hands out a block of ISO 9564, under a key that it uses once (protocols.dukpt). The purpose
of an entry says for whom it is.

frames   frames and controls on the line, as bytes
link     one frame at a time each way: numbered, acknowledged, said again
words    commands and answers, as values
codec    how they are written in a frame
till     the till's end: one command at a time, each with its deadline
pad      the pad's end

Source: ours. The link is after Visa second generation (STX ... ETX LRC, ACK, NAK, EOT after three),
with numbers, because an ACK that comes late must not acknowledge the next frame.
"""
