"""What people ask to hear and see: stations, artists, titles, genres. Invented, but for genres."""

from __future__ import annotations

from flows.steps.generator.lexicons import entries

SONGS = entries("""
    blue horizon|paper boats|midnight train|dancing on the roof|river of stone|falling upward|the long way home|candle in june
    |sugar and rain|northern sky|broken compass|seven doors|glass heart|slow summer|wild geese
    |city of lanterns|hold the line again""")
ARTISTS = entries("""
    the velvet foxes|mara lind|the copper kings|juniper hall|electric harbor|dj malou|tom averill|the quiet engines|luna park five
    |orchestra of dust|sally north|the paper tigers""")
STATIONS = entries("radio north|jazz fm|city radio|classic radio|rock antenna|radio one|news talk|groove radio|the morning show")
GENRES = entries(
    "jazz|rock|classical music|lofi|techno|hip hop|country|blues|reggae|folk|metal|pop|soul|ambient|opera|punk|disco"
)
FILMS = entries(
    "the last ferry|a winter crossing|moon over the harbor|the clockmaker|two left feet|the silent orchard|deep field"
)
