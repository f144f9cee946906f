"""The metric as an app: `python -m metrics.log_spectral_distance.app`."""

from metrics.metric_app import build

if __name__ == "__main__":
    build("log_spectral_distance").launch(max_file_size="20mb")
