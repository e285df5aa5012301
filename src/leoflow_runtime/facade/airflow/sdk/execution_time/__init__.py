"""What is there while a task runs."""
