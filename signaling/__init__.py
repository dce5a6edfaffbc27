"""Signalling: protocol, presence, queue and matching, call life cycle."""
