"""What operators, decorators and hooks are built on."""
