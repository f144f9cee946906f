"""The metric as an app: `python -m metrics.clap_score.app`."""

from metrics.metric_app import build

if __name__ == "__main__":
    build("clap_score").launch(max_file_size="20mb")
