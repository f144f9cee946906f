"""The metric as an app: `python -m metrics.audio_kl_divergence.app`."""

from metrics.metric_app import build

if __name__ == "__main__":
    build("audio_kl_divergence").launch(max_file_size="20mb")
