"""Who may do what: users, roles, tokens, encryption, audit."""
