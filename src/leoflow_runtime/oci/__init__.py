"""What an OCI registry holds and how to talk to it: the compiler pushes, the server pulls."""
