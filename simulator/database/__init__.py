"""The database: the journal, tables that tell the same story, identities, and queries on them.

The journal is the truth. The tables are a read model, written in the same transaction and
recreated from the journal by `rebuild`. Identities are neither; they are kept apart, so that
personal data can be deleted while the journal's chain still stands.
"""
