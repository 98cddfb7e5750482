"""The verbs that talk to a running server: account, order, positions, watch, world, export, doctor.

They know a server only through `simulator.client`. Each verb asks, and hands the answer to
`output.py`: as one JSON document, or as what a person reads. Who asks is in `credentials.py`, what
can go wrong in `failures.py`.
"""
