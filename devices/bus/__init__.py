"""How bytes get to a device and back: one file for each kind of address.

opening     open_link: picks the bus by the address's scheme (entry-point group devices.bus)
descriptor  an open, non-blocking descriptor on the event loop
serial      serial:///dev/ttyS0    a serial port or a pty; the one file that imports pyserial
holder      which program has a port open, for the sentence that says so
tcp         tcp://host:port        a raw TCP stream, such as a network printer's port 9100
pcsc        pcsc://reader          card readers; the one file that imports pyscard
card_slot   a PC/SC reader as a slot: state told, channels opened
purse_file  file://folder        a purse of our own in a folder, as a slot
purse_folder  its files: made, installed, opened by one program
card_talker  what a card reader's threads do
rfc2217     rfc2217://host:port    a serial port on another machine
"""

from devices.bus.opening import open_link

__all__ = ["open_link"]
