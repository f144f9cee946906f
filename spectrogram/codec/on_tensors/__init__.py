"""The codec on tensors: whole batches on the device where they are, with gradients."""
