"""What changes between two compiled DAGs, in words of the field. Pure."""
