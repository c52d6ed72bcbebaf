"""How an insurer's policy book comes in: this half reads files, `apply` writes to the database."""
