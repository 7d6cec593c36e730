"""The page of state machines, drawn from the code.

One module for each machine puts every state through every event; `page` prints what came out.
"""
