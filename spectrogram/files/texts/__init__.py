"""How the bytes of a text file become letters; JAMS documents."""
