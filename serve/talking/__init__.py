"""The spoken conversation, without Ray and without a wire format: audio and texts in, events out."""
