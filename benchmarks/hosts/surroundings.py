"""What stands around AUTOMATIC1111's network modules: stand-ins for the web UI's settings, devices and caches.

Only the modules named in ``REAL`` come from the checkout; every other ``modules.*`` is an empty stand-in, with the few
answers that the loaders need.
"""

import importlib.abc
import importlib.machinery
import sys
import types
from pathlib import Path

REAL = (
    "modules.patches",
    "modules.models",
    "modules.models.sd3",
    "modules.models.sd3.mmdit",
    "modules.models.sd3.other_impls",
    "modules.textual_inversion",
    "modules.textual_inversion.textual_inversion",
)


class StandIn(types.ModuleType):
    """A module that has whatever is asked for, and does nothing."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        setattr(self, name, StandIn(name))
        return self.__dict__[name]

    def __call__(self, *args, **kwargs):
        return None


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("modules.") and name not in REAL:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module):
        pass


def stand_in(checkout: Path, folder: Path):
    """Prepare the imports of a checkout's network modules; returns the web UI's ``shared``, which names the model.

    The web UI makes its folder of adapters in ``folder``, so that nothing is written into the checkout.
    """
    import torch
    from safetensors.torch import load_file

    sys.meta_path.insert(0, Finder())
    sys.path.insert(0, str(checkout / "extensions-builtin" / "Lora"))
    import modules.cache
    import modules.devices
    import modules.errors
    import modules.hashes
    import modules.sd_models
    import modules.shared

    modules.devices.cpu = modules.devices.device = torch.device("cpu")
    modules.devices.dtype = torch.float32
    modules.sd_models.read_state_dict = lambda path: load_file(path)
    modules.sd_models.read_metadata_from_safetensors = _metadata
    modules.cache.cached_data_for_file = lambda subsection, title, path, read: read()
    modules.hashes.sha256_from_cache = modules.hashes.sha256 = lambda *args, **kwargs: ""
    modules.errors.display = _raise
    modules.shared.cmd_opts.lora_dir = str(folder / "Lora")
    modules.shared.walk_files = lambda *args, **kwargs: ()
    return modules.shared


def _metadata(path):
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return file.metadata() or {}


def _raise(error, task):
    raise error
