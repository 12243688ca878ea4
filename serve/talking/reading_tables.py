"""How units, symbols and abbreviations are read aloud, a language each. Data alone; reading.py uses it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Readings:
    """``units``: as written -> (of one, of several). ``symbols`` stand between numbers or words. ``abbreviations`` as written,
    with their full stops. ``months`` by number from 1."""

    units: dict[str, tuple[str, str]]
    symbols: dict[str, str]
    abbreviations: dict[str, str]
    months: tuple[str, ...]
    day_first: bool
    point: str
    minus: str
    to: str
    number: str
    currencies: dict[str, tuple[str, str]]


def _units(table: str) -> dict[str, tuple[str, str]]:
    """Lines of ``unit = one | several``, the second left out where it is the same."""
    found = dict[str, tuple[str, str]]()
    for line in table.strip().splitlines():
        written, _, said = line.partition(" = ")
        one, _, several = said.partition(" | ")
        for unit in written.split():
            found[unit] = (one, several or one)
    return found


ENGLISH = Readings(
    units=_units("""
°C = degree | degrees
°F = degree Fahrenheit | degrees Fahrenheit
° = degree | degrees
K = kelvin
% = percent
‰ = per mille
km/h kmh kph = kilometre per hour | kilometres per hour
m/s = metre per second | metres per second
mph = mile per hour | miles per hour
km = kilometre | kilometres
m = metre | metres
cm = centimetre | centimetres
mm = millimetre | millimetres
m² m2 = square metre | square metres
m³ m3 = cubic metre | cubic metres
kg = kilogram | kilograms
g = gram | grams
mg = milligram | milligrams
lb lbs = pound | pounds
oz = ounce | ounces
ft = foot | feet
l L = litre | litres
ml mL = millilitre | millilitres
l/min L/min = litre per minute | litres per minute
µg/m³ μg/m³ = microgram per cubic metre | micrograms per cubic metre
ppm = part per million | parts per million
ppb = part per billion | parts per billion
kWh = kilowatt hour | kilowatt hours
Wh = watt hour | watt hours
MW = megawatt | megawatts
kW = kilowatt | kilowatts
W = watt | watts
VA = volt ampere | volt amperes
kV = kilovolt | kilovolts
V = volt | volts
mV = millivolt | millivolts
A = ampere | amperes
mA = milliampere | milliamperes
lx = lux
lm = lumen
hPa = hectopascal | hectopascals
kPa = kilopascal | kilopascals
Pa = pascal | pascals
mbar = millibar | millibars
psi = pound per square inch | pounds per square inch
dB = decibel | decibels
dBm = decibel milliwatt | decibel milliwatts
Hz = hertz
kHz = kilohertz
MHz = megahertz
GHz = gigahertz
kB KB = kilobyte | kilobytes
MB = megabyte | megabytes
GB = gigabyte | gigabytes
TB = terabyte | terabytes
Mbit/s Mbps = megabit per second | megabits per second
h hr hrs = hour | hours
min mins = minute | minutes
s sec secs = second | seconds
ms = millisecond | milliseconds
kcal = kilocalorie | kilocalories
"""),
    symbols={
        "&": "and",
        "+": "plus",
        "=": "equals",
        "±": "plus or minus",
        "≈": "about",
        "~": "about",
        "<": "less than",
        ">": "more than",
        "≤": "at most",
        "≥": "at least",
        "×": "times",
        "@": "at",
        "→": "to",
        "½": "one half",
        "¼": "one quarter",
        "¾": "three quarters",
    },
    abbreviations={
        "e.g.": "for example",
        "i.e.": "that is",
        "etc.": "et cetera",
        "approx.": "approximately",
        "vs.": "versus",
        "vs": "versus",
        "Dr.": "Doctor",
        "Prof.": "Professor",
        "Ave.": "Avenue",
        "Rd.": "Road",
        "temp.": "temperature",
        "w/": "with",
        "w/o": "without",
        "min.": "minimum",
        "max.": "maximum",
        "incl.": "including",
        "a.k.a.": "also known as",
    },
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    day_first=False,
    point=".",
    minus="minus",
    to="to",
    number="number",
    currencies={"€": ("euro", "euros"), "$": ("dollar", "dollars"), "£": ("pound", "pounds")},
)

GERMAN = Readings(
    units=_units("""
°C ° = Grad
°F = Grad Fahrenheit
K = Kelvin
% = Prozent
‰ = Promille
km/h kmh = Kilometer pro Stunde
m/s = Meter pro Sekunde
km = Kilometer
m = Meter
cm = Zentimeter
mm = Millimeter
m² m2 qm = Quadratmeter
m³ m3 = Kubikmeter
kg = Kilogramm
g = Gramm
mg = Milligramm
l L = Liter
ml mL = Milliliter
l/min L/min = Liter pro Minute
µg/m³ μg/m³ = Mikrogramm pro Kubikmeter
ppm = Teil pro Million | Teile pro Million
ppb = Teil pro Milliarde | Teile pro Milliarde
kWh = Kilowattstunde | Kilowattstunden
Wh = Wattstunde | Wattstunden
MW = Megawatt
kW = Kilowatt
W = Watt
kV = Kilovolt
V = Volt
mV = Millivolt
A = Ampere
mA = Milliampere
lx = Lux
lm = Lumen
hPa = Hektopascal
kPa = Kilopascal
Pa = Pascal
mbar = Millibar
dB = Dezibel
Hz = Hertz
kHz = Kilohertz
MHz = Megahertz
GHz = Gigahertz
kB KB = Kilobyte
MB = Megabyte
GB = Gigabyte
TB = Terabyte
Mbit/s = Megabit pro Sekunde
h Std. Std = Stunde | Stunden
min Min. Min = Minute | Minuten
s Sek. Sek = Sekunde | Sekunden
ms = Millisekunde | Millisekunden
kcal = Kilokalorie | Kilokalorien
"""),
    symbols={
        "&": "und",
        "+": "plus",
        "=": "gleich",
        "±": "plus minus",
        "≈": "etwa",
        "~": "etwa",
        "<": "kleiner als",
        ">": "größer als",
        "≤": "höchstens",
        "≥": "mindestens",
        "×": "mal",
        "@": "ät",
        "→": "nach",
        "½": "ein halb",
        "¼": "ein Viertel",
        "¾": "drei Viertel",
    },
    abbreviations={
        "z.B.": "zum Beispiel",
        "z. B.": "zum Beispiel",
        "d.h.": "das heißt",
        "d. h.": "das heißt",
        "ca.": "circa",
        "usw.": "und so weiter",
        "bzw.": "beziehungsweise",
        "u.a.": "unter anderem",
        "Dr.": "Doktor",
        "Prof.": "Professor",
        "Hr.": "Herr",
        "Fr.": "Frau",
        "Str.": "Straße",
        "evtl.": "eventuell",
        "ggf.": "gegebenenfalls",
        "inkl.": "inklusive",
        "max.": "maximal",
        "min.": "mindestens",
        "vgl.": "vergleiche",
        "etc.": "et cetera",
    },
    months=(
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
    day_first=True,
    point=",",
    minus="minus",
    to="bis",
    number="Nummer",
    currencies={"€": ("Euro", "Euro"), "$": ("Dollar", "Dollar"), "£": ("Pfund", "Pfund")},
)

READINGS = {"en": ENGLISH, "de": GERMAN}
