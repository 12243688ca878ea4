"""Seeded homes and what people ask of them: words, homes, sentences, conversations. Words and patterns are split by part."""
