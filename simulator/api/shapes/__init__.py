"""What travels over the wire: one definition of each shape, for REST, websocket and OpenAPI.

Decimals are strings, times are milliseconds since 1970 UTC, a value that does not exist is null.
Shapes only ever grow: fields are added, never renamed or removed.
"""
