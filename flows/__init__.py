"""The flows that decide: one file a flow, verbs; steps/ holds the plain Python they call."""
