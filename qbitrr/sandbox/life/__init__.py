"""How downloads, queues and commands develop. Plain rules over explicit time; nothing here waits or does I/O."""
