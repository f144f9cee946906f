"""The module that is trained: the UNet, and with it the text encoder where a method changes how words are read."""

import torch


def build(unet, text_encoder=None):
    """A module with the UNet's own call; text is embeddings (batch, tokens, width), or token ids (batch, tokens).

    One module for both, so that accelerate wraps once, whatever the method trains.
    """

    class Student(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unet, self.text_encoder = unet, text_encoder

        def forward(self, noisy, timesteps, encoder_hidden_states, return_dict=False):
            words = encoder_hidden_states
            if not words.is_floating_point():
                words = self.text_encoder(words)[0]
            kind = words.device.type
            if torch.is_autocast_enabled(kind):
                # Every layer would cast them for itself.
                words = words.to(torch.get_autocast_dtype(kind))
            return self.unet(noisy, timesteps, encoder_hidden_states=words, return_dict=return_dict)

    return Student()
