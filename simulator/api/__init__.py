"""The door for programs: REST and websocket of API v1 over the worlds of this process.

Decimal text becomes integers here and integers become decimal text; nothing here decides a
trading rule. What is read from a world is answered only when it is durable.
"""
