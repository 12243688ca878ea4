"""How conversations become prompts and replies become calls, one family of models a file."""
