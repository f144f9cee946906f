"""Another version of diffusers as a host: our adapters as training leaves them, and the embedded base in its pipelines.

It runs by that version's own interpreter and needs torch, transformers and peft beside it, nothing of this project.
"""

from benchmarks.hosts.kohya import Kohya

STEPS, SIZE = 2, 128
PIPELINES = ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline",
             "AutoPipelineForText2Image", "AutoPipelineForImage2Image", "AutoPipelineForInpainting",
             "StableDiffusionInpaintPipeline told of 4 channels")  # fmt: skip


class Diffusers(Kohya):
    """Stock diffusers: `load_lora_weights`, `fuse_lora`, `load_textual_inversion`."""

    def __init__(self, folder, base):
        from safetensors.torch import load_file

        self.folder, self.base, self.weights = folder, base, load_file(folder / "weights.safetensors")

    def pipeline(self):
        from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline
        from transformers import CLIPTokenizer

        unet, text = self.model()
        tokenizer = CLIPTokenizer.from_pretrained(self.folder / "base" / "tokenizer")
        absent = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
        vae = AutoencoderKL.from_pretrained(self.folder / "base" / "vae")
        parts = {"unet": unet, "text_encoder": text, "tokenizer": tokenizer, "vae": vae, "scheduler": DDIMScheduler()}
        return StableDiffusionPipeline(**parts, **absent)

    def adapter(self, path):
        pipeline, folder = self.pipeline(), self.folder / "adapters" / path.stem
        pipeline.load_lora_weights(str(folder), weight_name="pytorch_lora_weights.safetensors")
        pipeline.fuse_lora()
        pipeline.unload_lora_weights()
        return self.changed(pipeline.unet, pipeline.text_encoder)

    def word(self, path):
        import torch

        pipeline = self.pipeline()
        [file] = (self.folder / "words").glob("*.safetensors")
        pipeline.load_textual_inversion(str(file))
        ids = pipeline.tokenizer.convert_tokens_to_ids(["<tawny>", "<tawny>_1"])
        return torch.stack([pipeline.text_encoder.get_input_embeddings().weight.detach()[n] for n in ids])

    def paint(self) -> dict[str, str]:
        """{pipeline: "paints" or the reason} for the embedded base in each of diffusers' own pipelines."""
        import diffusers
        from PIL import Image

        picture, mask = Image.new("RGB", (SIZE, SIZE), (90, 90, 90)), Image.new("L", (SIZE, SIZE), 255)
        changed, held = {"image": picture, "strength": 0.6}, {"height": SIZE, "width": SIZE}
        masked = {"image": picture, "mask_image": mask, **held}
        given = [{}, changed, masked, {}, changed, masked, masked]
        found = {}
        for name, settings in zip(PIPELINES, given, strict=True):
            try:
                pipeline = getattr(diffusers, name.split()[0]).from_pretrained(self.base)
                if "told" in name:
                    pipeline.unet.register_to_config(in_channels=4)
                pipeline.set_progress_bar_config(disable=True)
                image = pipeline("rain", num_inference_steps=STEPS, **settings).images[0]
                found[name] = "paints" if image.size == (SIZE, SIZE) else f"paints {image.size}"
            except Exception as error:  # whatever it raises is the result
                found[name] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        return found
