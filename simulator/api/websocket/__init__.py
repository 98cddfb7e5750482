"""The websocket of v1: news by channel, and orders over the same socket."""
