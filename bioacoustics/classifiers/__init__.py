"""One trainer for convolutional, recurrent and linear classifiers of recordings, and figures with intervals."""
