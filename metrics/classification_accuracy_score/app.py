"""The metric as an app: `python -m metrics.classification_accuracy_score.app`."""

from metrics.metric_app import build

if __name__ == "__main__":
    build("classification_accuracy_score").launch(max_file_size="20mb")
