"""The real equipment: everything that touches a port, a socket or a card reader."""
