"""The operator's hand: the command line, the local stack and the doctor."""
