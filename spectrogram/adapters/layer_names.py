"""The names of an adapter's tensors, in every convention, as (part, layer) of the model and a role.

diffusers, peft    unet.down_blocks.0.….to_q.lora_A.weight, text_encoder.text_model.….q_proj.lora_B.weight
kohya-ss           lora_unet_down_blocks_0_…_to_q.lora_down.weight, lora_te_text_model_….alpha
LyCORIS            lora_unet_….hada_w1_a, ….lokr_w2, ….lora_mid.weight
diffusers, old     unet.….attn1.processor.to_q_lora.down.weight
UNet alone         down_blocks.0.….lora_A.weight, base_model.model.down_blocks.0.…
"""

import re

PEFT_PREFIX = re.compile(r"^(?:unet\.|text_encoder\.)?base_model\.model\.")
FACTORS = r"hada_(?:w[12]_[ab]|t[12])|lokr_(?:w[12](?:_[ab])?|t2)"
# A state of peft's own model has the name of the adapter in it.
PAIR = (
    r"(?:lora(?:_linear_layer)?[._])?(?P<role>A|B|down|up|mid|magnitude_vector|alpha|dora_scale)"
    r"(?:\.default(?:_0)?)?(?:\.weight)?"
)
DOTTED_KEY = re.compile(rf"(?P<part>unet|text_encoder)\.(?P<layer>.+?)\.(?:(?P<factor>{FACTORS})(?:\.weight)?|{PAIR})")
PROCESSOR_KEY = re.compile(
    r"(?P<part>unet|text_encoder)\.(?P<layer>.+?)\.processor\.(?P<name>to_(?:q|k|v|out))_lora\.(?P<role>down|up)\.weight"
)
KOHYA_KEY = re.compile(rf"(?:lora|lycoris)_(?P<part>unet|te1?)_(?P<layer>[^.]+)\.(?:(?P<factor>{FACTORS})|{PAIR})")
SAME_ROLE = {"A": "down", "B": "up", "magnitude_vector": "magnitude"}
# What other kinds of adapter call their tensors; they are refused by their own name.
OTHER_KINDS = (
    (re.compile(r"\.boft_"), "BOFT"),
    (re.compile(r"\.(?:oft_.*|rescale)$"), "OFT or BOFT"),
    (re.compile(r"\.lora_E|\.ranknum"), "AdaLoRA"),
    (re.compile(r"\.(?:vera|vblora|randlora|shira|fourierft|hra|c3a|miss|bone|delora|road|waveft|gralora)_"),
     "another method of peft"),
    (re.compile(r"^bundle_emb\."), "a learned word that is bundled with it"),
    (re.compile(r"\.(?:a[12]|b[12])(?:\.weight)?$"), "GLoRA"),
    (re.compile(r"\.on_input$|ia3_l"), "IA³"),
    (re.compile(r"\.(?:w_norm|b_norm)$"), "trained norms"),
    (re.compile(r"\.(?:diff|diff_b)$"), "full differences of weights"),
    (re.compile(r"\.(?:lora_)?(?:B|up)\.bias$"), "LoRA with biases"),
    (re.compile(r"hada_|lokr_"), "LoHa or LoKr of an unknown layout"),
    (re.compile(r"lora_te2_|lora_unet_(?:input|output)_blocks_|text_encoder_2\."), "SDXL"),
    (re.compile(r"lora_transformer_|^transformer\.|double_blocks|single_blocks|lora_te3_"), "Flux or SD3"),
)  # fmt: skip


def parse_key(key: str, layers: dict) -> tuple[tuple[str, str] | None, str]:
    """((part, layer) of the model or None, role) of a tensor's name in any of the conventions above."""
    key = PEFT_PREFIX.sub(lambda found: "text_encoder." if found[0].startswith("text") else "unet.", key)
    if not key.startswith(("unet.", "text_encoder.", "lora_", "lycoris_")):
        key = f"unet.{key}"
    old = PROCESSOR_KEY.fullmatch(key)
    if old:
        name = "to_out.0" if old["name"] == "to_out" else old["name"]
        layer = (old["part"], f"{old['layer']}.{name}".removeprefix("text_model."))
        return (layer if layer in layers else None), old["role"]
    match = DOTTED_KEY.fullmatch(key)
    if match:
        layer = (match["part"], match["layer"].removeprefix("text_model."))
        return (layer if layer in layers else None), _role(match)
    match = KOHYA_KEY.fullmatch(key)
    if match is None:
        return None, ""
    part, wanted = "unet" if match["part"] == "unet" else "text_encoder", match["layer"].removeprefix("text_model_")
    found = [layer for layer in layers if layer[0] == part and layer[1].replace(".", "_") == wanted]
    return (found[0] if found else None), _role(match)


def _role(match: re.Match) -> str:
    return match["factor"] or SAME_ROLE.get(match["role"], match["role"])


def other_kind(key: str) -> str | None:
    """What kind of adapter a name belongs to that cannot be read; None when it is not known."""
    return next((kind for pattern, kind in OTHER_KINDS if pattern.search(key)), None)


def layer_shapes(model) -> dict[tuple[str, str], tuple[int, ...]]:
    """Weight shapes of all layers that can be adapted, by (part, dotted name without `text_model.`).

    model: anything with a `unet` and a `text_encoder`.
    """
    shapes = {}
    for part in ("unet", "text_encoder"):
        module = getattr(model, part, None)
        for name, tensor in module.named_parameters() if module is not None else ():
            if name.endswith(".weight") and tensor.ndim in (2, 4):
                # Once an adapter is in, peft keeps the layer's own weight under `base_layer`.
                layer = name.removesuffix(".weight").removesuffix(".base_layer").removeprefix("text_model.")
                shapes[part, layer] = tuple(tensor.shape)
    return shapes
