"""Launches as pods: one per launch, from the image that the version is pinned to."""
