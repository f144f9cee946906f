"""One trainer for convolutional, recurrent and linear classifiers of labelled recordings, and figures that can be trusted."""
