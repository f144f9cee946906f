"""How the codec's inner loops are compiled: by numba, kept on disk, free of Python's lock, the same bits every time."""

from numba import njit

# Of "fast" arithmetic what cannot change a result from one process to the next. With reordered sums and approximate
# roots a loop that was just compiled gave other last bits than the same loop from numba's cache: one seed, two sounds.
compiled = njit(cache=True, nogil=True, fastmath={"arcp", "contract", "nnan", "ninf", "nsz"})
