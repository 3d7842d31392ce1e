"""Many clients at once: which ones, doing it in steps, taking it back."""
