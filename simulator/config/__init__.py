"""The configuration directory: TOML files read exactly, checked, and errors with file and line."""
