"""The metric as an app: `python -m metrics.kernel_audio_distance.app`."""

from metrics.metric_app import build

if __name__ == "__main__":
    build("kernel_audio_distance").launch(max_file_size="20mb")
