"""Laws that hold for whole texts and whole histories."""
