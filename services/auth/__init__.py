"""People: who they are, how they sign in, which sessions are theirs."""
