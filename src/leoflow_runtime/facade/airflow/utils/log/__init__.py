"""Logging under its older path."""
