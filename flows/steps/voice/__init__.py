"""The starter voice: learnt from espeak-ng, spoken by Piper's runtime."""
