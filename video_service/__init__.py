"""Kernel and composition of the sign-language video service."""

__version__ = "0.1.0"
