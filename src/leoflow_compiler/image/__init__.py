"""From a project to an image, in plain Python: lock, layers, configuration, registry."""
