"""Talking with the assistant aloud: a microphone and a loudspeaker, or files in their place, over WS /v1/realtime."""
