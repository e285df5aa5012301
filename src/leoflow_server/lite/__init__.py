"""Leoflow on a laptop: one command, one folder of projects, everything in one place."""
