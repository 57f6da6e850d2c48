"""Virtual equipment: twins of every device, a wire with faults, virtual time, the tester's bench."""
