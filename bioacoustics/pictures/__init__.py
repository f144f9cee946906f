"""Which spectrogram tells given classes apart best, found by trying."""
