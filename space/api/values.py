"""What a field can hold, seen once for all functions of the page: gradio lets strangers put anything into many."""

import math

import gradio as gr

from space.api.verbs import refusal

NOT_HELD = "A field holds what it cannot hold. Reload the page, or send values as its API describes them."
LONGEST = 300


class CheckedBlocks(gr.Blocks):
    """Blocks whose functions are called with values that their fields can hold; others are refused in a sentence."""

    async def preprocess_data(self, block_fn, *given, **more):
        """As gradio does it; whatever it raises on a stranger's value is a refusal and no traceback in the log."""
        try:
            values = await super().preprocess_data(block_fn, *given, **more)
        except gr.Error as error:
            raise refusal(str(error.message)[:LONGEST]) from error
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError) as error:
            raise refusal(NOT_HELD) from error
        if not all(map(can_hold, block_fn.inputs, values)):
            raise refusal(NOT_HELD)
        return values


def can_hold(field, value) -> bool:
    """Whether a person could have put this value into the field: texts, finite numbers, ticks and choices."""
    match field:
        case gr.Radio():
            return value is not None or field.value is None  # what is chosen cannot be taken back
        case _ if value is None:
            return True
        case gr.Number() | gr.Slider():
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case gr.Textbox():
            return isinstance(value, str)
        case gr.Checkbox():
            return isinstance(value, bool)
        case gr.Dropdown() if not field.multiselect:
            return isinstance(value, str)
        case gr.Dropdown():
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return True
