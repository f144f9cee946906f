"""CLAP score: mean cosine between each generated clip and its caption in one space of sound and text."""

from metrics.distances.texts import text_sound_cosine
from metrics.embedders import load
from metrics.embedders.interface import TextEmbedder
from metrics.figures import set_metric
from metrics.figures.records import TEXT_SCORE
from spectrogram.problems import UsageProblem


class ClapScore(set_metric.SetMetric):
    """-1 to 1, higher is nearer to the text. Figures of different CLAP checkpoints cannot be compared."""

    record = TEXT_SCORE
    inputs = "predictions: audio paths in order, or sound embeddings; references: one caption for each, or embeddings"

    def measure(self, predictions, references, embedder="clap", weights=None):
        """{"clap_score[clap]", or "text_audio_score[embedder]": mean cosine, "shuffled", "first", "per_clip", counts}.

        Only CLAP's figures carry CLAP's name; `embedder="sd-audio-ear-v1"` needs no download and has a name of its own.
        """
        sounds, texts = set_metric.numbers_or_none(predictions), set_metric.numbers_or_none(references)
        if sounds is not None and texts is not None:
            value = text_sound_cosine(sounds, texts)
            return {"clap_score": float(value), "n_generated": len(sounds)} | value.details
        captions = list(references)
        if len(predictions) != len(captions):
            raise UsageProblem(
                f"{len(predictions)} clips and {len(captions)} captions", "one caption for each clip", "pair them first"
            )
        chosen = load(embedder, weights)
        if not isinstance(chosen, TextEmbedder):
            raise UsageProblem(f"{chosen.name} embeds no texts", "clap or sd-audio-ear-v1", "choose one of these")
        value = text_sound_cosine(chosen.embed(predictions), chosen.embed_texts(captions), captions)
        counts = {"n_generated": len(captions), "embedder": chosen.identity}
        return {TEXT_SCORE.key(chosen.identity): float(value)} | counts | value.details
