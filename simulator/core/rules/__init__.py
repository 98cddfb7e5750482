"""What happens: each module is one part of the rule book, and emits events instead of writing."""
