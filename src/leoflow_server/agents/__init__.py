"""The gRPC service that agents speak to."""
