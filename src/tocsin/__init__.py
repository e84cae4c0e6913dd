"""Tocsin: self-hosted early warning for the places an organisation looks after."""

__version__ = "0.1.0"
