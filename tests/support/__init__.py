"""What tests share: real daemons and programs, faults, and waiting for a state."""
